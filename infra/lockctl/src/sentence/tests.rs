//! Records and events as lines, in tables.

use laptop::view::{cause, record, refusal};
use lock_core::event::{Kind, Subject};
use lock_core::id::CommandId;
use lock_core::limits::LimitSettings;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Cause, Command, Reported};
use lock_core::report::Latch;
use lock_core::time::UnixSeconds;
use serde_json::{Value, json};

use super::*;
use crate::status::status_answer;

/// When the command was created and the last report arrived.
const THEN: UnixMillis = UnixMillis(1_000_000);

fn lock() -> LockName {
    LockName::new("lock-1").expect("a name")
}

fn button_1() -> Cause {
    Cause::Button {
        button: ButtonSerial::new("button-1").expect("a name"),
    }
}

fn system(reason: &Reason) -> Cause {
    Cause::System {
        reason: reason.code().to_owned(),
    }
}

fn reported(change: &Value) -> Reported {
    let mut report = json!({
        "lock": "locked", "version": 7, "commandId": "c", "result": "executed", "source": "remote",
        "refused": null, "bootCount": 1, "clock": "synced", "firmware": "1.0.0", "rssi": -61,
        "door": null
    });
    for (name, value) in change.as_object().expect("an object") {
        report[name] = value.clone();
    }
    Reported {
        report: serde_json::from_value(report).expect("a report"),
        shadow_version: 3,
        shadow_at: UnixSeconds(THEN.0 / 1000),
        at: THEN,
    }
}

/// A record of a lock that has reported, with a command of this action and cause; an unlock lives
/// for `ttl_ms`.
fn record_of(status: Status, action: Action, cause: Cause, ttl_ms: u64) -> Record {
    let expires_at = (action == Action::Unlock).then(|| THEN.plus(ttl_ms));
    let command = Command::new(CommandId::from_text("c"), action, cause, THEN, expires_at);
    Record {
        status,
        state: Latch::Locked,
        reported: Some(reported(&json!({}))),
        command: Some(command),
        ..Record::created(lock(), THEN)
    }
}

fn limits(command_ttl_ms: u64) -> Limits {
    Limits::new(LimitSettings {
        command_ttl_ms,
        ..LimitSettings::default()
    })
    .expect("limits")
}

fn line_after(record: &Record, after_s: u64, limits: Option<&Limits>) -> String {
    record_line(record, &Names::default(), THEN.plus(after_s * 1000), limits)
}

#[test]
fn the_line_gives_state_certainty_and_age() {
    let limits = limits(30_000);
    for (status, change, after_s, wanted) in [
        (
            Status::Settled,
            json!({}),
            3,
            "locked, acknowledged 3 s ago (settled, v0)",
        ),
        (
            Status::Settled,
            json!({"door": "closed"}),
            3,
            "locked, sensed 3 s ago, door closed (settled, v0)",
        ),
        (
            Status::Settled,
            json!({"result": "expired"}),
            3,
            "locked, acknowledged 3 s ago; the unlock came too late (settled, v0)",
        ),
        (
            Status::Pending,
            json!({}),
            3,
            "locked, assumed: reported 3 s ago, unlock is under way (button button-1) (pending, \
             v0)",
        ),
        (
            Status::Pending,
            json!({"refused": {"commandId": "c", "reason": "clock"}}),
            3,
            "locked, assumed: reported 3 s ago, unlock is under way (button button-1); refused: \
             clock (pending, v0)",
        ),
        (
            Status::Pending,
            json!({"refused": {"commandId": "older", "reason": "clock"}}),
            3,
            "locked, assumed: reported 3 s ago, unlock is under way (button button-1) (pending, \
             v0)",
        ),
        (
            Status::Pending,
            json!({}),
            240,
            "unknown: no answer for 4 min, last reported locked (pending, v0)",
        ),
        (
            Status::Unresponsive,
            json!({"refused": {"commandId": "c", "reason": "journal"}}),
            3,
            "unknown: no answer for 3 s, last reported locked; refused: journal (unresponsive, v0)",
        ),
        (
            Status::Pending,
            json!({"refused": {"commandId": "c", "reason": "implausible"}}),
            3,
            "locked, assumed: reported 3 s ago, unlock is under way (button button-1); \
             refused: implausible (its version is more than a day ahead of the lock's clock) \
             (pending, v0)",
        ),
        (
            Status::Settled,
            json!({"settings": "kept"}),
            3,
            "locked, acknowledged 3 s ago; settings kept: conf9.json is missing or \
             damaged (settled, v0)",
        ),
        (
            Status::Settled,
            json!({
                "settings": "stated", "clockUncertaintyMs": 1043, "relockMs": 30_000, "pulseMs": 0
            }),
            3,
            "locked, acknowledged 3 s ago (settled, v0)",
        ),
    ] {
        let record = Record {
            reported: Some(reported(&change)),
            ..record_of(status, Action::Unlock, button_1(), 30_000)
        };
        assert_eq!(
            line_after(&record, after_s, Some(&limits)),
            format!("lock-1       {wanted}")
        );
    }
}

