//! Larger scenarios, with several kinds of fault in each.

use lock_core::action::Intent;

use super::{DOUBLE, LONG, SINGLE};
use crate::configuration::Fault::{
    Crash, Cut, DeleteShadow, Disconnect, Erase, ForgetShadow, Hold, Jam, Lie, LoseCommand,
    LoseEvent, LoseReport, Reboot, Redeliver, RepeatCommand, RepeatEvent, Restore, StepBack,
};
use crate::configuration::{
    Beginning, Configuration, OperatorAction, Priority, counted_press, request_for, timed_press,
    uncounted_press,
};

pub(super) fn all() -> Vec<Configuration> {
    vec![
        Configuration {
            presses: vec![counted_press(LONG), counted_press(SINGLE)],
            faults: vec![(Crash, 1), (Reboot, 1)],
            instants: vec![41_000],
            ..Configuration::new("two presses, crash, reboot")
        },
        Configuration {
            presses: vec![counted_press(LONG), counted_press(SINGLE)],
            actions: vec![OperatorAction::Revoke(0)],
            faults: vec![(Crash, 1), (RepeatCommand, 1)],
            ..Configuration::new("two presses and revocation")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            requests: vec![request_for(Intent::Toggle)],
            faults: vec![(Restore, 1), (Crash, 1), (LoseCommand, 1)],
            retries: 1,
            ..Configuration::new("restored, with an operator")
        },
        Configuration {
            presses: vec![uncounted_press(SINGLE), counted_press(SINGLE)],
            faults: vec![(Redeliver, 1)],
            instants: vec![1_000],
            cache: true,
            interleave: true,
            ..Configuration::new("with and without a sequence")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![
                (ForgetShadow, 1),
                (Reboot, 1),
                (LoseEvent, 1),
                (RepeatEvent, 1),
            ],
            instants: vec![2_000],
            ..Configuration::new("shadow deleted, and reboot")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Erase, 1), (Crash, 1), (LoseEvent, 1)],
            retries: 1,
            instants: vec![41_000],
            ..Configuration::new("journal lost, crash, event lost")
        },
        Configuration {
            presses: vec![timed_press(LONG).delayed()],
            actions: vec![OperatorAction::Revoke(0), OperatorAction::Bind(0, 0)],
            faults: vec![(Redeliver, 1)],
            instants: vec![1_000],
            ..Configuration::new("delayed press, revoked, bound")
        },
        Configuration {
            locks: 2,
            presses: vec![timed_press(LONG)],
            actions: vec![OperatorAction::Bind(0, 1), OperatorAction::Bind(0, 0)],
            faults: vec![(LoseCommand, 1)],
            instants: vec![2_000],
            priority: Priority::Functions,
            ..Configuration::new("bound to another lock and back")
        },
        Configuration {
            stacks: 2,
            presses: vec![counted_press(LONG)],
            actions: vec![OperatorAction::Revoke(0)],
            priority: Priority::Functions,
            ..Configuration::new("second writer and revocation")
        },
        Configuration {
            presses: vec![timed_press(LONG), timed_press(DOUBLE)],
            actions: vec![OperatorAction::Revoke(0)],
            faults: vec![(StepBack, 1)],
            instants: vec![2_000],
            ..Configuration::new("clock step back and revocation")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(DeleteShadow, 1), (LoseEvent, 1), (LoseReport, 1)],
            instants: vec![2_000],
            ..Configuration::new("shadow just deleted, losses")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(DeleteShadow, 1), (ForgetShadow, 1), (Reboot, 1)],
            instants: vec![2_000],
            ..Configuration::new("shadow deleted twice")
        },
        Configuration {
            faults: vec![(Jam, 2), (LoseEvent, 1), (LoseCommand, 1)],
            instants: vec![1_000],
            priority: Priority::Functions,
            ..Configuration::new("jam and losses")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Lie, 1), (Erase, 1), (LoseEvent, 1)],
            instants: vec![2_000],
            priority: Priority::Functions,
            ..Configuration::new("false report, journal lost")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            requests: vec![request_for(Intent::Toggle)],
            actions: vec![OperatorAction::Revoke(0)],
            faults: vec![(LoseCommand, 1)],
            interleave: true,
            ..Configuration::new("request and revocation")
        },
        Configuration {
            presses: vec![counted_press(DOUBLE), counted_press(LONG)],
            faults: vec![(Erase, 2), (RepeatCommand, 2)],
            priority: Priority::Functions,
            ..Configuration::new("journal lost twice")
        },
        Configuration {
            presses: vec![counted_press(DOUBLE), counted_press(LONG)],
            faults: vec![(Erase, 1), (Cut, 1), (RepeatCommand, 1)],
            priority: Priority::Functions,
            ..Configuration::new("journal lost, power cut")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Erase, 1), (StepBack, 1), (RepeatCommand, 1)],
            priority: Priority::Functions,
            ..Configuration::new("journal lost, step back")
        },
        Configuration {
            beginning: Beginning::TimeUnknown,
            presses: vec![counted_press(LONG)],
            faults: vec![(Hold, 2), (Reboot, 1)],
            instants: vec![9_000, 31_000],
            priority: Priority::Functions,
            ..Configuration::new("time delayed, reboot")
        },
        Configuration {
            presses: vec![counted_press(SINGLE), counted_press(SINGLE)],
            faults: vec![(Reboot, 1), (LoseEvent, 1), (RepeatEvent, 1)],
            instants: vec![2_000],
            impatient: true,
            priority: Priority::Functions,
            ..Configuration::new("impatient, reboot")
        },
        Configuration {
            buttons: 2,
            presses: vec![counted_press(LONG), counted_press(LONG).of_button(1)],
            actions: vec![OperatorAction::Revoke(0), OperatorAction::Unbind(1)],
            faults: vec![(Disconnect, 1)],
            priority: Priority::Functions,
            ..Configuration::new("two buttons, both unbound")
        },
    ]
}
