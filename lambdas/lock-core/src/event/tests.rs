//! Whole events: what each of them stores, and how a person reads it.

use serde_json::json;

use super::*;
use crate::label::{Label, Labels, Names};
use crate::limits::LimitSettings;
use crate::record::{Cause, Command};

const NOW: UnixMillis = UnixMillis(1_763_779_512_345);
/// A day after [`NOW`].
const TTL: u64 = 1_763_865_912;

fn limits() -> Limits {
    let event_ttl_days = 1;
    Limits::new(LimitSettings {
        event_ttl_days,
        ..LimitSettings::default()
    })
    .unwrap()
}

fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

fn press() -> Press {
    Press::parse(
        &json!({"button": "button-1", "clickType": "LONG", "sequence": 412, "pressedAt": 5,
        "receivedAt": NOW, "pressId": "p1", "principal": "ab12", "batteryVoltage": "1568mV"}),
    )
    .unwrap()
}

fn request() -> Request {
    Request::parse(
        &json!({"thing": "lock-1", "action": "unlock", "requestId": "r1", "actor": "alice",
        "requestedAt": NOW, "receivedAt": NOW, "principal": "cd34"}),
    )
    .unwrap()
}

fn report() -> ReportEvent {
    ReportEvent::parse(
        &json!({"thing": "lock-1", "shadowVersion": 17, "timestamp": 1_763_779_513,
        "reported": {"lock": "unlocked", "version": 7, "commandId": "c7", "result": "executed",
            "source": "manual",
            "refused": {"commandId": "c8", "reason": "clock"}, "bootCount": 7, "clock": "synced"}}),
    )
    .unwrap()
}

fn record() -> Record {
    let cause = Cause::Request { actor: None };
    let command = Command::new(CommandId::from_text("c7"), Action::Lock, cause, NOW, None);
    Record {
        version: Version(7),
        command: Some(command),
        ..Record::created(lock(), NOW)
    }
}

fn binding() -> Binding {
    Binding {
        lock: Some(lock()),
        ..Binding::new(press().button, 3)
    }
}

fn check(event: &Event, wanted: Value) {
    let stored = serde_json::to_value(event).unwrap();
    assert_eq!(stored, wanted);
    assert_eq!(&serde_json::from_value::<Event>(stored).unwrap(), event);
}

#[test]
fn the_event_of_a_press_says_who_pressed_how_and_what_it_asks_for() {
    let decided = |event: Event| event.with_decision(Verdict::Ignored, Reason::STALE);
    let intent = Some(Intent::Unlock);
    check(
        &decided(Event::of_press(&press(), Some(&lock()), intent, &limits())),
        json!({"subject": {"lock": "lock-1"}, "at": NOW, "key": "p1", "kind": "press",
            "decision": "ignored",
            "reason": "stale", "button": "button-1", "click": "LONG", "sequence": 412,
                "intent": "unlock",
            "principal": "ab12", "ttl": TTL}),
    );
    check(
        &decided(Event::of_press(&press(), None, None, &limits())),
        json!({"subject": {"button": "button-1"}, "at": NOW, "key": "p1", "kind": "press",
            "decision": "ignored",
            "reason": "stale", "button": "button-1", "click": "LONG", "sequence": 412,
                "principal": "ab12", "ttl": TTL}),
    );
}

#[test]
fn the_event_of_a_request_says_who_asked_and_who_was_allowed_to() {
    check(
        &Event::of_request(&request(), &limits())
            .with_decision(Verdict::Ignored, Reason::DUPLICATE),
        json!({"subject": {"lock": "lock-1"}, "at": NOW, "key": "r1", "kind": "request",
            "decision": "ignored",
            "reason": "duplicate", "intent": "unlock", "actor": "alice", "principal": "cd34",
                "ttl": TTL}),
    );
}

