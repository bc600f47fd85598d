//! The configurations: small worlds that together hold every fault. It must not know how they are looked at.

use lock_core::action::{ClickType, Intent};

use crate::config::Fault::{
    Crash, Cut, DeleteShadow, Disconnect, Erase, LoseClock, LoseCommand, LoseEvent, LoseReport,
    Reboot, Redeliver, RepeatCommand, RepeatEvent, Restore,
};
use crate::config::{Beginning, Config, counted, uncounted};
use crate::device::Settings;

const SINGLE: ClickType = ClickType::Single;
const DOUBLE: ClickType = ClickType::Double;
const LONG: ClickType = ClickType::Long;

/// Every configuration; with more of everything where `deep`.
pub fn all(deep: bool) -> Vec<Config> {
    let more = |quick: u8, deeply: u8| if deep { deeply } else { quick };
    let mut all = vec![
        Config {
            presses: vec![counted(LONG)],
            retries: 2,
            faults: vec![(Crash, 1)],
            instants: vec![2_000],
            interleave: true,
            sure: true,
            ..Config::new("crash and retry")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![
                (RepeatCommand, more(1, 2)),
                (LoseCommand, 1),
                (Redeliver, 1),
            ],
            instants: vec![2_000, 31_000],
            ..Config::new("one press, repeated")
        },
        Config {
            presses: vec![uncounted(SINGLE)],
            faults: vec![(Redeliver, more(1, 2)), (Crash, 1)],
            retries: 1,
            instants: vec![1_000],
            cache: true,
            interleave: true,
            ..Config::new("button without a count")
        },
        Config {
            presses: vec![counted(LONG), counted(DOUBLE)],
            faults: vec![(RepeatCommand, 1), (Crash, 1)],
            retries: 1,
            cache: true,
            interleave: true,
            ..Config::new("two presses at once")
        },
        Config {
            presses: vec![counted(SINGLE), counted(SINGLE)],
            faults: vec![(LoseCommand, 1), (LoseEvent, 1)],
            instants: vec![2_000, 41_000],
            ..Config::new("two presses, lost messages")
        },
        Config {
            presses: vec![counted(LONG)],
            revoke: true,
            faults: vec![(Crash, 1), (RepeatCommand, 1)],
            retries: 1,
            cache: true,
            interleave: true,
            ..Config::new("press and revocation")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Crash, 1), (RepeatCommand, 1), (Disconnect, 1)],
            retries: 1,
            instants: vec![31_000, 41_000],
            ..Config::new("late retry")
        },
        Config {
            presses: vec![counted(SINGLE), counted(DOUBLE)],
            faults: vec![(Restore, 1), (LoseEvent, 1), (Crash, 1)],
            retries: 1,
            ..Config::new("table restored")
        },
        Config {
            presses: vec![counted(LONG), counted(SINGLE)],
            faults: vec![(Restore, 1), (Reboot, 1)],
            ..Config::new("table restored, lock not heard")
        },
        Config {
            presses: vec![counted(LONG), counted(SINGLE)],
            faults: vec![(Reboot, 1), (RepeatCommand, 1), (LoseEvent, 1)],
            ..Config::new("reboot")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Erase, 1), (RepeatCommand, 1)],
            instants: vec![31_000],
            ..Config::new("journal lost")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Cut, 1), (RepeatCommand, 1)],
            instants: vec![2_000],
            ..Config::new("power cut within a command")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(LoseEvent, 1), (LoseReport, 1)],
            instants: vec![5_000],
            settings: Settings {
                relock_ms: 5_000,
                ..Settings::default()
            },
            ..Config::new("auto-relock")
        },
        Config {
            presses: vec![counted(LONG)],
            beginning: Beginning::ClockUnset,
            instants: vec![2_000, 20_000, 31_000],
            ..Config::new("refusing clock")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(LoseClock, 1), (RepeatCommand, 1)],
            skews: vec![-2_000, 2_000],
            instants: vec![29_000, 31_000],
            ..Config::new("clock skewed")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Disconnect, 1), (RepeatEvent, more(0, 1))],
            instants: vec![2_000, 41_000],
            ..Config::new("disconnect")
        },
        Config {
            beginning: Beginning::New,
            presses: vec![counted(SINGLE)],
            faults: vec![(LoseCommand, 1), (RepeatEvent, 1)],
            instants: vec![2_000],
            interleave: true,
            ..Config::new("new lock")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(DeleteShadow, 1), (Reboot, more(0, 1))],
            instants: vec![2_000],
            ..Config::new("shadow deleted")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(DeleteShadow, 1), (Reboot, 1), (RepeatCommand, 1)],
            interleave: true,
            ..Config::new("shadow deleted, reports at once")
        },
        Config {
            presses: vec![counted(SINGLE)],
            requests: vec![Intent::Toggle],
            faults: vec![(LoseCommand, more(0, 1))],
            interleave: true,
            ..Config::new("operator and button at once")
        },
    ];
    if deep {
        all.extend(larger());
    }
    all
}

/// Larger worlds, with several kinds of fault in each.
fn larger() -> Vec<Config> {
    vec![
        Config {
            presses: vec![counted(LONG), counted(SINGLE)],
            faults: vec![(Crash, 1), (Reboot, 1)],
            instants: vec![41_000],
            ..Config::new("two presses, crash, reboot")
        },
        Config {
            presses: vec![counted(LONG), counted(SINGLE)],
            revoke: true,
            faults: vec![(Crash, 1), (RepeatCommand, 1)],
            retries: 1,
            interleave: true,
            cache: true,
            ..Config::new("two presses and revocation")
        },
        Config {
            presses: vec![counted(LONG)],
            requests: vec![Intent::Toggle],
            faults: vec![(Restore, 1), (Crash, 1), (LoseCommand, 1)],
            retries: 1,
            ..Config::new("restored, with an operator")
        },
        Config {
            presses: vec![uncounted(SINGLE), counted(SINGLE)],
            faults: vec![(Redeliver, 1)],
            instants: vec![1_000],
            cache: true,
            interleave: true,
            ..Config::new("presses with and without a count")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![
                (DeleteShadow, 1),
                (Reboot, 1),
                (LoseEvent, 1),
                (RepeatEvent, 1),
            ],
            instants: vec![2_000],
            ..Config::new("shadow deleted, and reboot")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Erase, 1), (Crash, 1), (LoseEvent, 1)],
            retries: 1,
            instants: vec![41_000],
            ..Config::new("journal lost, and more")
        },
    ]
}

/// Gaps that are known. A journal lost within an unlock's life, with late copies of both the lock before it and the
/// unlock itself: the lock makes the journal trusted again, and the unlock opens once more.
pub fn gaps() -> Vec<Config> {
    vec![Config {
        presses: vec![counted(DOUBLE), counted(LONG)],
        faults: vec![(Erase, 1), (RepeatCommand, 1)],
        ..Config::new("journal lost, late copies")
    }]
}

/// The configuration of this name.
pub fn named(name: &str) -> Config {
    let found = all(false).into_iter().find(|config| config.name == name);
    found.unwrap_or_else(|| panic!("no configuration is named {name:?}"))
}
