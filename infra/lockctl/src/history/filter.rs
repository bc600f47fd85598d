//! Which events of a history are wanted.

use lock_aws::store::last_time;
use lock_core::event::{Event, Subject};
use lock_core::label::Names;
use lock_core::name::LockName;
use lock_core::time::UnixMillis;

use crate::cli::HistoryArgs;

/// The wishes of a person about events. Each one that is given must hold.
#[derive(Debug)]
pub struct Filter<'a> {
    /// Not before this time.
    pub since: Option<UnixMillis>,
    /// Before this time.
    pub until: Option<UnixMillis>,
    locks: &'a [LockName],
    who: Option<&'a str>,
    reason: Option<&'a str>,
}

impl<'a> Filter<'a> {
    /// The filter of a command line; an age counts back from `now`.
    pub fn new(args: &'a HistoryArgs, now: UnixMillis) -> Self {
        Self {
            since: args.since.map(|since| UnixMillis(since.at(now.0))),
            until: args.until.map(|until| UnixMillis(until.at(now.0))),
            locks: &args.locks,
            who: args.who.as_deref(),
            reason: args.reason.as_deref(),
        }
    }

    /// Whether it accepts every event.
    pub fn is_empty(&self) -> bool {
        self.since.is_none()
            && self.until.is_none()
            && self.locks.is_empty()
            && self.who.is_none()
            && self.reason.is_none()
    }

    /// Whether it accepts this event.
    pub fn accepts(&self, event: &Event, names: &Names) -> bool {
        let at = last_time(event);
        self.since.is_none_or(|since| at >= since)
            && self.until.is_none_or(|until| event.at < until)
            && (self.locks.is_empty() || is_of(event, self.locks))
            && self.who.is_none_or(|who| is_by(event, names, who))
            && self.reason.is_none_or(|reason| has_reason(event, reason))
    }
}

fn is_of(event: &Event, locks: &[LockName]) -> bool {
    matches!(&event.subject, Subject::Lock(lock) if locks.contains(lock))
}

/// Whether the event is of this button, by its serial or label, or of this person.
fn is_by(event: &Event, names: &Names, who: &str) -> bool {
    let button = event.button.as_ref();
    let label = button.and_then(|button| names.of_button(button).label.as_ref());
    button.is_some_and(|button| button.as_str() == who)
        || label.is_some_and(|label| label.as_str() == who)
        || event.actor.as_deref() == Some(who)
        || event.principal.as_deref() == Some(who)
}

/// Whether the event has this reason, as a code (`quiet-window`) or in words.
fn has_reason(event: &Event, reason: &str) -> bool {
    event.reason.code() == reason || event.reason.text() == reason
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use lock_core::event::Kind;
    use lock_core::limits::Limits;
    use lock_core::name::ButtonSerial;
    use lock_core::reason::{Reason, Verdict};

    use super::*;
    use crate::cli::{Cli, Command, Operation};

    const NOW: UnixMillis = UnixMillis(1_763_779_512_345);

    /// A press of button-1 for lock-1 ten minutes ago, asked by nobody.
    fn press() -> Event {
        let lock = Subject::Lock(LockName::new("lock-1").expect("a name"));
        let at = NOW.minus(600_000);
        let event = Event::new(lock, Kind::Press, at, "p".to_owned(), &Limits::default());
        Event {
            button: Some(ButtonSerial::new("button-1").expect("a name")),
            actor: Some("alice".to_owned()),
            ..event.with_decision(Verdict::Ignored, Reason::QUIET_WINDOW)
        }
    }

    #[test]
    fn an_event_must_satisfy_every_wish() {
        for (options, wanted) in [
            (&[][..], true),
            (&["--since", "11m"], true),
            (&["--since", "9m"], false),
            (&["--until", "9m"], true),
            (&["--until", "11m"], false),
            (&["--lock", "lock-1"], true),
            (&["--lock", "lock-2", "--lock", "lock-1"], true),
            (&["--lock", "lock-2"], false),
            (&["--who", "button-1"], true),
            (&["--who", "alice"], true),
            (&["--who", "bob"], false),
            (&["--reason", "quiet-window"], true),
            (&["--reason", "quiet window"], true),
            (&["--reason", "stale"], false),
            (&["--who", "alice", "--reason", "stale"], false),
        ] {
            let line = [&["lockctl", "history"], options].concat();
            let (Command::Operate(Operation::History(args)), _) =
                Cli::parse_from(line).into_parts()
            else {
                panic!("not a history");
            };
            let filter = Filter::new(&args, NOW);
            assert_eq!(filter.is_empty(), options.is_empty());
            let accepted = filter.accepts(&press(), &Names::default());
            assert_eq!(accepted, wanted, "{options:?}");
        }
    }

    #[test]
    fn a_shared_event_counts_until_its_last_press() {
        let shared = Event {
            count: Some(2),
            last_at: Some(NOW.minus(1_000)),
            ..press()
        };
        let filter = Filter {
            since: Some(NOW.minus(2_000)),
            until: None,
            locks: &[],
            who: None,
            reason: None,
        };
        assert!(filter.accepts(&shared, &Names::default()));
    }
}
