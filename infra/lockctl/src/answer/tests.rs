//! The answer of each command on made-up records: what a person reads, line by line.

use anyhow::anyhow;
use lock_aws::Register;
use lock_core::binding::{Actions, Binding};
use lock_core::command::Version;
use lock_core::event::{Event, Kind, Subject};
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::{Reason, Verdict};
use lock_core::record::Record;
use lock_core::time::UnixMillis;
use lock_core::{BindWish, ForgetRefusal};

mod label;
mod retirement;

use super::*;
use crate::lock_command::LockCommand;
use crate::recover::Recovery;
use crate::{bind, forget, history, recover, revoke, status};

const THEN: UnixMillis = UnixMillis(1_000_000);

fn lock(name: &str) -> LockName {
    LockName::new(name).expect("a name")
}

fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").expect("a name")
}

/// The binding of button-1 to this lock.
fn binding(bound: Option<&str>, enabled: bool) -> Binding {
    Binding {
        button: button(),
        lock: bound.map(lock),
        actions: Actions::default(),
        enabled,
        revision: 1,
        bound_at: Some(THEN),
        last_press: None,
        battery_mv: None,
    }
}

fn recovery(lock: &LockName, outcome: Result<LockCommand>) -> Recovery {
    Recovery {
        lock: lock.clone(),
        warning: None,
        outcome,
    }
}

/// Names without labels.
fn nobody() -> Names {
    Names::default()
}

fn list(buttons: Vec<ButtonSerial>, bindings: &[Binding]) -> Vec<String> {
    let register = Register {
        buttons,
        ..Register::default()
    };
    bind::list_answer(&register, bindings).lines
}

const COMMAND: LockCommand = LockCommand {
    version: Version(8),
};

fn wish(forget_last_press: bool) -> BindWish {
    BindWish {
        actions: Actions::default(),
        forget_last_press,
    }
}

#[test]
fn bind_names_what_it_replaces_and_the_lock_it_leaves() {
    let now = "button-1 now commands lock-2: single toggle, double lock, long unlock";
    let never = Binding {
        bound_at: None,
        ..binding(None, true)
    };
    // binding before, forget the last press, lock command => lines after the first
    for (before, forget, sent, wanted) in [
        (never, false, None, &[][..]),
        (
            binding(None, true),
            false,
            None,
            &["it commanded no lock before"],
        ),
        (
            binding(Some("lock-2"), true),
            false,
            None,
            &["it already commanded lock-2: single toggle, double lock, long unlock"],
        ),
        (
            binding(Some("lock-2"), false),
            true,
            None,
            &[
                "it commanded lock-2 before, and was revoked",
                "its last sequence is forgotten: the next press counts",
            ],
        ),
        (
            binding(Some("lock-1"), true),
            false,
            Some(COMMAND),
            &[
                "it commanded lock-1 before",
                "lock-1 is not known to be locked: lock command v8 is committed, and the sweep \
                 will send it within a minute",
            ],
        ),
    ] {
        let after = binding(Some("lock-2"), true);
        let answer = bind::bound_answer(&before, &after, &nobody(), &wish(forget), sent.as_ref());
        assert_eq!(answer.lines[0], now);
        assert_eq!(answer.lines[1..], *wanted, "{before:?}");
        assert_eq!(answer.body["locked"], json!(sent.map(|sent| sent.version)));
        assert_eq!(answer.body["binding"]["lock"], "lock-2");
    }
}