#[test]
fn the_event_of_a_report_says_where_the_latch_is_and_what_was_refused() {
    check(
        &Event::of_report(&report(), NOW, &limits())
            .with_decision(Verdict::Settled, Reason::EXECUTED),
        json!({"subject": {"lock": "lock-1"}, "at": NOW, "key": "shadow-17", "kind": "report",
            "decision": "settled",
            "reason": "executed", "latch": "unlocked", "source": "manual", "detail": "clock",
                "ttl": TTL}),
    );
}

#[test]
fn the_events_of_the_sweep_and_of_an_operator_name_the_command_they_found() {
    check(
        &Event::of_sweep(&record(), NOW, &limits()).with_decision(Verdict::Noted, Reason::AWAITED),
        json!({"subject": {"lock": "lock-1"}, "at": NOW, "key": "due-7", "kind": "sweep",
            "decision": "noted",
            "reason": "awaited", "version": 7, "commandId": "c7", "ttl": TTL}),
    );
    check(
        &Event::of_binding(Kind::Revoke, &binding(), Some("alice"), NOW, &limits())
            .with_decision(Verdict::Noted, Reason::REVOKED),
        json!({"subject": {"lock": "lock-1"}, "at": NOW, "key": "revoke-button-1-3",
            "kind": "revoke",
            "decision": "noted", "reason": "revoked", "button": "button-1", "actor": "alice",
                "ttl": TTL}),
    );
    check(
        &Event::of_record(Kind::Recover, &record(), Some("alice"), NOW, &limits())
            .with_decision(Verdict::Command, Reason::RECOVERED),
        json!({"subject": {"lock": "lock-1"}, "at": NOW, "key": "recover-7", "kind": "recover",
            "decision": "command",
            "reason": "recovered", "actor": "alice", "version": 7, "ttl": TTL}),
    );
}

#[test]
fn the_events_of_the_register_name_the_lock_or_the_button() {
    let button = Subject::Button(press().button);
    let decided = |event: Event| event.with_decision(Verdict::Noted, Reason::REGISTERED);
    check(
        &decided(Event::of_register(button, Some("alice"), NOW, &limits())),
        json!({"subject": {"button": "button-1"}, "at": NOW, "key": "register", "kind": "register",
            "decision": "noted", "reason": "registered", "button": "button-1", "actor": "alice",
                "ttl": TTL}),
    );
    check(
        &decided(Event::of_register(
            Subject::Lock(lock()),
            None,
            NOW,
            &limits(),
        )),
        json!({"subject": {"lock": "lock-1"}, "at": NOW, "key": "register", "kind": "register",
            "decision": "noted", "reason": "registered", "ttl": TTL}),
    );
    check(
        &Event::of_record(Kind::Forget, &record(), Some("alice"), NOW, &limits())
            .with_decision(Verdict::Noted, Reason::FORGOTTEN),
        json!({"subject": {"lock": "lock-1"}, "at": NOW, "key": "forget-7", "kind": "forget",
            "decision": "noted", "reason": "forgotten", "actor": "alice", "version": 7,
                "ttl": TTL}),
    );
}

#[test]
fn the_event_of_an_unreadable_message_goes_to_its_sender() {
    let refusal = Refusal::MissingField("clickType");
    let line = |message: &Value| Event::of_refusal(message, &refusal, NOW, &limits());
    let wanted = |subject: Value, kind: &str, key: &str, at: u64| {
        json!({"subject": subject, "at": at, "key": key, "kind": kind, "decision": "refused",
            "reason": "missing-field",
            "detail": "missing field clickType", "ttl": at / 1000 + 86_400})
    };
    let mut of_button = wanted(json!({"button": "button-1"}), "press", "p1", 5_000);
    of_button["button"] = json!("button-1");
    let press = json!({"button": "button-1", "pressId": "p1", "receivedAt": 5_000});
    check(&line(&press).unwrap(), of_button);
    let lock = json!({"lock": "lock-1"});
    for (message, wanted) in [
        (
            json!({"thing": "lock-1", "requestId": "r1", "receivedAt": 5_000}),
            wanted(lock.clone(), "request", "r1", 5_000),
        ),
        (
            json!({"thing": "lock-1", "shadowVersion": 17}),
            wanted(lock.clone(), "report", "shadow-17", NOW.0),
        ),
        (
            json!({"thing": "lock-1", "shadowVersion": "x", "receivedAt": -1}),
            wanted(lock.clone(), "report", "refused", NOW.0),
        ),
        (
            json!({"thing": "lock-1", "requestId": ""}),
            wanted(lock, "request", "refused", NOW.0),
        ),
    ] {
        check(&line(&message).unwrap(), wanted);
    }
    for without_sender in [
        json!("text"),
        json!({}),
        json!({"button": "a/b"}),
        json!({"thing": "a/b"}),
        json!({"button": ""}),
        json!({"button": "button-1", "thing": "lock-1"}),
    ] {
        assert_eq!(line(&without_sender), None, "{without_sender}");
    }
    let long = Refusal::UnknownWord {
        field: "clickType",
        word: "ü".repeat(500),
    };
    let detail = Event::of_refusal(&press, &long, NOW, &limits())
        .unwrap()
        .detail;
    assert_eq!(
        detail.unwrap().chars().count(),
        200,
        "no message fills the table"
    );
}

