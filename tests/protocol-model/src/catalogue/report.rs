//! What happens to a lock's shadow: edited, deleted, lied to.

use super::{LONG, SINGLE, more};
use crate::configuration::Fault::{
    DeleteShadow, Disconnect, Edit, ForgetShadow, Lie, LoseEvent, Reboot, RepeatCommand,
    RepeatEvent,
};
use crate::configuration::{Config, Order, counted};

const MINUTE_MS: u64 = 60_000;

pub(super) fn all(deep: bool) -> Vec<Config> {
    vec![
        Config {
            presses: vec![counted(LONG), counted(SINGLE)],
            faults: vec![(Edit, 1), (RepeatEvent, more(deep, 0, 1))],
            instants: vec![2_000],
            order: Order::FunctionsFirst,
            ..Config::new("edited by hand")
        },
        Config {
            presses: vec![counted(LONG), counted(SINGLE)],
            faults: vec![(Edit, 1), (Disconnect, 1)],
            instants: vec![36 * MINUTE_MS],
            order: Order::FunctionsFirst,
            ..Config::new("edited by hand, lock away")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Edit, 1), (LoseEvent, 1)],
            instants: vec![2_000],
            ..Config::new("edited by hand, report not heard")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(DeleteShadow, 1), (RepeatCommand, 1)],
            instants: vec![2_000],
            ..Config::new("shadow deleted just now")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(ForgetShadow, 1), (Reboot, more(deep, 0, 1))],
            instants: vec![2_000],
            ..Config::new("shadow deleted")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![
                (ForgetShadow, 1),
                (Reboot, 1),
                (RepeatCommand, more(deep, 0, 1)),
            ],
            interleave: true,
            ..Config::new("shadow deleted, reports at once")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Lie, 1), (Reboot, 1)],
            instants: vec![2_000],
            ..Config::new("implausible report")
        },
    ]
}
