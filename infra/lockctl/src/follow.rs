//! Events as they are written: those of some histories that were not there at the last look.
//!
//! Must not know: how events are shown, or when to look.

use std::collections::BTreeMap;

use anyhow::Result;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use laptop::READS_AT_ONCE;
use lock_aws::Cloud;
use lock_aws::store::last_time;
use lock_core::event::{Event, Subject};
use lock_core::time::UnixMillis;

/// How far back each look reads. An event that is written later than this after its message came,
/// after many failed attempts, is not seen.
const WINDOW_MS: u64 = 10 * 60_000;

/// What makes an event the same at two looks.
type Identity = (String, UnixMillis, String);
/// What changes when ignored presses share it.
type Version = (Option<u32>, Option<UnixMillis>);

/// The events seen so far.
#[derive(Debug, Default)]
pub struct Follow {
    seen: BTreeMap<Identity, (Version, UnixMillis)>,
}

impl Follow {
    /// Counts the events that are there as seen.
    ///
    /// # Errors
    ///
    /// A history cannot be read.
    pub async fn start(cloud: &Cloud, subjects: &[Subject]) -> Result<Self> {
        let mut follow = Self::default();
        follow.look(cloud, subjects).await?;
        Ok(follow)
    }

    /// The events since the last look, oldest first.
    ///
    /// # Errors
    ///
    /// A history cannot be read. The next look finds what this one missed.
    pub async fn look(&mut self, cloud: &Cloud, subjects: &[Subject]) -> Result<Vec<Event>> {
        let since = cloud.clock.now().minus(WINDOW_MS);
        let read = stream::iter(subjects)
            .map(|subject| cloud.store.read_history_since(subject, since))
            .buffered(READS_AT_ONCE);
        Ok(self.take_new(read.try_concat().await?, since))
    }

    /// The events that are new or count more presses than before. What is older than `since` is
    /// forgotten.
    fn take_new(&mut self, events: Vec<Event>, since: UnixMillis) -> Vec<Event> {
        let mut new = Vec::new();
        for event in events {
            let identity = (format!("{:?}", event.subject), event.at, event.key.clone());
            let version = (event.count, event.last_at);
            let known = self.seen.insert(identity, (version, last_time(&event)));
            if known.is_none_or(|(known, _)| known != version) {
                new.push(event);
            }
        }
        self.seen.retain(|_, (_, at)| *at >= since);
        new.sort_by_key(last_time);
        new
    }
}

#[cfg(test)]
mod tests {
    use lock_core::event::Kind;
    use lock_core::limits::Limits;
    use lock_core::name::LockName;

    use super::*;

    fn event(at: u64, key: &str, count: Option<u32>) -> Event {
        let lock = Subject::Lock(LockName::new("lock-1").expect("a name"));
        let limits = Limits::default();
        Event {
            count,
            ..Event::new(lock, Kind::Press, UnixMillis(at), key.to_owned(), &limits)
        }
    }

    #[test]
    fn an_event_is_shown_once_unless_more_presses_share_it() {
        let mut follow = Follow::default();
        let mut keys = |events: &[Event], since| {
            let new = follow.take_new(events.to_vec(), UnixMillis(since));
            let keys: Vec<String> = new.into_iter().map(|event| event.key).collect();
            keys
        };
        let (a, b) = (event(1, "a", None), event(2, "b", Some(1)));
        assert_eq!(keys(&[b.clone(), a.clone()], 0), ["a", "b"]);
        assert!(keys(&[b, a.clone()], 0).is_empty());
        let more = event(2, "b", Some(2));
        assert_eq!(keys(&[more.clone(), a], 0), ["b"]);
        // Beyond the window nothing is kept, and the reads no longer return it.
        assert!(keys(&[more], 2).is_empty());
        assert_eq!(follow.seen.len(), 1);
    }
}
