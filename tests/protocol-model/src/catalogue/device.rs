//! What happens to a lock: power, journal, clock, bolt, and its connection.

use super::{DOUBLE, LONG, SINGLE, more};
use crate::configuration::Fault::{
    Cut, Damage, Disconnect, Erase, Exit, Forge, Hold, Jam, LoseCommand, LoseEvent, LoseReport,
    Reboot, RepeatCommand, RepeatEvent, Rival, Swing,
};
use crate::configuration::{Beginning, Configuration, Priority, counted_press};
use crate::device::{LockSettings, RelockFrom};

const HOUR_MS: u64 = 60 * 60 * 1000;
/// When a door that is opened at the beginning or soon after counts as left open.
const LEFT_OPEN_MS: u64 = (lock_core::limits::LEFT_OPEN_MINUTES + 1) * 60_000;

pub(super) fn all(deep: bool) -> Vec<Configuration> {
    let mut all = power(deep);
    all.extend(clock());
    all.extend(network(deep));
    all.extend(door(deep));
    all.extend(bolt_and_forgery(deep));
    all
}

fn power(deep: bool) -> Vec<Configuration> {
    vec![
        Configuration {
            presses: vec![counted_press(LONG), counted_press(SINGLE)],
            faults: vec![(Reboot, 1), (RepeatCommand, 1), (LoseEvent, 1)],
            ..Configuration::new("reboot")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Erase, 1), (RepeatCommand, 1)],
            instants: vec![31_000],
            priority: Priority::Functions,
            ..Configuration::new("journal lost")
        },
        Configuration {
            presses: vec![counted_press(DOUBLE), counted_press(LONG)],
            faults: vec![(Erase, 1), (RepeatCommand, 1)],
            priority: Priority::Functions,
            ..Configuration::new("journal lost, late copies")
        },
        Configuration {
            presses: vec![counted_press(DOUBLE), counted_press(LONG)],
            faults: vec![(Erase, 1), (Reboot, 1), (RepeatCommand, 1)],
            priority: Priority::Functions,
            ..Configuration::new("journal lost, then a reboot")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Cut, 1), (RepeatCommand, 1)],
            instants: vec![2_000],
            ..Configuration::new("power cut during a command")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(LoseEvent, 1), (LoseReport, 1)],
            instants: vec![5_000],
            settings: LockSettings {
                relock_ms: 5_000,
                ..LockSettings::default()
            },
            ..Configuration::new("auto-relock")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Disconnect, 1), (RepeatEvent, more(deep, 0, 1))],
            instants: vec![2_000, 41_000],
            ..Configuration::new("disconnect")
        },
    ]
}

fn clock() -> Vec<Configuration> {
    vec![
        Configuration {
            presses: vec![counted_press(LONG)],
            beginning: Beginning::TimeUnknown,
            instants: vec![2_000, 20_000, 31_000],
            ..Configuration::new("time unknown")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            beginning: Beginning::TimeUnknown,
            sure: true,
            ..Configuration::new("press before the time is known")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            beginning: Beginning::TimeUnknown,
            faults: vec![(Hold, 1)],
            sure: true,
            ..Configuration::new("answer delayed")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            beginning: Beginning::TimeUnknown,
            faults: vec![(Hold, 1)],
            instants: vec![9_000, 31_000, 38_000],
            priority: Priority::Functions,
            ..Configuration::new("time delayed")
        },
        Configuration {
            presses: vec![counted_press(LONG).not_before(11 * HOUR_MS)],
            instants: vec![11 * HOUR_MS, 11 * HOUR_MS + 29_000, 11 * HOUR_MS + 32_000],
            drift_ppm: -100,
            ..Configuration::new("clock drifts")
        },
    ]
}

/// An attacker who controls the network and can hold any message for any time.
fn network(deep: bool) -> Vec<Configuration> {
    vec![
        Configuration {
            presses: vec![counted_press(LONG)],
            beginning: Beginning::TimeUnknown,
            faults: vec![(Hold, more(deep, 2, 3)), (RepeatCommand, more(deep, 0, 1))],
            instants: vec![9_000, 29_000, 31_000, 42_000],
            priority: Priority::Functions,
            ..Configuration::new("attacker on the wire")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Hold, 2), (Disconnect, 1), (LoseCommand, 1)],
            instants: vec![2_000, 31_000, 13 * HOUR_MS],
            priority: Priority::Functions,
            ..Configuration::new("attacker on the wire, later")
        },
    ]
}

fn door(deep: bool) -> Vec<Configuration> {
    let settings = LockSettings {
        relock_ms: 5_000,
        settle_ms: 1_000,
        relock_from: RelockFrom::Closing,
        ..LockSettings::default()
    };
    vec![
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Exit, 1), (Swing, 2), (RepeatCommand, more(deep, 0, 1))],
            instants: vec![2_000, 5_500, 8_000],
            settings,
            door: true,
            priority: Priority::Functions,
            sure: true,
            ..Configuration::new("exit button")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Swing, 1), (LoseCommand, 1), (Disconnect, 1)],
            instants: vec![2_000, LEFT_OPEN_MS],
            door: true,
            priority: Priority::Functions,
            ..Configuration::new("door left open")
        },
        Configuration {
            presses: vec![counted_press(DOUBLE)],
            beginning: Beginning::New,
            faults: vec![(Exit, 2), (Disconnect, 1), (Reboot, more(deep, 0, 1))],
            instants: vec![5_000],
            settings,
            priority: Priority::Functions,
            ..Configuration::new("exit button, lock offline")
        },
    ]
}

fn bolt_and_forgery(deep: bool) -> Vec<Configuration> {
    vec![
        Configuration {
            faults: vec![(Jam, 1)],
            instants: vec![1_000],
            ..Configuration::new("jammed")
        },
        Configuration {
            faults: vec![(Jam, 5)],
            instants: vec![1_000, 3_000, 7_000, 15_000],
            priority: Priority::Automatic,
            ..Configuration::new("jammed repeatedly")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Damage, 1)],
            instants: vec![31_000],
            ..Configuration::new("command damaged")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Forge, 1)],
            instants: vec![2_000],
            ..Configuration::new("implausible command")
        },
        Configuration {
            presses: vec![counted_press(LONG), counted_press(DOUBLE)],
            faults: vec![
                (Rival, 1),
                (LoseEvent, 1),
                (Reboot, more(deep, 0, 1)),
                (RepeatCommand, more(deep, 0, 1)),
            ],
            instants: vec![2_000],
            priority: Priority::Functions,
            ..Configuration::new("newer lock command not journalled")
        },
    ]
}