#[test]
fn unbind_and_revoke_name_the_lock_and_its_command() {
    for (bound, sent, wanted) in [
        (
            None,
            None,
            &["button-1 was not bound to a lock: nothing changed"][..],
        ),
        (
            Some("lock-1"),
            None,
            &["button-1 no longer commands lock-1; it stays registered"],
        ),
        (
            Some("lock-1"),
            Some(&COMMAND),
            &[
                "button-1 no longer commands lock-1; it stays registered",
                "lock-1 is not known to be locked: lock command v8 is committed, and the sweep \
                 will send it within a minute",
            ],
        ),
    ] {
        let answer = bind::unbound_answer(&binding(bound, true), &nobody(), sent);
        assert_eq!(answer.lines, wanted);
        let locked = sent.map(|sent| sent.version);
        assert_eq!(answer.body["locked"], json!(locked));
    }

    let door = lock("lock-1");
    for (bound, verdict, sent, wanted) in [
        (
            Some(&door),
            Verdict::Ignored,
            None,
            &["button-1 was already revoked: nothing changed"][..],
        ),
        (
            None,
            Verdict::Noted,
            None,
            &["button-1 is revoked; it is not bound to a lock"],
        ),
        (
            Some(&door),
            Verdict::Command,
            Some(&COMMAND),
            &[
                "button-1 no longer commands lock-1: its presses are ignored",
                "lock-1 is not known to be locked: lock command v8 is committed, and the sweep \
                 will send it within a minute",
            ],
        ),
    ] {
        let answer = revoke::revoked_answer(
            &button(),
            bound,
            &nobody(),
            (verdict, &Reason::REVOKED),
            sent,
        );
        assert_eq!(answer.lines, wanted);
        assert_eq!(answer.body["reason"], "revoked");
        assert!(!answer.has_failed, "{wanted:?}");
    }
}

#[test]
fn bindings_shows_every_registered_button() {
    let never = Binding {
        bound_at: None,
        ..binding(None, true)
    };
    let unbound = "button-1     not bound to a lock";
    for (registered, bindings, wanted) in [
        (
            vec![],
            vec![],
            "no buttons yet: `lockctl register button NAME` registers one",
        ),
        (vec![button()], vec![never], unbound),
        (
            vec![button()],
            vec![binding(Some("lock-1"), false)],
            "button-1     revoked: no longer commands lock-1",
        ),
        (
            vec![button()],
            vec![],
            "button-1: registered, but its binding is missing; `lockctl register button button-1 \
             --record-only` creates it",
        ),
    ] {
        assert_eq!(list(registered, &bindings), [wanted]);
    }
    let line = list(vec![button()], &[binding(Some("lock-1"), true)]);
    let wanted = "button-1     commands lock-1: single toggle, double lock, long unlock (since ";
    assert!(line[0].starts_with(wanted), "{line:?}");
}

#[test]
fn a_refusal_to_forget_says_what_to_do_first() {
    for (refusal, wanted) in [
        (
            ForgetRefusal::Bound(vec![button()]),
            "buttons are bound to it: button-1; first `lockctl unbind button-1`",
        ),
        (
            ForgetRefusal::MayBeOpen,
            "it may be open: it is not known to be locked; lock it first, or pass --gone if it \
             was taken down or is dead",
        ),
    ] {
        assert_eq!(forget::advice(&refusal), wanted);
    }
}

#[test]
fn recover_reports_each_lock_and_fails_if_one_failed() {
    let (first, second) = (lock("lock-1"), lock("lock-2"));
    let recovered = "lock-1: unknown until it reports; lock command v8 is committed, and the sweep \
                     will send it within a minute, after it has read its shadow";
    let answer = recover::recovered_answer(&[], &nobody(), &[]);
    assert_eq!(answer.lines, ["no locks to recover"]);
    let answer = recover::recovered_answer(
        &[
            recovery(&first, Ok(COMMAND)),
            recovery(&second, Err(anyhow!("no version left"))),
        ],
        &nobody(),
        &["button-1".to_owned()],
    );
    let wanted = [
        recovered,
        "lock-2: no version left",
        "buttons enabled in the table: button-1; repeat each revocation newer than the backup \
         (`lockctl revoke BUTTON`)",
        "1 of 2 locks were not recovered",
    ];
    assert_eq!(answer.lines, wanted);
    assert!(answer.has_failed);
    assert_eq!(answer.body["enabledButtons"], json!(["button-1"]));
    let answer = recover::recovered_answer(&[recovery(&first, Ok(COMMAND))], &nobody(), &[]);
    assert_eq!(answer.lines, [recovered]);
    assert!(!answer.has_failed);
    assert_eq!(answer.body["locks"][0].get("warning"), None);
}

