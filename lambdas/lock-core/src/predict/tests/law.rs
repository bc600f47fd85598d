//! Random tables and what a process believes of them, from value spaces so small that they often
//! agree.
//!
//! What must hold of any table is built in: a version has one command (S3), a settled record was
//! last reported at its own version (C9), and a revision has one lock, one set of actions and one
//! time of binding.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use super::*;
use crate::decide::{decide_press, decide_request};
use crate::limits::Limits;
use crate::press::Press;
use crate::record::Reported;
use crate::report::Report;
use crate::request::Request;
use crate::time::UnixSeconds;
use crate::write::{RecordWrite, Written};

const NOW: UnixMillis = UnixMillis(100_000);
/// Cases of one law, always the same ones.
const CASES: u32 = 8_000;
/// Least number of cases in which a prediction was right, or wrong, per kind.
const TIMES_MIN: u32 = 50;

/// The one command of a version.
fn command(version: u64) -> Option<Command> {
    let action = match version % 3 {
        0 => Action::Lock,
        _ => Action::Unlock,
    };
    let cause = match version % 4 {
        3 => Cause::Request { actor: None },
        _ => Cause::Button { button: button() },
    };
    let press = 10 + version;
    let id = CommandId::of_press(&button(), "", Some(press));
    let made_at = NOW.minus(4_000 - version);
    let end = made_at.plus(30_000);
    (version > 0).then(|| Command::new(id, action, cause, made_at, Some(end)))
}

prop_compose! {
    fn record()(
        version in 0..8_u64,
        status in prop_oneof![
            2 => Just(Status::Settled), 1 => Just(Status::Pending), 1 => Just(Status::Unresponsive)
        ],
        state in prop_oneof![Just(Latch::Locked), Just(Latch::Unlocked), Just(Latch::Jammed)],
        reported in 0..8_u64,
    ) -> Record {
        let settled = status == Status::Settled && version > 0;
        let reported = if settled { version } else { reported.min(version) };
        let report = Report::parse(&serde_json::json!({
            "lock": state.as_str(), "version": reported,
            "result": "executed", "source": "remote", "bootCount": 1, "clock": "synced"
        }));
        Record {
            version: Version(version),
            status: if settled { status } else { status.max_unsettled() },
            state,
            command: command(version),
            reported: Some(Reported {
                report: report.unwrap(),
                shadow_version: 1,
                shadow_at: UnixSeconds(1),
                at: UnixMillis(1),
            }),
            ..Record::created(lock(), UnixMillis(1))
        }
    }
}

impl Status {
    /// This status, or the one of a record that was never settled.
    fn max_unsettled(self) -> Self {
        match self {
            Self::Settled => Self::Unresponsive,
            other => other,
        }
    }
}

/// The note of the press that caused the command of `version`.
fn last_press(version: u64) -> LastPress {
    let command = command(version).expect("a version with a command");
    LastPress {
        press_id: format!("p{version}"),
        at: command.created_at,
        sequence: Some(10 + version),
        command: Some(CausedCommand {
            version: Version(version),
            action: command.action,
        }),
    }
}

prop_compose! {
    fn binding()(
        revision in 1..3_u64,
        enabled in proptest::bool::weighted(0.8),
        pressed in proptest::option::weighted(0.8, 1..8_u64),
        long_ago in any::<bool>(),
        battery_mv in proptest::option::of(prop_oneof![Just(1_000_u64), Just(1_500)]),
    ) -> Binding {
        let mut last_press = pressed.map(last_press);
        if long_ago && let Some(last) = &mut last_press {
            last.at = last.at.minus(5_000);
        }
        Binding {
            lock: Some(lock()),
            enabled,
            bound_at: Some(UnixMillis(revision)),
            last_press,
            battery_mv,
            ..Binding::new(button(), revision)
        }
    }
}

prop_compose! {
    fn press()(
        click in prop_oneof![
            2 => Just(ClickType::Single), 1 => Just(ClickType::Double), 1 => Just(ClickType::Long)
        ],
        number in 1..12_u64,
        counted in any::<bool>(),
        battery_mv in proptest::option::of(Just(1_000_u64)),
    ) -> Press {
        Press {
            button: button(),
            click,
            sequence: counted.then_some(10 + number),
            pressed_at: None,
            good_for_ms: None,
            received_at: NOW,
            press_id: format!("p{number}"),
            principal: None,
            battery_mv,
        }
    }
}