#[test]
fn a_person_reads_who_did_what_and_why() {
    let version = Some(Version(8));
    let commands = |event: Event, action| Event {
        action: Some(action),
        version,
        ..event.with_decision(Verdict::Command, Reason::PRESSED)
    };
    let pressed = Event::of_press(&press(), Some(&lock()), None, &limits());
    let asked = Event::of_request(&request(), &limits());
    let nobody = Request {
        actor: None,
        ..request()
    };
    let reports = Event::of_report(&report(), NOW, &limits());
    let mut settled = reports
        .clone()
        .with_decision(Verdict::Settled, Reason::EXECUTED);
    settled.alerts = vec![Alert::Jammed, Alert::Unresponsive];
    let quiet = Event {
        detail: None,
        ..reports.with_decision(Verdict::Noted, Reason::NOT_SEEN)
    };
    let revokes = |actor| Event::of_binding(Kind::Revoke, &binding(), actor, NOW, &limits());
    let rows = [
        (
            commands(pressed.clone(), Action::Unlock),
            "button-1 LONG: unlock v8 (pressed)",
        ),
        (
            pressed.with_decision(Verdict::Ignored, Reason::QUIET_WINDOW),
            "button-1 LONG: ignored: quiet window",
        ),
        (
            commands(asked.clone(), Action::Lock),
            "alice requests unlock: lock v8 (pressed)",
        ),
        (
            asked.with_decision(Verdict::Ignored, Reason::STALE),
            "alice requests unlock: ignored: stale",
        ),
        (
            Event::of_request(&nobody, &limits()).with_decision(Verdict::Ignored, Reason::STALE),
            "someone requests unlock: ignored: stale",
        ),
        (
            settled,
            "reports unlocked (manual): settled: executed (clock) [alert: jammed, unresponsive]",
        ),
        (quiet, "reports unlocked (manual): noted: not seen"),
        (
            Event::of_sweep(&record(), NOW, &limits())
                .with_decision(Verdict::Resend, Reason::NOT_ANSWERED),
            "sweep: resend: not answered",
        ),
        (
            revokes(Some("alice")).with_decision(Verdict::Noted, Reason::REVOKED),
            "alice revokes button-1: noted: revoked",
        ),
        (
            commands(revokes(None), Action::Lock),
            "someone revokes button-1: lock v8 (pressed)",
        ),
        (
            commands(
                Event::of_record(Kind::Recover, &record(), Some("alice"), NOW, &limits()),
                Action::Lock,
            ),
            "alice recovers: lock v8 (pressed)",
        ),
        (
            Event::of_refusal(
                &json!({"thing": "lock-1"}),
                &Refusal::Malformed("no JSON"),
                NOW,
                &limits(),
            )
            .unwrap(),
            "request: refused: malformed (malformed message: no JSON)",
        ),
    ];
    for (event, line) in rows {
        assert_eq!(event.to_string(), line);
    }
}

