//! Messages that were given up, and the events that they leave.

use crate::action::{ClickType, Intent};
use crate::binding::Binding;
use crate::decide::decide_given_up;
use crate::event::Subject;
use crate::failure::{Failure, Message};
use crate::limits::Limits;
use crate::name::{ButtonSerial, LockName};
use crate::reason::{Alert, Reason, Verdict};
use crate::record::Record;
use crate::report::{Latch, Source};
use crate::time::UnixMillis;
use crate::write::Writes;

const AT: UnixMillis = UnixMillis(1_770_000_000_000);

fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").unwrap()
}

fn binding(lock: Option<LockName>, enabled: bool) -> Binding {
    Binding {
        lock,
        enabled,
        ..Binding::new(button(), 3)
    }
}

fn failure(message: Message) -> Failure {
    Failure {
        id: "8f0e".to_owned(),
        message,
        at: AT,
        reason: Reason::EVENT_AGE,
        detail: "2 attempts: store: timed out".to_owned(),
    }
}

fn press(click: Option<ClickType>) -> Failure {
    failure(Message::Press {
        button: button(),
        click,
        sequence: Some(412),
        principal: Some("ab12".to_owned()),
    })
}

fn request(intent: Option<Intent>) -> Failure {
    failure(Message::Request {
        lock: lock(),
        intent,
        actor: Some("alice".to_owned()),
        principal: Some("cd34".to_owned()),
    })
}

fn report(reported: Option<(Latch, Source)>) -> Failure {
    failure(Message::Report {
        lock: lock(),
        reported,
    })
}

#[test]
fn a_failure_leaves_one_event_in_the_history_that_it_belongs_to() {
    let limits = Limits::default();
    let record = Record::created(lock(), AT);
    let bound = binding(Some(lock()), true);
    let revoked = binding(Some(lock()), false);
    let unbound = binding(None, true);
    let single = press(Some(ClickType::Single));
    let unknown = press(None);
    let cause = "given up: event age (2 attempts: store: timed out) [alert: given-up]";
    let rows = [
        // (failure, binding, record, subject, event without its end)
        (&single, Some(&bound), None, "lock-1", "button-1 SINGLE"),
        (&single, Some(&revoked), None, "lock-1", "button-1 SINGLE"),
        (&single, Some(&unbound), None, "button-1", "button-1 SINGLE"),
        (&single, None, None, "button-1", "button-1 SINGLE"),
        (&unknown, Some(&bound), None, "lock-1", "press"),
        (
            &request(Some(Intent::Unlock)),
            None,
            Some(&record),
            "lock-1",
            "alice requests unlock",
        ),
        (&request(None), None, Some(&record), "lock-1", "request"),
        (
            &report(Some((Latch::Jammed, Source::Manual))),
            None,
            Some(&record),
            "lock-1",
            "reports jammed (manual)",
        ),
        (&report(None), None, Some(&record), "lock-1", "report"),
    ];
    for (failure, binding, record, subject, start) in rows {
        let decision = decide_given_up(failure, binding, record, &limits).expect(start);
        assert_eq!(
            (decision.verdict, &decision.reason),
            (Verdict::GivenUp, &Reason::EVENT_AGE)
        );
        assert_eq!(decision.alerts, [Alert::GivenUp]);
        assert_eq!(decision.publish, None);
        let event = &decision.writes.event;
        assert_eq!(
            decision.writes,
            Writes::event_only(event.clone()),
            "nothing else"
        );
        let name = match &event.subject {
            Subject::Lock(lock) => lock.as_str(),
            Subject::Button(button) => button.as_str(),
        };
        assert_eq!(name, subject, "{event}");
        assert_eq!(event.to_string(), format!("{start}: {cause}"));
        assert_eq!((event.key.as_str(), event.at), ("given-up-8f0e", AT));
        assert_eq!(event.slot(), None, "never shared with other lines");
        // However often it is delivered, it makes the same event.
        let again = decide_given_up(failure, binding, record, &limits);
        assert_eq!(again, Some(decision));
    }
}

#[test]
fn a_failure_that_belongs_to_no_history_leaves_no_event() {
    let limits = Limits::default();
    let record = Record::created(lock(), AT);
    let bound = binding(Some(lock()), true);
    let rows = [
        (failure(Message::Sweep), Some(&bound), Some(&record)),
        (request(Some(Intent::Unlock)), Some(&bound), None),
        (report(Some((Latch::Locked, Source::Remote))), None, None),
    ];
    for (failure, binding, record) in rows {
        let decision = decide_given_up(&failure, binding, record, &limits);
        assert_eq!(decision, None, "{failure:?}");
    }
}

#[test]
fn an_event_keeps_what_is_known_of_the_press() {
    let limits = Limits::default();
    let bound = binding(Some(lock()), true);
    let decision = decide_given_up(&press(Some(ClickType::Long)), Some(&bound), None, &limits);
    let event = decision.unwrap().writes.event;
    assert_eq!(event.button, Some(button()));
    assert_eq!(event.sequence, Some(412));
    assert_eq!(event.intent, Some(Intent::Unlock));
    assert_eq!(event.principal.as_deref(), Some("ab12"));
    let record = Record::created(lock(), AT);
    let decision = decide_given_up(&request(None), None, Some(&record), &limits);
    let asked = decision.unwrap().writes.event;
    assert_eq!(asked.principal.as_deref(), Some("cd34"));
    let unexplained = Failure {
        detail: String::new(),
        ..press(None)
    };
    let decision = decide_given_up(&unexplained, Some(&bound), None, &limits);
    assert_eq!(decision.unwrap().writes.event.detail, None);
    assert_eq!(event.ttl, AT.plus(limits.event_ttl_ms).seconds());
}
