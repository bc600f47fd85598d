//! What people do: press again, press late, revoke, bind.

use lock_core::action::Intent;

use super::{DOUBLE, LONG, SINGLE, more};
use crate::configuration::Fault::{
    Crash, Disconnect, LoseCommand, LoseEvent, Redeliver, RepeatCommand,
};
use crate::configuration::{
    Configuration, OperatorAction, PlannedPress, PlannedRequest, counted_press, request_for,
    timed_press, uncounted_press,
};

pub(super) fn all(deep: bool) -> Vec<Configuration> {
    let mut all = pressing(deep);
    all.extend(binding(deep));
    all
}

fn pressing(deep: bool) -> Vec<Configuration> {
    let given_up = PlannedPress {
        good_for_ms: Some(3_000),
        ..timed_press(SINGLE).delayed()
    };
    vec![
        Configuration {
            presses: vec![
                uncounted_press(LONG),
                uncounted_press(DOUBLE).not_before(1_000),
            ],
            instants: vec![1_000],
            sure: true,
            ..Configuration::new("lock within the quiet window")
        },
        Configuration {
            presses: vec![uncounted_press(DOUBLE)],
            faults: vec![(Redeliver, 1), (Crash, 1)],
            retries: 1,
            instants: vec![1_000],
            interleave: true,
            ..Configuration::new("lock delivered again")
        },
        Configuration {
            presses: vec![timed_press(LONG).delayed()],
            faults: vec![(RepeatCommand, 1)],
            instants: vec![2_000, 29_000, 31_000],
            ..Configuration::new("press delayed")
        },
        Configuration {
            presses: vec![given_up, given_up.not_before(6_000)],
            instants: vec![6_000, 16_000],
            ..Configuration::new("press given up by its button")
        },
        Configuration {
            requests: vec![PlannedRequest {
                held: true,
                ..request_for(Intent::Unlock)
            }],
            faults: vec![(RepeatCommand, 1)],
            instants: vec![2_000, 29_000, 31_000],
            ..Configuration::new("request delayed")
        },
        Configuration {
            presses: vec![counted_press(SINGLE), counted_press(SINGLE)],
            instants: vec![2_000],
            sure: true,
            impatient: true,
            ..Configuration::new("impatient person")
        },
        Configuration {
            presses: vec![counted_press(SINGLE), counted_press(SINGLE)],
            instants: vec![2_000],
            sure: true,
            impatient: true,
            predict: true,
            ..Configuration::new("impatient person, two processes")
        },
        Configuration {
            presses: vec![counted_press(SINGLE), counted_press(SINGLE)],
            faults: vec![
                (Disconnect, 1),
                (LoseCommand, 1),
                (LoseEvent, more(deep, 0, 1)),
            ],
            instants: vec![2_000],
            impatient: true,
            ..Configuration::new("impatient person, lock offline")
        },
        Configuration {
            buttons: 2,
            presses: vec![counted_press(SINGLE), counted_press(SINGLE).of_button(1)],
            actions: vec![OperatorAction::Revoke(0)],
            faults: vec![(RepeatCommand, more(deep, 0, 1))],
            interleave: true,
            ..Configuration::new("two buttons on one lock")
        },
    ]
}

fn binding(deep: bool) -> Vec<Configuration> {
    vec![
        Configuration {
            presses: vec![timed_press(LONG)],
            actions: vec![OperatorAction::Revoke(0), OperatorAction::Bind(0, 0)],
            faults: vec![(Redeliver, 1)],
            ..Configuration::new("revoked, then bound")
        },
        Configuration {
            presses: vec![counted_press(LONG), counted_press(DOUBLE)],
            actions: vec![OperatorAction::Bind(0, 0)],
            faults: vec![(Redeliver, 1)],
            ..Configuration::new("bound again")
        },
        Configuration {
            locks: 2,
            presses: vec![timed_press(LONG)],
            actions: vec![OperatorAction::Bind(0, 1)],
            faults: vec![(Crash, 1), (Redeliver, more(deep, 0, 1))],
            retries: 1,
            instants: vec![1_000],
            cache: true,
            interleave: true,
            ..Configuration::new("bound to another lock")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            actions: vec![OperatorAction::Revoke(0)],
            faults: vec![(Disconnect, 1), (Crash, 1)],
            instants: vec![2_000],
            ..Configuration::new("revoked, lock offline")
        },
    ]
}
