//! What is measured about a decision, by level.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::clock::{Clock, Stopwatch};
use lock_aws::{Cloud, MetricLevel, Steps};
use lock_core::Decision;
use lock_core::action::ClickType;
use lock_core::event::Event;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::press::Press;
use lock_core::reason::{Alert, Reason, Verdict};
use lock_core::record::{Cause, Command, Record, Status};
use lock_core::time::UnixMillis;
use lock_core::write::Writes;
use lock_testing::bound::{NOW, limits, press};
use lock_testing::metric::{kept, line, take};
use lock_testing::table;
use serde_json::Value;

/// A name that is in no line.
const NAME: &str = "cellar-door";

fn cloud(level: MetricLevel) -> Cloud {
    // It calls nothing.
    let nowhere = "127.0.0.1:1".parse().unwrap();
    let cloud = table::client(nowhere, nowhere).with_clock(Clock::by_hand(NOW));
    cloud.with_metrics(kept(level))
}

/// A decision about a press, with these alerts.
fn decision(verdict: Verdict, reason: Reason, alerts: &[Alert]) -> Decision {
    let press = Press {
        button: ButtonSerial::new(NAME).unwrap(),
        ..press("p1", ClickType::Single, None, NOW)
    };
    let lock = LockName::new(NAME).unwrap();
    let event = Event::of_press(&press, Some(&lock), None, &limits());
    Decision {
        verdict,
        reason,
        writes: Writes::event_only(event),
        publish: None,
        alerts: alerts.to_vec(),
    }
}

fn logged(level: MetricLevel, decision: &Decision) -> Vec<Value> {
    let cloud = cloud(level);
    cloud.log_decision("press", decision, &Steps::default(), &Stopwatch::start());
    take(&cloud.metrics)
}

#[test]
fn a_decision_is_counted_by_its_alerts_and_a_press_by_its_outcome_too() {
    let service = &[("service", "press")][..];
    let outcome = &[("decision", "ignored"), ("reason", "quiet-window")];
    let count = |name, number| (name, "Count", number);
    let press = line(outcome, count("Presses", 1), NOW);
    let alerts = line(service, count("Alerts", 2), NOW);
    let contested = line(service, count("ContestedLocks", 1), NOW);
    let quiet = |alerts: &[Alert]| decision(Verdict::Ignored, Reason::QUIET_WINDOW, alerts);
    let alarming = quiet(&[Alert::Contested, Alert::Clock]);
    use MetricLevel::{All, Few, None};
    let rows: [(MetricLevel, Decision, &[Value]); 5] = [
        (None, alarming.clone(), &[]),
        (Few, quiet(&[]), &[]),
        (Few, alarming.clone(), &[alerts.clone(), contested.clone()]),
        (All, quiet(&[]), std::slice::from_ref(&press)),
        (All, alarming, &[alerts, contested, press.clone()]),
    ];
    for (level, decision, wanted) in rows {
        let lines = logged(level, &decision);
        assert_eq!(lines, wanted, "{level:?}");
        let has_name = |line: &Value| line.to_string().contains(NAME);
        assert!(!lines.iter().any(has_name), "{lines:?}");
    }
}

#[test]
fn only_the_answer_to_a_persons_command_is_measured() {
    let button = ButtonSerial::new(NAME).unwrap();
    let request = Cause::Request { actor: None };
    let pressed = Cause::Button { button };
    let system = Cause::System {
        reason: "silent".to_owned(),
    };
    let made = NOW.minus(750);
    let settled = decision(Verdict::Settled, Reason::EXECUTED, &[]);
    let noted = decision(Verdict::Noted, Reason::NOT_SEEN, &[]);
    use Status::{Pending, Settled, Unresponsive};
    for (status, cause, decision, is_answer) in [
        (Pending, &pressed, &settled, true),
        (Pending, &request, &settled, true),
        (Unresponsive, &request, &settled, true),
        (Pending, &system, &settled, false),
        (Settled, &pressed, &settled, false),
        (Pending, &pressed, &noted, false),
    ] {
        let record = record(status, cause.clone(), made);
        for level in [MetricLevel::None, MetricLevel::Few] {
            let cloud = cloud(level);
            cloud.measure_answer("report", Some(&record), decision);
            let value = ("PressToAcknowledgementMs", "Milliseconds", 750);
            let wanted = line(&[("service", "report")], value, NOW);
            let is_written = is_answer && level != MetricLevel::None;
            let wanted = is_written.then_some(wanted);
            let wanted: Vec<Value> = wanted.into_iter().collect();
            assert_eq!(take(&cloud.metrics), wanted, "{status:?} {cause:?}");
        }
    }
    let cloud = cloud(MetricLevel::All);
    cloud.measure_answer("report", None, &settled);
    assert_eq!(take(&cloud.metrics), [Value::Null; 0]);
}

fn record(status: Status, cause: Cause, made: UnixMillis) -> Record {
    use lock_core::action::Action;
    use lock_core::id::CommandId;
    let id = CommandId::from_text("c1");
    Record {
        status,
        command: Some(Command::new(id, Action::Lock, cause, made, None)),
        ..Record::created(LockName::new(NAME).unwrap(), made)
    }
}
