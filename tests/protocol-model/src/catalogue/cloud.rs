//! Functions that crash or race, tables that are restored, messages that are lost or repeated.

use lock_core::action::Intent;

use super::{DOUBLE, LONG, SINGLE, more};
use crate::configuration::Fault::{
    Crash, Disconnect, LoseCommand, LoseEvent, Overtake, Reboot, Redeliver, RepeatCommand,
    RepeatEvent, Restore, StepBack,
};
use crate::configuration::{
    Beginning, Configuration, OperatorAction, PlannedRequest, Priority, counted_press, request_for,
    uncounted_press,
};

pub(super) fn all(deep: bool) -> Vec<Configuration> {
    vec![
        Configuration {
            presses: vec![counted_press(LONG)],
            retries: 2,
            faults: vec![(Crash, 1)],
            instants: vec![2_000],
            interleave: true,
            sure: true,
            ..Configuration::new("crash and retry")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            retries: 1,
            faults: vec![(Crash, 1)],
            instants: vec![2_000],
            interleave: true,
            sure: true,
            predict: true,
            ..Configuration::new("retried on a prediction")
        },
        Configuration {
            presses: vec![counted_press(LONG), counted_press(SINGLE)],
            faults: vec![(LoseCommand, 1), (Restore, more(deep, 0, 1))],
            predict: true,
            ..Configuration::new("decided on an old prediction")
        },
        Configuration {
            presses: vec![counted_press(SINGLE), uncounted_press(SINGLE)],
            faults: vec![(Redeliver, 1)],
            instants: vec![1_000],
            interleave: true,
            predict: true,
            ..Configuration::new("predictions at once")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![
                (RepeatCommand, more(deep, 1, 2)),
                (LoseCommand, 1),
                (Redeliver, 1),
            ],
            instants: vec![2_000, 31_000],
            ..Configuration::new("one press, repeated")
        },
        Configuration {
            presses: vec![uncounted_press(SINGLE)],
            faults: vec![(Redeliver, more(deep, 1, 2)), (Crash, 1)],
            retries: 1,
            instants: vec![1_000],
            cache: true,
            interleave: true,
            ..Configuration::new("button without a sequence")
        },
        Configuration {
            presses: vec![counted_press(LONG), counted_press(DOUBLE)],
            faults: vec![(RepeatCommand, 1), (Crash, 1)],
            retries: 1,
            cache: true,
            interleave: true,
            ..Configuration::new("two presses at once")
        },
        Configuration {
            presses: vec![counted_press(SINGLE), counted_press(SINGLE)],
            faults: vec![(LoseCommand, 1), (LoseEvent, 1)],
            instants: vec![2_000, 41_000],
            ..Configuration::new("two presses, lost messages")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            actions: vec![OperatorAction::Revoke(0)],
            faults: vec![(Crash, 1), (RepeatCommand, 1)],
            retries: 1,
            cache: true,
            interleave: true,
            ..Configuration::new("press and revocation")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            faults: vec![(Crash, 1), (RepeatCommand, 1), (Disconnect, 1)],
            retries: 1,
            instants: vec![31_000, 41_000],
            ..Configuration::new("late retry")
        },
        Configuration {
            presses: vec![counted_press(SINGLE), counted_press(DOUBLE)],
            faults: vec![(Restore, 1), (LoseEvent, 1), (Crash, 1)],
            retries: 1,
            ..Configuration::new("table restored")
        },
        Configuration {
            presses: vec![counted_press(LONG), counted_press(SINGLE)],
            faults: vec![(Restore, 1), (Reboot, 1)],
            priority: Priority::Functions,
            ..Configuration::new("table restored, reboot")
        },
        Configuration {
            locks: 2,
            presses: vec![counted_press(LONG), counted_press(LONG)],
            actions: vec![OperatorAction::Bind(0, 1), OperatorAction::Bind(0, 0)],
            faults: vec![(Restore, 1)],
            priority: Priority::Automatic,
            cache: true,
            ..Configuration::new("bound elsewhere, then restored")
        },
        Configuration {
            presses: vec![counted_press(SINGLE)],
            requests: vec![request_for(Intent::Toggle)],
            faults: vec![(LoseCommand, more(deep, 0, 1))],
            interleave: true,
            ..Configuration::new("operator and button at once")
        },
        Configuration {
            locks: 2,
            requests: vec![
                request_for(Intent::Unlock),
                PlannedRequest {
                    lock: 1,
                    ..request_for(Intent::Unlock)
                },
            ],
            sure: true,
            ..Configuration::new("one request id, two locks")
        },
        Configuration {
            presses: vec![counted_press(LONG), counted_press(DOUBLE)],
            faults: vec![(StepBack, 1), (LoseEvent, 1), (RepeatCommand, 1)],
            instants: vec![2_000],
            priority: Priority::Functions,
            ..Configuration::new("cloud clock steps back")
        },
        Configuration {
            beginning: Beginning::New,
            presses: vec![counted_press(SINGLE)],
            faults: vec![(LoseCommand, 1), (RepeatEvent, more(deep, 0, 1))],
            instants: vec![2_000],
            interleave: true,
            ..Configuration::new("new lock")
        },
        Configuration {
            beginning: Beginning::Unregistered,
            presses: vec![counted_press(LONG)],
            requests: vec![request_for(Intent::Unlock)],
            actions: vec![OperatorAction::Register(0), OperatorAction::Bind(0, 0)],
            priority: Priority::Functions,
            ..Configuration::new("not registered")
        },
        Configuration {
            presses: vec![counted_press(LONG)],
            actions: vec![OperatorAction::Unbind(0), OperatorAction::Forget(0)],
            interleave: true,
            ..Configuration::new("lock forgotten")
        },
        Configuration {
            stacks: 2,
            presses: vec![counted_press(LONG)],
            instants: vec![1_000],
            priority: Priority::Functions,
            ..Configuration::new("second writer")
        },
        Configuration {
            stacks: 2,
            presses: vec![counted_press(LONG), counted_press(DOUBLE)],
            faults: vec![(Reboot, more(deep, 1, 2))],
            instants: vec![1_000, 3_000, 7_000, 15_000, 60_000],
            priority: Priority::Automatic,
            ..Configuration::new("second writer, long run")
        },
        Configuration {
            beginning: Beginning::New,
            faults: vec![(Overtake, more(deep, 2, 3))],
            instants: vec![1_000],
            interleave: true,
            priority: Priority::Devices,
            ..Configuration::new("overtaken, reports at once")
        },
        Configuration {
            stacks: 2,
            requests: vec![request_for(Intent::Toggle)],
            priority: Priority::Functions,
            ..Configuration::new("second writer, with an operator")
        },
    ]
}
