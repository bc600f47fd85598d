//! Functions that crash and meet, tables that are restored, messages that are lost or repeated.

use lock_core::action::Intent;

use super::{DOUBLE, LONG, SINGLE, more};
use crate::configuration::Fault::{
    Crash, Disconnect, LoseCommand, LoseEvent, Reboot, Redeliver, RepeatCommand, RepeatEvent,
    Restore, StepBack,
};
use crate::configuration::{Act, Asking, Beginning, Config, Order, asked, counted, uncounted};

pub(super) fn all(deep: bool) -> Vec<Config> {
    vec![
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
                (RepeatCommand, more(deep, 1, 2)),
                (LoseCommand, 1),
                (Redeliver, 1),
            ],
            instants: vec![2_000, 31_000],
            ..Config::new("one press, repeated")
        },
        Config {
            presses: vec![uncounted(SINGLE)],
            faults: vec![(Redeliver, more(deep, 1, 2)), (Crash, 1)],
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
            acts: vec![Act::Revoke(0)],
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
            order: Order::FunctionsFirst,
            ..Config::new("table restored, lock not heard")
        },
        Config {
            presses: vec![counted(SINGLE)],
            requests: vec![asked(Intent::Toggle)],
            faults: vec![(LoseCommand, more(deep, 0, 1))],
            interleave: true,
            ..Config::new("operator and button at once")
        },
        Config {
            locks: 2,
            requests: vec![
                asked(Intent::Unlock),
                Asking {
                    lock: 1,
                    ..asked(Intent::Unlock)
                },
            ],
            sure: true,
            ..Config::new("one request id, two locks")
        },
        Config {
            presses: vec![counted(LONG), counted(DOUBLE)],
            faults: vec![(StepBack, 1), (LoseEvent, 1), (RepeatCommand, 1)],
            instants: vec![2_000],
            order: Order::FunctionsFirst,
            ..Config::new("cloud clock steps back")
        },
        Config {
            beginning: Beginning::New,
            presses: vec![counted(SINGLE)],
            faults: vec![(LoseCommand, 1), (RepeatEvent, more(deep, 0, 1))],
            instants: vec![2_000],
            interleave: true,
            ..Config::new("new lock")
        },
        Config {
            beginning: Beginning::Unregistered,
            presses: vec![counted(LONG)],
            requests: vec![asked(Intent::Unlock)],
            acts: vec![Act::Register(0), Act::Bind(0, 0)],
            order: Order::FunctionsFirst,
            ..Config::new("not registered")
        },
        Config {
            presses: vec![counted(LONG)],
            acts: vec![Act::Unbind(0), Act::Forget(0)],
            interleave: true,
            ..Config::new("lock forgotten")
        },
        Config {
            stacks: 2,
            presses: vec![counted(LONG)],
            instants: vec![1_000],
            order: Order::FunctionsFirst,
            ..Config::new("second writer")
        },
        Config {
            stacks: 2,
            presses: vec![counted(LONG), counted(DOUBLE)],
            faults: vec![(Reboot, more(deep, 1, 2))],
            instants: vec![1_000, 3_000, 7_000, 15_000, 60_000],
            order: Order::InOrder,
            ..Config::new("second writer, at length")
        },
        Config {
            stacks: 2,
            requests: vec![asked(Intent::Toggle)],
            order: Order::FunctionsFirst,
            ..Config::new("second writer, with an operator")
        },
    ]
}
