//! What people do: press again, press late, revoke, bind.

use lock_core::action::Intent;

use super::{DOUBLE, LONG, SINGLE, more};
use crate::configuration::Fault::{
    Crash, Disconnect, LoseCommand, LoseEvent, Redeliver, RepeatCommand,
};
use crate::configuration::{Act, Asking, Config, Pressing, asked, counted, timed, uncounted};

pub(super) fn all(deep: bool) -> Vec<Config> {
    let mut all = pressing(deep);
    all.extend(binding(deep));
    all
}

fn pressing(deep: bool) -> Vec<Config> {
    let given_up = Pressing {
        good_for_ms: Some(3_000),
        held: true,
        ..timed(SINGLE)
    };
    vec![
        Config {
            presses: vec![
                uncounted(LONG),
                Pressing {
                    not_before_ms: 1_000,
                    ..uncounted(DOUBLE)
                },
            ],
            instants: vec![1_000],
            sure: true,
            ..Config::new("lock within the quiet window")
        },
        Config {
            presses: vec![uncounted(DOUBLE)],
            faults: vec![(Redeliver, 1), (Crash, 1)],
            retries: 1,
            instants: vec![1_000],
            interleave: true,
            ..Config::new("lock delivered again")
        },
        Config {
            presses: vec![Pressing {
                held: true,
                ..timed(LONG)
            }],
            faults: vec![(RepeatCommand, 1)],
            instants: vec![2_000, 29_000, 31_000],
            ..Config::new("press held up")
        },
        Config {
            presses: vec![
                given_up,
                Pressing {
                    not_before_ms: 6_000,
                    ..given_up
                },
            ],
            instants: vec![6_000, 16_000],
            ..Config::new("press given up by its button")
        },
        Config {
            requests: vec![Asking {
                held: true,
                ..asked(Intent::Unlock)
            }],
            faults: vec![(RepeatCommand, 1)],
            instants: vec![2_000, 29_000, 31_000],
            ..Config::new("request held up")
        },
        Config {
            presses: vec![counted(SINGLE), counted(SINGLE)],
            instants: vec![2_000],
            sure: true,
            impatient: true,
            ..Config::new("impatient person")
        },
        Config {
            presses: vec![counted(SINGLE), counted(SINGLE)],
            faults: vec![
                (Disconnect, 1),
                (LoseCommand, 1),
                (LoseEvent, more(deep, 0, 1)),
            ],
            instants: vec![2_000],
            impatient: true,
            ..Config::new("impatient person, lock away")
        },
        Config {
            buttons: 2,
            presses: vec![
                counted(SINGLE),
                Pressing {
                    button: 1,
                    ..counted(SINGLE)
                },
            ],
            acts: vec![Act::Revoke(0)],
            faults: vec![(RepeatCommand, more(deep, 0, 1))],
            interleave: true,
            ..Config::new("two buttons on one lock")
        },
    ]
}

fn binding(deep: bool) -> Vec<Config> {
    vec![
        Config {
            presses: vec![timed(LONG)],
            acts: vec![Act::Revoke(0), Act::Bind(0, 0)],
            faults: vec![(Redeliver, 1)],
            ..Config::new("revoked, then bound")
        },
        Config {
            presses: vec![counted(LONG), counted(DOUBLE)],
            acts: vec![Act::Bind(0, 0)],
            faults: vec![(Redeliver, 1)],
            ..Config::new("bound once more")
        },
        Config {
            locks: 2,
            presses: vec![timed(LONG)],
            acts: vec![Act::Bind(0, 1)],
            faults: vec![(Crash, 1), (Redeliver, more(deep, 0, 1))],
            retries: 1,
            instants: vec![1_000],
            cache: true,
            interleave: true,
            ..Config::new("bound to another lock")
        },
        Config {
            presses: vec![counted(LONG)],
            acts: vec![Act::Revoke(0)],
            faults: vec![(Disconnect, 1), (Crash, 1)],
            instants: vec![2_000],
            ..Config::new("revoked while the lock is away")
        },
    ]
}
