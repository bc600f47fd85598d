//! What happens to a lock's shadow: edits, deletions, false reports.

use super::{LONG, SINGLE, more};
use crate::configuration::Fault::{
    DeleteShadow, Disconnect, Edit, ForgetShadow, Lie, LoseEvent, Reboot, RepeatCommand,
    RepeatEvent,
};
use crate::configuration::{Configuration, Priority, counted_press};

const MINUTE_MS: u64 = 60_000;

pub(super) fn all(deep: bool) -> Vec<Configuration> {
    vec![
        Configuration {
            presses: vec![counted_press(LONG), counted_press(SINGLE)],
            faults: vec![(Edit, 1), (RepeatEvent, more(deep, 0, 1))],
            instants: vec![2_000],
            priority: Priority::Functions,
            ..Configuration::new("edited by hand")
        },
        Configuration {
            presses: vec![counted_press(LONG), counted_press(SINGLE)],
            faults: vec![(Edit, 1), (Disconnect, 1)],
            instants: vec![36 * MINUTE_MS],
            priority: Priority::Functions,
            ..Configuration::new("edited by hand, lock offline")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Edit, 1), (LoseEvent, 1)],
            instants: vec![2_000],
            ..Configuration::new("edited by hand, event lost")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(DeleteShadow, 1), (RepeatCommand, 1)],
            instants: vec![2_000],
            ..Configuration::new("shadow just deleted")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(ForgetShadow, 1), (Reboot, more(deep, 0, 1))],
            instants: vec![2_000],
            ..Configuration::new("shadow deleted")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![
                (ForgetShadow, 1),
                (Reboot, 1),
                (RepeatCommand, more(deep, 0, 1)),
            ],
            interleave: true,
            ..Configuration::new("shadow deleted, reports at once")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Lie, 1), (Reboot, 1)],
            instants: vec![2_000],
            ..Configuration::new("implausible report")
        },
    ]
}