#[test]
fn recover_repeats_its_warning_about_a_report_for_scripts() {
    let warned = Recovery {
        warning: Some("it cannot be read".to_owned()),
        ..recovery(&lock("lock-1"), Ok(COMMAND))
    };
    let answer = recover::recovered_answer(&[warned], &nobody(), &[]);
    // People read it on standard error, where all warnings are.
    assert_eq!(answer.lines.len(), 1);
    assert!(!answer.has_failed);
    let wanted = json!({ "lock": "lock-1", "label": null, "room": null, "recovered": true,
        "warning": "it cannot be read" });
    assert_eq!(answer.body["locks"][0], wanted);
}

#[test]
fn status_shows_every_registered_lock() {
    let record = Record::created(lock("lock-1"), THEN);
    for (locks, records, wanted) in [
        (
            vec![],
            vec![],
            "no locks yet: `lockctl register lock NAME` registers one",
        ),
        (
            vec![lock("lock-1")],
            vec![record],
            "lock-1       unknown: never reported (unresponsive, v0)",
        ),
        (
            vec![lock("lock-1")],
            vec![],
            "lock-1: registered, but its record is missing; `lockctl register lock lock-1 \
             --record-only` creates it",
        ),
    ] {
        let answer = status::status_answer(&locks, &records, &nobody(), THEN, None);
        assert_eq!(answer.lines, [wanted]);
    }
}

#[test]
fn history_tells_a_registered_name_without_events_from_an_unknown_one() {
    let (name, record) = (lock("lock-1"), Record::created(lock("lock-1"), THEN));
    let week = Limits {
        event_ttl_ms: 7 * 86_400_000,
        ..Limits::default()
    };
    for (record, limits, wanted) in [
        (
            None,
            Some(&week),
            "nothing is known about lock-1: give the thing name of a lock or the serial number of \
             a button; case matters",
        ),
        (
            Some(&record),
            Some(&week),
            "lock-1 is a registered lock; it has no events in the last 7 days",
        ),
        (
            Some(&record),
            None,
            "lock-1 is a registered lock; it has no events",
        ),
    ] {
        let answer = history::history_answer(&name, &nobody(), &[], record, None, limits);
        assert_eq!(answer.lines, [wanted]);
    }
    let event = Event::new(Subject::Lock(name), Kind::Press, THEN, "p1".into(), &week);
    let event = Event {
        button: Some(button()),
        ..event.with_decision(Verdict::Ignored, Reason::STALE)
    };
    let bound = binding(Some("lock-2"), true);
    let answer = history::history_answer(
        &lock("button-1"),
        &nobody(),
        &[event],
        None,
        Some(&bound),
        None,
    );
    let [first, second] = &answer.lines[..] else {
        panic!("{:?}", answer.lines);
    };
    assert!(first.ends_with("ignored: stale"), "{first}");
    let wanted = "button-1 is bound to lock-2: its presses are in `lockctl history lock-2`";
    assert_eq!(second, wanted);
    assert_eq!(answer.body["registered"], true);
}

#[test]
fn an_end_is_put_into_words_with_its_time() {
    use crate::outcome::End;
    let record = || Box::new(Record::created(lock("lock-1"), THEN));
    for (end, wanted) in [
        (End::Done(record()), "lock-1 is unknown after 1.2 s"),
        (End::TooLate(record()), "the unlock came too late: RECORD"),
        (
            End::Superseded(record()),
            "superseded by another command: RECORD",
        ),
        (
            End::Silent(record()),
            "no answer in 1 s, but the command may still have been carried out: RECORD",
        ),
        (End::Forgotten, "the lock was forgotten in the meantime"),
    ] {
        assert_eq!(end.line(&nobody(), 1.2, |_| "RECORD".to_owned()), wanted);
    }
}