#[test]
fn ignored_presses_of_one_button_for_one_reason_share_the_event_of_their_minute() {
    let limits = limits();
    let minute = NOW.0 - NOW.0 % 60_000;
    let slot = |at, key: &str| {
        Some(Slot {
            at: UnixMillis(at),
            key: key.to_owned(),
        })
    };
    let pressed = |at| {
        let press = Press {
            received_at: UnixMillis(at),
            ..press()
        };
        Event::of_press(&press, Some(&lock()), None, &limits)
    };
    for (after_ms, begun) in [(0, minute), (59_999, minute), (60_000, minute + 60_000)] {
        let ignored = pressed(minute + after_ms).with_decision(Verdict::Ignored, Reason::STALE);
        assert_eq!(ignored.slot(), slot(begun, "ignored-button-1-stale"));
    }
    let refusal = Refusal::MissingField("clickType");
    let message = json!({"button": "button-1", "pressId": "p1"});
    let refused = Event::of_refusal(&message, &refusal, NOW, &limits).unwrap();
    assert_eq!(
        refused.slot(),
        slot(minute, "refused-button-1-missing-field")
    );
    let none = [
        pressed(minute).with_decision(Verdict::Command, Reason::PRESSED),
        pressed(minute).with_decision(Verdict::Resend, Reason::RETRY),
        Event::of_request(&request(), &limits).with_decision(Verdict::Ignored, Reason::STALE),
        Event::of_report(&report(), NOW, &limits)
            .with_decision(Verdict::Ignored, Reason::DUPLICATE),
        Event::of_binding(Kind::Revoke, &binding(), None, NOW, &limits)
            .with_decision(Verdict::Ignored, Reason::REVOKED),
    ];
    for event in none {
        assert_eq!(event.slot(), None, "{event}");
    }
}

#[test]
fn a_shared_event_counts_its_messages() {
    let ignored = Event::of_press(&press(), Some(&lock()), None, &limits())
        .with_decision(Verdict::Ignored, Reason::STALE);
    for (count, line) in [
        (None, "button-1 LONG: ignored: stale"),
        (Some(1), "button-1 LONG: ignored: stale"),
        (Some(2), "button-1 LONG: ignored: stale (2 times)"),
    ] {
        let event = Event {
            count,
            ..ignored.clone()
        };
        assert_eq!(event.to_string(), line);
    }
}

#[test]
fn the_event_of_a_button_that_is_bound_to_no_lock_is_in_its_own_history() {
    let unbound = Binding {
        lock: None,
        ..binding()
    };
    let event = Event::of_binding(Kind::Revoke, &unbound, None, NOW, &limits());
    assert_eq!(event.subject, Subject::Button(binding().button));
}

#[test]
fn a_line_shows_the_labels_of_its_lock_and_its_button() {
    let labels = |text| Labels {
        label: Some(Label::new(text).unwrap()),
        room: None,
    };
    let mut names = Names::default();
    names.insert(Subject::Lock(lock()), labels("Front door"));
    names.insert(Subject::Button(press().button), labels("hall"));
    let stale = |event: Event| event.with_decision(Verdict::Ignored, Reason::STALE);
    let alice = Some("alice");
    for (event, wanted) in [
        (
            stale(Event::of_press(&press(), Some(&lock()), None, &limits())),
            "hall (button-1) LONG: ignored: stale",
        ),
        (
            Event::of_register(Subject::Lock(lock()), alice, NOW, &limits())
                .with_decision(Verdict::Noted, Reason::REGISTERED),
            "alice registers Front door (lock-1): noted: registered",
        ),
        (
            Event::of_binding(Kind::Revoke, &binding(), alice, NOW, &limits())
                .with_decision(Verdict::Noted, Reason::REVOKED),
            "alice revokes hall (button-1): noted: revoked",
        ),
    ] {
        assert_eq!(event.with_names(&names).to_string(), wanted);
        assert_eq!(
            event.with_names(&Names::default()).to_string(),
            event.to_string()
        );
    }
}
