//! Which doors a bridge has, decided from the last run and the command line.
//!
//! Must not know: AWS, MQTT. It reads and writes nothing but the record in the bridge's folder.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail};
use lock_core::name::LockName;
use serde::{Deserialize, Serialize};

use super::topic;
use crate::cli::HomeAssistantArgs;
use crate::register::folder::Folder;

/// Most doors of a bridge. AWS IoT gives a connection 50 subscriptions, and a door needs two.
pub const DOORS_MAX: usize = 25;
/// Longest topic, in bytes: a bridge asks for the states of all its doors in one. Source: quotas of
/// AWS IoT Core.
const TOPIC_BYTES_MAX: usize = 256;
/// The record's file.
const FILE: &str = "bridge.json";

/// A door of a bridge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Door {
    /// The lock's thing name.
    pub lock: LockName,
    /// Whether the bridge may lock it and never unlock it.
    pub lock_only: bool,
}

/// What a run leaves for the next one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Home Assistant's discovery prefix.
    pub prefix: String,
    /// The doors, in the order in which they were named.
    pub doors: Vec<Door>,
    /// Topics on the house's broker whose retained message is still to be removed.
    pub removed: BTreeSet<String>,
}

impl Record {
    /// The record in a bridge's folder; an empty one if there is none.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn read(folder: &Folder) -> Result<Self> {
        let Some(text) = folder.read(FILE)? else {
            return Ok(Self::default());
        };
        serde_json::from_str(&text).map_err(|error| {
            let path = folder.path().join(FILE);
            let path = path.display();
            anyhow!(
                "{path} is not what this command has written: {error}; move it away, and name all \
                 doors again"
            )
        })
    }

    /// Writes it into the bridge's folder.
    ///
    /// # Errors
    ///
    /// It cannot be written.
    pub fn write(&self, folder: &Folder) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        folder.write_text(FILE, &format!("{text}\n"))
    }

    /// The door of a lock.
    pub fn door(&self, lock: &LockName) -> Option<&Door> {
        self.doors.iter().find(|door| door.lock == *lock)
    }

    /// The topics on the house's broker that keep a message for these doors.
    fn topics(&self) -> BTreeSet<String> {
        let of = |door: &Door| topic::discovery(&self.prefix, &door.lock);
        self.doors.iter().map(of).collect()
    }
}

/// The record that the command line asks for. A door stays lock-only until `--may-unlock` ends
/// that, also if it is named again without `--lock-only`.
///
/// # Errors
///
/// No door is named, an option names something that is not a door of the bridge, or there are too
/// many.
pub fn choose(earlier: &Record, args: &HomeAssistantArgs) -> Result<Record> {
    let bridge = &args.bridge;
    if args.locks.is_empty() && earlier.doors.is_empty() && earlier.removed.is_empty() {
        bail!(
            "{bridge} has no doors yet: `lockctl home-assistant LOCK…` names those that Home \
             Assistant shows; `lockctl status` shows all locks"
        );
    }
    let mut locks: Vec<LockName> = Vec::new();
    let before = earlier.doors.iter().map(|door| &door.lock);
    let named: Vec<&LockName> = if args.locks.is_empty() {
        before.filter(|lock| !args.removed.contains(lock)).collect()
    } else {
        args.locks.iter().collect()
    };
    for lock in named {
        if !locks.contains(lock) {
            locks.push(lock.clone());
        }
    }
    let strange = args
        .removed
        .iter()
        .find(|lock| earlier.door(lock).is_none());
    let mut asked = args.lock_only.iter().chain(&args.may_unlock);
    let strange = strange.or_else(|| asked.find(|lock| !locks.contains(lock)));
    if let Some(lock) = strange {
        bail!(
            "{lock} is not a door of {bridge}, which has {}; name all its doors: `lockctl \
             home-assistant LOCK…`",
            listed(&locks)
        );
    }
    if let Some(lock) = args
        .lock_only
        .iter()
        .find(|lock| args.may_unlock.contains(lock))
    {
        bail!("{lock} cannot have both --lock-only and --may-unlock: choose one");
    }
    if locks.len() > DOORS_MAX {
        bail!(
            "{bridge} cannot have {} doors: AWS IoT gives one connection enough subscriptions for \
             {DOORS_MAX}; give the others a bridge of their own with --bridge",
            locks.len()
        );
    }
    let was_lock_only = |lock: &LockName| earlier.door(lock).is_some_and(|door| door.lock_only);
    let doors = locks.into_iter().map(|lock| Door {
        lock_only: !args.may_unlock.contains(&lock)
            && (args.lock_only.contains(&lock) || was_lock_only(&lock)),
        lock,
    });
    let mut record = Record {
        prefix: args.prefix.clone(),
        doors: doors.collect(),
        removed: BTreeSet::new(),
    };
    let asks = topic::cloud_ask(&record.doors).len();
    if asks > TOPIC_BYTES_MAX {
        bail!(
            "{bridge} cannot have these {} doors: it asks for their states in one topic, which \
             would have {asks} bytes, and AWS IoT takes {TOPIC_BYTES_MAX}; give some doors a \
             bridge of their own with --bridge",
            record.doors.len()
        );
    }
    let kept = record.topics();
    let old = earlier
        .topics()
        .into_iter()
        .chain(earlier.removed.iter().cloned());
    record.removed = old.filter(|topic| !kept.contains(topic)).collect();
    Ok(record)
}