#[test]
fn a_pending_command_is_judged_by_the_limits_of_the_deployment_alone() {
    use Certainty::{Assumed, Unknown};
    // action, life of an unlock, limits known, seconds since => how sure
    for (action, ttl_ms, known, after_s, wanted) in [
        (Action::Unlock, 120_000, true, 64, Assumed),
        (Action::Unlock, 120_000, true, 129, Assumed),
        (Action::Unlock, 120_000, true, 130, Unknown),
        (Action::Unlock, 120_000, false, 64, Assumed),
        (Action::Unlock, 30_000, true, 39, Assumed),
        (Action::Unlock, 30_000, true, 40, Unknown),
        (Action::Unlock, 30_000, false, 40, Unknown),
        (Action::Lock, 120_000, true, 64, Assumed),
        (Action::Lock, 120_000, true, 120, Unknown),
        (Action::Lock, 30_000, true, 29, Assumed),
        (Action::Lock, 30_000, true, 30, Unknown),
        (Action::Lock, 30_000, false, 3_600, Assumed),
    ] {
        let record = record_of(Status::Pending, action, button_1(), ttl_ms);
        let limits = limits(ttl_ms);
        let now = THEN.plus(after_s * 1000);
        let certainty = Certainty::of(&record, now, known.then_some(&limits));
        let case = format!("{action:?} {ttl_ms} known={known} after {after_s} s");
        assert_eq!(certainty, wanted, "{case}");
    }
}

#[test]
fn a_waiting_system_lock_and_a_contested_lock_are_named() {
    let limits = limits(30_000);
    let mut record = record_of(
        Status::Pending,
        Action::Lock,
        system(&Reason::VERSION_BEHIND),
        0,
    );
    let command = record.command.as_mut().expect("a command");
    command.created_at = THEN.plus(8_000);
    command.system_locks = 3;
    *command = command.clone().into_unsent();
    assert_eq!(
        line_after(&record, 3, Some(&limits)),
        "lock-1       locked, assumed: reported 3 s ago, lock waits for its turn, 5 s more \
         (system: version behind) (pending, v0)"
    );
    record.command.as_mut().expect("a command").system_locks = SYSTEM_LOCKS_CONTESTED;
    let line = line_after(&record, 3, Some(&limits));
    let wanted = "; contested: 4 system locks in a row, something undoes them (pending, v0)";
    assert!(line.ends_with(wanted), "{line}");
}

#[test]
fn the_refusal_of_an_unlock_is_shown_until_the_system_lock_is_answered() {
    let refused = json!({"refused": {"commandId": "the unlock", "reason": "clock"}});
    for (reason, wanted) in [
        (Reason::UNLOCK_REFUSED, Some("clock")),
        (Reason::UNLOCK_NOT_ANSWERED, None),
    ] {
        let ended = Record {
            reported: Some(reported(&refused)),
            ..record_of(Status::Pending, Action::Lock, system(&reason), 0)
        };
        assert_eq!(refusal(&ended), wanted, "{reason}");
        assert_eq!(
            record(&ended, &Names::default(), THEN, None)["refused"],
            json!(wanted)
        );
    }
}

