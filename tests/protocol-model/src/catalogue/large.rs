//! Larger worlds, with several kinds of fault in each.

use lock_core::action::Intent;

use super::{DOUBLE, LONG, SINGLE};
use crate::configuration::Fault::{
    Crash, Cut, DeleteShadow, Disconnect, Erase, ForgetShadow, Hold, Jam, Lie, LoseCommand,
    LoseEvent, LoseReport, Reboot, Redeliver, RepeatCommand, RepeatEvent, Restore, StepBack,
};
use crate::configuration::{
    Act, Beginning, Config, Order, Pressing, asked, counted, timed, uncounted,
};

pub(super) fn all() -> Vec<Config> {
    vec![
        Config {
            presses: vec![counted(LONG), counted(SINGLE)],
            faults: vec![(Crash, 1), (Reboot, 1)],
            instants: vec![41_000],
            ..Config::new("two presses, crash, reboot")
        },
        Config {
            presses: vec![counted(LONG), counted(SINGLE)],
            acts: vec![Act::Revoke(0)],
            faults: vec![(Crash, 1), (RepeatCommand, 1)],
            ..Config::new("two presses and revocation")
        },
        Config {
            presses: vec![counted(LONG)],
            requests: vec![asked(Intent::Toggle)],
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
                (ForgetShadow, 1),
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
        Config {
            presses: vec![Pressing {
                held: true,
                ..timed(LONG)
            }],
            acts: vec![Act::Revoke(0), Act::Bind(0, 0)],
            faults: vec![(Redeliver, 1)],
            instants: vec![1_000],
            ..Config::new("held press, revoked and bound")
        },
        Config {
            locks: 2,
            presses: vec![timed(LONG)],
            acts: vec![Act::Bind(0, 1), Act::Bind(0, 0)],
            faults: vec![(LoseCommand, 1)],
            instants: vec![2_000],
            order: Order::FunctionsFirst,
            ..Config::new("bound there and back")
        },
        Config {
            stacks: 2,
            presses: vec![counted(LONG)],
            acts: vec![Act::Revoke(0)],
            order: Order::FunctionsFirst,
            ..Config::new("second writer and revocation")
        },
        Config {
            presses: vec![timed(LONG), timed(DOUBLE)],
            acts: vec![Act::Revoke(0)],
            faults: vec![(StepBack, 1)],
            instants: vec![2_000],
            ..Config::new("step back and revocation")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(DeleteShadow, 1), (LoseEvent, 1), (LoseReport, 1)],
            instants: vec![2_000],
            ..Config::new("deleted just now, lost")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(DeleteShadow, 1), (ForgetShadow, 1), (Reboot, 1)],
            instants: vec![2_000],
            ..Config::new("deleted twice")
        },
        Config {
            faults: vec![(Jam, 2), (LoseEvent, 1), (LoseCommand, 1)],
            instants: vec![1_000],
            order: Order::FunctionsFirst,
            ..Config::new("jam and losses")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Lie, 1), (Erase, 1), (LoseEvent, 1)],
            instants: vec![2_000],
            order: Order::FunctionsFirst,
            ..Config::new("lie and erase")
        },
        Config {
            presses: vec![counted(LONG)],
            requests: vec![asked(Intent::Toggle)],
            acts: vec![Act::Revoke(0)],
            faults: vec![(LoseCommand, 1)],
            interleave: true,
            ..Config::new("request and revocation")
        },
        Config {
            presses: vec![counted(DOUBLE), counted(LONG)],
            faults: vec![(Erase, 2), (RepeatCommand, 2)],
            order: Order::FunctionsFirst,
            ..Config::new("journal lost twice")
        },
        Config {
            presses: vec![counted(DOUBLE), counted(LONG)],
            faults: vec![(Erase, 1), (Cut, 1), (RepeatCommand, 1)],
            order: Order::FunctionsFirst,
            ..Config::new("journal lost, power cut")
        },
        Config {
            presses: vec![counted(LONG)],
            faults: vec![(Erase, 1), (StepBack, 1), (RepeatCommand, 1)],
            order: Order::FunctionsFirst,
            ..Config::new("journal lost, step back")
        },
        Config {
            beginning: Beginning::TimeUnknown,
            presses: vec![counted(LONG)],
            faults: vec![(Hold, 2), (Reboot, 1)],
            instants: vec![9_000, 31_000],
            order: Order::FunctionsFirst,
            ..Config::new("time held, reboot")
        },
        Config {
            presses: vec![counted(SINGLE), counted(SINGLE)],
            faults: vec![(Reboot, 1), (LoseEvent, 1), (RepeatEvent, 1)],
            instants: vec![2_000],
            impatient: true,
            order: Order::FunctionsFirst,
            ..Config::new("impatient, reboot")
        },
        Config {
            buttons: 2,
            presses: vec![
                counted(LONG),
                Pressing {
                    button: 1,
                    ..counted(LONG)
                },
            ],
            acts: vec![Act::Revoke(0), Act::Unbind(1)],
            faults: vec![(Disconnect, 1)],
            order: Order::FunctionsFirst,
            ..Config::new("two buttons, both lose")
        },
    ]
}