fn listed(locks: &[LockName]) -> String {
    if locks.is_empty() {
        return "none".to_owned();
    }
    let names: Vec<&str> = locks.iter().map(LockName::as_str).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: HomeAssistantArgs,
    }

    fn after(earlier: &Record, line: &str) -> Result<Record> {
        let words = std::iter::once("lockctl").chain(line.split_whitespace());
        choose(earlier, &Line::parse_from(words).args)
    }

    fn doors(record: &Record) -> Vec<(&str, bool)> {
        let all = record.doors.iter();
        all.map(|door| (door.lock.as_str(), door.lock_only))
            .collect()
    }

    #[test]
    fn a_door_that_is_not_named_again_leaves() {
        let none = Record::default();
        let first = after(&none, "lock-1 lock-2 lock-1").expect("doors");
        assert_eq!(doors(&first), [("lock-1", false), ("lock-2", false)]);
        assert!(first.removed.is_empty());
        assert_eq!(after(&first, "").expect("the same"), first);

        for line in ["lock-2", "--remove lock-1"] {
            let second = after(&first, line).expect("doors");
            assert_eq!(doors(&second), [("lock-2", false)], "{line}");
            let removed: Vec<&str> = second.removed.iter().map(String::as_str).collect();
            let wanted = ["homeassistant/device/remote-lock-lock-1/config"];
            assert_eq!(removed, wanted, "{line}");
            // It is still to be removed at the next run, until it is named again.
            let third = after(&second, "").expect("doors");
            assert_eq!(third.removed, second.removed);
            assert!(
                after(&third, "lock-1 lock-2")
                    .expect("doors")
                    .removed
                    .is_empty()
            );
        }
        let other = after(&first, "--prefix ha").expect("doors");
        assert_eq!(other.removed.len(), 2, "{other:?}");
        let empty = after(&first, "--remove lock-1 --remove lock-2").expect("no doors");
        assert_eq!((empty.doors.len(), empty.removed.len()), (0, 2));
    }

    #[test]
    fn a_door_stays_lock_only_until_that_is_ended() {
        let first = after(&Record::default(), "lock-1 lock-2 --lock-only lock-2").expect("doors");
        assert_eq!(doors(&first), [("lock-1", false), ("lock-2", true)]);
        let again = after(&first, "lock-2").expect("doors");
        assert_eq!(doors(&again), [("lock-2", true)]);
        let ended = after(&again, "--may-unlock lock-2").expect("doors");
        assert_eq!(doors(&ended), [("lock-2", false)]);
    }

    #[test]
    fn what_cannot_be_is_refused_and_said() {
        let first = after(&Record::default(), "lock-1").expect("doors");
        let many: Vec<String> = (0..=DOORS_MAX).map(|n| format!("d{n}")).collect();
        let long = format!("{} {}", "a".repeat(120), "b".repeat(120));
        for (earlier, line, said) in [
            (&Record::default(), "", "has no doors yet"),
            (
                &first,
                "--remove lock-2",
                "lock-2 is not a door of home-assistant",
            ),
            (&first, "--lock-only lock-2", "which has lock-1"),
            (
                &first,
                "--lock-only lock-1 --may-unlock lock-1",
                "cannot have both",
            ),
            (&first, many.join(" ").as_str(), "cannot have 26 doors"),
            (&first, long.as_str(), "cannot have these 2 doors"),
        ] {
            let error = after(earlier, line).expect_err("refused").to_string();
            assert!(error.contains(said), "{line}: {error}");
        }
    }
}