#[test]
fn clock_uncertainty_and_settings_are_in_the_json() {
    let settings =
        json!({"settings": "kept", "clockUncertaintyMs": 1043, "relockMs": 30_000, "pulseMs": 0});
    let reporting = Record {
        reported: Some(reported(&settings)),
        ..Record::created(lock(), THEN)
    };
    let shown = record(&reporting, &Names::default(), THEN, None);
    for (field, value) in settings.as_object().expect("an object") {
        assert_eq!(&shown["reported"][field], value, "{field}");
    }
}

#[test]
fn a_lock_that_never_reported_is_unknown() {
    let created = Record::created(lock(), THEN);
    assert_eq!(
        line_after(&created, 10, None),
        "lock-1       unknown: never reported (unresponsive, v0)"
    );
    assert_eq!(
        record(&created, &Names::default(), THEN, None)["certainty"],
        "unknown"
    );
    let asked = Record {
        reported: None,
        ..record_of(Status::Pending, Action::Lock, button_1(), 0)
    };
    assert_eq!(
        line_after(&asked, 10, None),
        "lock-1       unknown: never reported, lock is under way (button button-1) (pending, v0)"
    );
}

#[test]
fn a_cause_is_put_into_words() {
    for (cause_of, text) in [
        (button_1(), "button button-1"),
        (
            Cause::Request {
                actor: Some("alice".to_owned()),
            },
            "request by alice",
        ),
        (Cause::Request { actor: None }, "request"),
        (
            system(&Reason::UNLOCK_NOT_ANSWERED),
            "system: unlock not answered",
        ),
    ] {
        assert_eq!(cause(&cause_of, &Names::default()), text);
    }
}

#[test]
fn a_shared_event_gives_the_number_of_presses_and_the_time_of_the_last() {
    let event = Event {
        button: Some(ButtonSerial::new("button-1").expect("a name")),
        click: Some(lock_core::action::ClickType::Single),
        ..Event::new(
            Subject::Lock(lock()),
            Kind::Press,
            THEN,
            "p1".to_owned(),
            &limits(30_000),
        )
    };
    let event = event.with_decision(Verdict::Ignored, Reason::STALE);
    assert!(event_line(&event, &Names::default()).ends_with("  button-1 SINGLE: ignored: stale"));
    let shared = Event {
        count: Some(3),
        last_at: Some(THEN.plus(20_000)),
        ..event
    };
    let last = when::clock(THEN.0 + 20_000);
    let wanted = format!("  button-1 SINGLE: ignored: stale (3 times), the last at {last}");
    assert!(
        event_line(&shared, &Names::default()).ends_with(&wanted),
        "{}",
        event_line(&shared, &Names::default())
    );
}

#[test]
fn json_gives_the_age_of_the_report_that_the_line_gives() {
    let mut record = record_of(Status::Settled, Action::Lock, button_1(), 0);
    let age_s = |record: &Record, after_ms: u64| {
        let now = THEN.plus(after_ms);
        let lock = std::slice::from_ref(&record.lock);
        let record = std::slice::from_ref(record);
        let answer = status_answer(lock, record, &Names::default(), now, None);
        answer.body["locks"][0]["ageS"].clone()
    };
    assert_eq!(age_s(&record, 3_999), json!(3));
    assert_eq!(age_s(&record, 0), json!(0));
    record.reported = None;
    assert_eq!(age_s(&record, 3_999), json!(null));
}

#[test]
fn what_follows_the_names_of_a_list_is_aligned_but_for_one_that_is_too_long() {
    let columns = |names: &[&str]| {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        name_columns(&names)
    };
    assert_eq!(columns(&["lock-1", "lock-22"]), 12);
    assert_eq!(columns(&["lock-1", "Front door, Hall (lock-1)"]), 25);
    assert_eq!(columns(&["lock-1", &"long ".repeat(20)]), 12);
    assert_eq!(columns(&[]), 12);
}
