//! A door that was left open, as tables: alerted once, and no command is hidden behind it.

use super::*;

#[test]
fn a_door_left_open_is_alerted_once_and_judged_like_any_other_lock_next() {
    check(
        "
        # ten minutes
        settled/locked open=599999            => noted: awaited -> settled due=+1
        settled/locked open=600000
            => noted: left-open -> settled due=+2091000 alert=left-open
        settled/locked open=700000 alerted    => noted: awaited -> settled due=+2091000
        settled/locked open=700000 left-open-off => noted: awaited -> settled due=+2091000
        # a record older than the door's time: open since its last report, of 4,600 s ago
        settled/locked open=1 since-unknown
            => noted: left-open -> settled due=+2091000 alert=left-open
        # silent as well: alerted one after the other
        settled/locked open=2200000 reported=2100000
            => noted: left-open -> settled due=+1 alert=left-open
        settled/locked open=2200000 alerted reported=2100001
            => unresponsive: silent -> unresponsive due=-4000 alert=unresponsive
        # never reported, so nobody knows the door
        unresponsive-lock/locked created      => noted: never-heard -> unresponsive due=+900000
        ",
    );
}

#[test]
fn an_open_door_hides_no_command_and_makes_it_due_no_later() {
    check(
        "
        # before its time: the command's own due time, or the door's if that is earlier
        pending-lock/unlocked open=590000
            => resend lock v7 send=2 not-answered -> pending due=+2000
        pending-lock/unlocked open=599500
            => resend lock v7 send=2 not-answered -> pending due=+500
        pending-lock/unlocked open=599500 next-send=700 => noted: awaited -> pending due=+500
        pending-unlock/locked open=599500 revoked       => noted: revoked -> pending due=+500
        # in its time: the alert leaves the command due when it was, or at once
        pending-lock/unlocked open=600000 next-send=700
            => noted: left-open -> pending due=+700 alert=left-open
        pending-lock/unlocked open=600000
            => noted: left-open -> pending due=+1 alert=left-open
        pending-unlock/locked open=600000 age=90000
            => noted: left-open -> pending due=+1 alert=left-open
        unresponsive-lock/unlocked open=600000 age=30000
            => noted: left-open -> unresponsive due=+1 alert=left-open
        # after the alert
        pending-lock/unlocked open=600000 alerted
            => resend lock v7 send=2 not-answered -> pending due=+2000
        ",
    );
}

#[test]
fn the_shadow_is_read_before_a_door_is_said_to_be_left_open() {
    check(
        "
        # closed meanwhile, and the event of it was lost
        settled/locked open=700000 shadow=v7:locked shadow-door=closed
            => settled: confirmed -> settled due=+2100000
        # still open: judged next
        settled/locked open=700000 shadow=v7:locked shadow-door=open
            => settled: confirmed -> settled due=+1
        settled/locked open=500000 shadow=v7:locked shadow-door=open
            => settled: confirmed -> settled due=+100000
        settled/locked open=700000 alerted shadow=v7:locked shadow-door=open
            => settled: confirmed -> settled due=+2100000
        # no sensor any more
        settled/locked open=700000 shadow=v7:locked => settled: confirmed -> settled due=+2100000
        ",
    );
}

/// `settled/locked` at v7, with its door open for `open_ms`, and due now.
fn open_record(open_ms: u64) -> Record {
    let mut record = record("settled/locked").unwrap();
    let report = Report {
        door: Some(Door::Open),
        ..report_of(Latch::Locked, 7)
    };
    record.reported = Some(Reported {
        report,
        shadow_version: 10,
        shadow_at: UnixSeconds(400),
        at: NOW.minus(9_000),
    });
    record.door_since = Some(NOW.minus(open_ms));
    record.due = Due::new(&record.lock, NOW);
    record
}

#[test]
fn the_event_of_a_door_left_open_says_since_when() {
    let record = open_record(600_000);
    let decide = |record: &Record| decide_sweep(record, None, None, NOW, &Limits::default());
    let decision = decide(&record).unwrap();
    let event = &decision.writes.event;
    assert_eq!(event.since, Some(NOW.minus(600_000)));
    assert_eq!(event.door, Some(Door::Open));
    assert_eq!(event.key, "left-open-4400000");
    assert_eq!(
        event.to_string(),
        "sweep: noted: left open [alert: left-open]"
    );
    assert_eq!(decision.publish, None, "an alert commands nothing");

    let write = decision.writes.record.unwrap();
    let after = write.apply(Some(&record)).record().unwrap();
    assert_eq!(write.apply(Some(&after)), Written::Conflict, "not twice");
    assert_eq!(after.left_open_alerted, record.door_since);
    let again = Record {
        due: Due::new(&record.lock, NOW),
        ..after
    };
    assert_eq!(decide(&again).unwrap().alerts, [], "once per opening");
}

#[test]
fn the_event_of_a_silent_lock_says_when_it_reported_last() {
    let silent = Record {
        door_since: None,
        ..open_record(0)
    };
    let limits = Limits {
        left_open_ms: 0,
        ..Limits::default()
    };
    let late = NOW.plus(REPORT_OVERDUE_MS);
    let decision = decide_sweep(&silent, None, None, late, &limits).unwrap();
    assert_eq!(decision.alerts, [Alert::Unresponsive]);
    assert_eq!(decision.writes.event.since, Some(UnixMillis(400_000)));
    let never = Record {
        reported: None,
        ..silent
    };
    let decision = decide_sweep(&never, None, None, late, &limits).unwrap();
    assert_eq!(decision.alerts, [Alert::Unresponsive]);
    assert_eq!(decision.writes.event.since, None);
}
