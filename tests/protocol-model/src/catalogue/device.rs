//! What happens to a lock: power, journal, clock, bolt, and the wire to it.

use super::{DOUBLE, LONG, SINGLE, more};
use crate::configuration::Fault::{
    Cut, Damage, Disconnect, Erase, Exit, Forge, Hold, Jam, LoseCommand, LoseEvent, LoseReport,
    Reboot, RepeatCommand, RepeatEvent, Swing,
};
use crate::configuration::{Beginning, Config, Order, Pressing, counted};
use crate::device::{RelockFrom, Settings};

const HOUR_MS: u64 = 60 * 60 * 1000;

pub(super) fn all(deep: bool) -> Vec<Config> {
    let mut all = power(deep);
    all.extend(time());
    all.extend(wire(deep));
    all.extend(door(deep));
    all.extend(others());
    all
}

fn power(deep: bool) -> Vec<Config> {
    vec![
        Config {
            presses: vec![counted(LONG), counted(SINGLE)],
            faults: vec![(Reboot, 1), (RepeatCommand, 1), (LoseEvent, 1)],
            ..Config::new("reboot")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Erase, 1), (RepeatCommand, 1)],
            instants: vec![31_000],
            order: Order::FunctionsFirst,
            ..Config::new("journal lost")
        },
        Config {
            presses: vec![counted(DOUBLE), counted(LONG)],
            faults: vec![(Erase, 1), (RepeatCommand, 1)],
            order: Order::FunctionsFirst,
            ..Config::new("journal lost, late copies")
        },
        Config {
            presses: vec![counted(DOUBLE), counted(LONG)],
            faults: vec![(Erase, 1), (Reboot, 1), (RepeatCommand, 1)],
            order: Order::FunctionsFirst,
            ..Config::new("journal lost, then a reboot")
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
            faults: vec![(Disconnect, 1), (RepeatEvent, more(deep, 0, 1))],
            instants: vec![2_000, 41_000],
            ..Config::new("disconnect")
        },
    ]
}

fn time() -> Vec<Config> {
    vec![
        Config {
            presses: vec![counted(LONG)],
            beginning: Beginning::TimeUnknown,
            instants: vec![2_000, 20_000, 31_000],
            ..Config::new("refusing clock")
        },
        Config {
            presses: vec![counted(LONG)],
            beginning: Beginning::TimeUnknown,
            sure: true,
            ..Config::new("press before the time is known")
        },
        Config {
            presses: vec![counted(LONG)],
            beginning: Beginning::TimeUnknown,
            faults: vec![(Hold, 1)],
            sure: true,
            ..Config::new("answer held up")
        },
        Config {
            presses: vec![counted(LONG)],
            beginning: Beginning::TimeUnknown,
            faults: vec![(Hold, 1)],
            instants: vec![9_000, 31_000, 38_000],
            order: Order::FunctionsFirst,
            ..Config::new("time held up")
        },
        Config {
            presses: vec![Pressing {
                not_before_ms: 11 * HOUR_MS,
                ..counted(LONG)
            }],
            instants: vec![11 * HOUR_MS, 11 * HOUR_MS + 29_000, 11 * HOUR_MS + 32_000],
            drift_ppm: -100,
            ..Config::new("clock drifts")
        },
    ]
}

/// Whoever holds the network: any bytes, either way, for any time.
fn wire(deep: bool) -> Vec<Config> {
    vec![
        Config {
            presses: vec![counted(LONG)],
            beginning: Beginning::TimeUnknown,
            faults: vec![(Hold, more(deep, 2, 3)), (RepeatCommand, more(deep, 0, 1))],
            instants: vec![9_000, 29_000, 31_000, 42_000],
            order: Order::FunctionsFirst,
            ..Config::new("attacker on the wire")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Hold, 2), (Disconnect, 1), (LoseCommand, 1)],
            instants: vec![2_000, 31_000, 13 * HOUR_MS],
            order: Order::FunctionsFirst,
            ..Config::new("attacker on the wire, later")
        },
    ]
}

fn door(deep: bool) -> Vec<Config> {
    let settings = Settings {
        relock_ms: 5_000,
        settle_ms: 1_000,
        relock_from: RelockFrom::Closing,
        ..Settings::default()
    };
    vec![
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Exit, 1), (Swing, 2), (RepeatCommand, more(deep, 0, 1))],
            instants: vec![2_000, 5_500, 8_000],
            settings,
            door: true,
            order: Order::FunctionsFirst,
            sure: true,
            ..Config::new("hand at the exit")
        },
        Config {
            presses: vec![counted(DOUBLE)],
            beginning: Beginning::New,
            faults: vec![(Exit, 2), (Disconnect, 1), (Reboot, more(deep, 0, 1))],
            instants: vec![5_000],
            settings,
            order: Order::FunctionsFirst,
            ..Config::new("hand at the exit, lock away")
        },
    ]
}

fn others() -> Vec<Config> {
    vec![
        Config {
            faults: vec![(Jam, 1)],
            instants: vec![1_000],
            ..Config::new("jammed")
        },
        Config {
            faults: vec![(Jam, 5)],
            instants: vec![1_000, 3_000, 7_000, 15_000],
            order: Order::InOrder,
            ..Config::new("jammed now and then")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Damage, 1)],
            instants: vec![31_000],
            ..Config::new("command damaged")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Forge, 1)],
            instants: vec![2_000],
            ..Config::new("implausible command")
        },
    ]
}
