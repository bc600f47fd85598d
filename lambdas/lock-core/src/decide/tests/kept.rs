//! What a decision stores apart from the command, and its conditions.

use super::*;
use crate::binding::CausedCommand;
use crate::limits::REQUEST_TTL_MS;
use crate::report::ReportEvent;
use crate::write::{BindingChange, BindingUpdate, BindingWrite, Newer, PressNote, RequestMark};

/// Bound, with a last press 9 s ago of sequence 5.
fn binding() -> Binding {
    Binding {
        last_press: Some(LastPress {
            press_id: "p1".to_owned(),
            at: NOW.minus(9_000),
            sequence: Some(5),
            command: None,
        }),
        ..super::binding()
    }
}

fn press(click: ClickType, sequence: Option<u64>) -> Press {
    Press {
        button: button(),
        click,
        sequence,
        pressed_at: Some(NOW.minus(700)),
        good_for_ms: None,
        received_at: NOW.minus(500),
        press_id: "p2".to_owned(),
        principal: None,
        battery_mv: Some(1_500),
    }
}

fn pressed(record: &Record, press: &Press) -> Decision {
    decide_press(
        Some(record),
        Some(&binding()),
        press,
        NOW,
        &Limits::default(),
    )
}

fn guard(decision: &Decision) -> Guard {
    match &decision.writes.record {
        Some(RecordWrite::Update(update)) => update.guard.clone(),
        other => panic!("no update: {other:?}"),
    }
}

#[test]
fn a_press_is_noted_as_it_arrived_and_the_largest_sequence_is_kept() {
    let record = record("settled/locked").unwrap();
    let at_most = NOW.minus(500).minus(Limits::default().quiet_window_ms);
    for (sequence, newer, kept) in [
        (Some(6), Newer::Sequence(6), 6),
        (None, Newer::LastAtMost(at_most), 5),
    ] {
        let decision = pressed(&record, &press(ClickType::Long, sequence));
        let note = BindingChange::Note(PressNote {
            newer,
            last_press: LastPress {
                press_id: "p2".to_owned(),
                at: NOW.minus(500),
                sequence: Some(kept),
                command: Some(CausedCommand {
                    version: decision.publish.as_ref().unwrap().command.version,
                    action: Action::Unlock,
                }),
            },
            battery_mv: Some(1_500),
            battery_guard: None,
            last_guard: None,
        });
        let wanted = BindingWrite::Update(BindingUpdate::new(&binding(), note));
        assert_eq!(decision.writes.binding, Some(wanted), "{sequence:?}");
    }
}

#[test]
fn a_press_that_is_tried_again_holds_only_while_its_binding_does() {
    let mut record = record("pending-unlock/locked").unwrap();
    let press = press(ClickType::Long, Some(5));
    record.command.as_mut().unwrap().id = press.command_id();
    let decision = pressed(&record, &press);
    assert_eq!(outcome(&decision), "resend unlock v7 send=2");
    assert_eq!(
        decision.writes.binding,
        Some(BindingWrite::unchanged(&binding()))
    );
    record.status = Status::Settled;
    let decision = pressed(&record, &press);
    assert_eq!(
        (outcome(&decision), decision.writes.binding),
        ("ignored: duplicate".to_owned(), None)
    );
}

#[test]
fn only_a_toggle_depends_on_where_the_latch_was() {
    let record = record("settled/locked").unwrap();
    for (click, latch) in [
        (ClickType::Single, Some(Latch::Locked)),
        (ClickType::Double, None),
        (ClickType::Long, None),
    ] {
        let decision = pressed(&record, &press(click, Some(6)));
        let wanted = Guard {
            state: latch,
            ..Guard::of(&record)
        };
        assert_eq!(guard(&decision), wanted, "{click}");
    }
}