/// What a process believes: a record read or committed at some time, or the binding's note.
fn predicted() -> impl Strategy<Value = Option<Record>> {
    prop_oneof![
        3 => record().prop_map(|record| Prediction::of(record).predict()),
        1 => binding().prop_map(|binding| predict_from_binding(&binding)),
    ]
}

fn runner() -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases: CASES,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        max_global_rejects: u32::MAX,
        ..ProptestConfig::default()
    })
}

/// Whether the conditions of `decision` hold in the table.
fn is_admitted(decision: &Decision, record: &Record, binding: Option<&Binding>) -> bool {
    let record_holds = match &decision.writes.record {
        Some(write @ RecordWrite::Update(_)) => write.apply(Some(record)) != Written::Conflict,
        other => panic!("a command updates its record: {other:?}"),
    };
    let binding_holds = match &decision.writes.binding {
        Some(write) => write.apply(binding).is_some(),
        None => true,
    };
    record_holds && binding_holds
}

/// What a command does. The battery's alert is not a part of it: a cached binding may hide one.
fn essence(decision: &Decision) -> impl PartialEq + std::fmt::Debug + use<> {
    let (verdict, reason) = (decision.verdict, decision.reason.clone());
    (verdict, reason, decision.publish.clone())
}

#[derive(Default)]
struct Tally {
    right: Cell<u32>,
    wrong: Cell<u32>,
}

impl Tally {
    fn count(&self, admitted: bool) {
        let cell = if admitted { &self.right } else { &self.wrong };
        cell.set(cell.get() + 1);
    }

    fn check(&self) {
        let (right, wrong) = (self.right.get(), self.wrong.get());
        assert!(
            right >= TIMES_MIN && wrong >= TIMES_MIN,
            "{right} right, {wrong} wrong"
        );
    }
}

#[test]
fn a_press_commands_on_a_prediction_what_it_commands_on_the_table() {
    let (tally, limits) = (Tally::default(), Limits::default());
    // The cached binding is often the current one.
    let cached = proptest::option::weighted(0.5, binding());
    let cases = (record(), binding(), predicted(), cached, press());
    let tried = runner().run(&cases, |(record, binding, predicted, cached, press)| {
        let cached = cached.as_ref().unwrap_or(&binding);
        // Without a prediction it has read the record, and not the binding.
        let believed = predicted.as_ref().unwrap_or(&record);
        let decision = decide_press(Some(believed), Some(cached), &press, NOW, &limits);
        if !is_checked(&decision) {
            return Ok(());
        }
        let admitted = is_admitted(&decision, &record, Some(&binding));
        tally.count(admitted);
        if admitted {
            let read = decide_press(Some(&record), Some(&binding), &press, NOW, &limits);
            prop_assert_eq!(essence(&decision), essence(&read));
        }
        Ok(())
    });
    if let Err(failure) = tried {
        panic!("{failure}");
    }
    tally.check();
}

#[test]
fn a_request_commands_on_a_prediction_what_it_commands_on_the_table() {
    let (tally, limits) = (Tally::default(), Limits::default());
    let intent = prop_oneof![
        Just(Intent::Lock),
        Just(Intent::Unlock),
        Just(Intent::Toggle)
    ];
    let cases = (record(), predicted(), intent);
    let tried = runner().run(&cases, |(record, predicted, intent)| {
        let Some(predicted) = predicted else {
            return Ok(());
        };
        let request = Request {
            lock: lock(),
            intent,
            request_id: "r1".to_owned(),
            requested_at: Some(NOW),
            actor: None,
            received_at: NOW,
            principal: None,
        };
        let decide = |record| decide_request(Some(record), false, &request, NOW, &limits);
        let decision = decide(&predicted).expect("a record");
        if !is_checked(&decision) {
            return Ok(());
        }
        let admitted = is_admitted(&decision, &record, None);
        tally.count(admitted);
        if admitted {
            let read = decide(&record).expect("a record");
            prop_assert_eq!(essence(&decision), essence(&read));
        }
        Ok(())
    });
    if let Err(failure) = tried {
        panic!("{failure}");
    }
    tally.check();
}