#[test]
fn a_request_is_marked_for_a_day_from_when_it_is_decided() {
    let record = record("settled/locked").unwrap();
    let request = Request {
        lock: lock(),
        intent: Intent::Lock,
        request_id: "r1".to_owned(),
        requested_at: None,
        actor: None,
        received_at: NOW.minus(60_000),
        principal: None,
    };
    let decision = decide_request(Some(&record), false, &request, NOW, &Limits::default());
    let mark = RequestMark {
        request_id: "r1".to_owned(),
        lock: lock(),
        at: NOW.minus(60_000),
        ttl: NOW.plus(86_400_000).seconds(),
    };
    assert_eq!(decision.unwrap().writes.request, Some(mark));
    assert_eq!(REQUEST_TTL_MS, 86_400_000);
}

/// The lock's report on its command at v6 or v7, not used before.
fn report(version: u64, latch: &str) -> ReportEvent {
    let reported = serde_json::json!({"lock": latch, "version": BASE + version,
        "commandId": "current",
        "result": "executed", "source": "remote", "bootCount": 1, "clock": "synced",
            "reportId": "1-20"});
    ReportEvent::parse(
        &serde_json::json!({"thing": "lock-1", "shadowVersion": 11, "timestamp": 499,
        "clientToken": "1-20", "reported": reported}),
    )
    .unwrap()
}

fn decide(record: &Record, report: &ReportEvent) -> Decision {
    let limits = Limits::default();
    match decide_report(Some(record), report, Origin::Event, None, NOW, &limits) {
        ReportDecision::Act(decision) => *decision,
        other => panic!("not acted on: {other:?}"),
    }
}

#[test]
fn a_line_of_a_resend_does_not_replace_the_event_of_what_it_repeats() {
    let record = record("pending-lock/unlocked").unwrap();
    let first = decide(&record, &report(7, "locked"));
    let again = decide(&record, &report(6, "unlocked"));
    assert_eq!(outcome(&again), "resend lock v7 send=2");
    assert_eq!(first.writes.event.key, "shadow-11");
    assert_eq!(again.writes.event.key, "shadow-11-2");
}

#[test]
fn a_report_is_used_only_after_an_older_one() {
    let record = record("pending-lock/unlocked").unwrap();
    for report in [report(7, "locked"), report(7, "jammed")] {
        let decision = decide(&record, &report);
        let below = Some(crate::write::ShadowGuard::Below(11));
        assert_eq!(guard(&decision).shadow, below);
    }
    let again = decide(&record, &report(6, "unlocked"));
    let wanted = Guard {
        shadow: Some(crate::write::ShadowGuard::Below(11)),
        next_send_at: record.command.as_ref().map(|command| command.next_send_at),
        ..Guard::of(&record)
    };
    assert_eq!(guard(&again), wanted);
}

/// After a report is used, the record is due when the next one is overdue, or as before.
#[test]
fn a_report_that_commands_nothing_moves_the_due_time_to_when_silence_would_be_noticed() {
    let pending = Record {
        due: Due::new(&lock(), NOW.plus(7)),
        ..record("pending-lock/locked").unwrap()
    };
    let mut jammed = pending.clone();
    jammed.command.as_mut().unwrap().jams = crate::limits::JAM_LOCKS_MAX;
    let mut waiting = pending.clone();
    let command = waiting.command.as_mut().unwrap();
    *command = command.with_next_send(NOW);
    for (name, record, report, wanted_ms) in [
        ("settled", &pending, report(7, "locked"), 35 * 60_000),
        ("left jammed", &jammed, report(7, "jammed"), 35 * 60_000),
        ("not seen", &waiting, report(6, "locked"), 7),
        (
            "implausible",
            &pending,
            report(90_000_000, "locked"),
            15 * 60_000,
        ),
    ] {
        let decision = decide(record, &report);
        let Some(RecordWrite::Update(update)) = &decision.writes.record else {
            panic!("no update: {name}");
        };
        assert_eq!(update.due, Due::new(&lock(), NOW.plus(wanted_ms)), "{name}");
        let written = (&update.version, &update.command, &update.bound_at);
        assert_eq!(
            written,
            (&None, &None, &None),
            "no more than the report is written: {name}"
        );
    }
}
