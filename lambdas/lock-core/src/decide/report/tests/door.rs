//! What a report shows of the door and of the unlock behind it, as tables.

use super::*;
use crate::record::Cause;
use crate::report::Door;

/// A report in words: `locked closed`, then any of `source=manual`, `v6`, `boots=2`, `id=other`.
fn read_report(text: &str) -> Report {
    let mut words = text.split_whitespace();
    let latch = words.next().unwrap().parse().unwrap();
    let mut report = Report {
        door: words.next().unwrap().parse::<Door>().ok(),
        ..report_of(latch, Version(BASE + 7))
    };
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "source" => report.source = value.parse().unwrap(),
            "v6" => report.version = Version(BASE + 6),
            "boots" => report.boot_count = value.parse().unwrap(),
            "id" => report.command_id = Some(CommandId::from_text(value)),
            _ => panic!("unknown word {word:?}"),
        }
    }
    report
}

/// `settled/locked` at v7, whose last report, at second 400, was `last`.
fn record_after(last: &str) -> Record {
    let mut record = reported_record("settled/locked").unwrap();
    let reported = record.reported.as_mut().unwrap();
    reported.report = Report {
        report_id: Some(id(19)),
        ..read_report(last)
    };
    record
}

/// The decision about the report `this`, at second 499.
fn decide(record: &Record, this: &str, limits: &Limits) -> Decision {
    let report = read_report(this);
    let token = ReportId {
        boot_count: report.boot_count,
        ..id(20)
    };
    let event = ReportEvent {
        lock: lock(),
        shadow_version: 11,
        shadow_at: UnixSeconds(499),
        token: Some(token),
        report: report.with_id(token),
    };
    let binding = binding();
    match decide_report(
        Some(record),
        &event,
        Origin::Event,
        Some(&binding),
        NOW,
        limits,
    ) {
        ReportDecision::Act(decision) => *decision,
        other => panic!("{other:?}"),
    }
}

fn alerts_of(decision: &Decision) -> String {
    let codes: Vec<&str> = decision.alerts.iter().map(|alert| alert.as_str()).collect();
    if codes.is_empty() {
        "none".to_owned()
    } else {
        codes.join(" ")
    }
}

#[test]
fn a_door_that_opens_while_the_latch_is_locked_and_unmoved_was_forced() {
    let row = |given: &str| {
        let (last, this) = given.split_once(" then ").unwrap();
        let limits = Limits::default();
        let decision = decide(&record_after(last), this, &limits);
        let off = Limits {
            forced_alert: false,
            ..limits
        };
        let silent = decide(&record_after(last), this, &off);
        assert_eq!(
            silent.publish, decision.publish,
            "an alert commands nothing"
        );
        assert!(!silent.alerts.contains(&Alert::Forced), "switched off");
        alerts_of(&decision)
    };
    tests::check(
        "
        locked closed        then locked open                   => forced
        # open already, closed again, or no sensor
        locked open          then locked open                   => none
        locked open          then locked closed                 => none
        locked none          then locked open                   => none
        locked closed        then locked none                   => none
        # unlocked before or after
        unlocked closed      then locked open                   => none
        locked closed        then unlocked open                 => none
        jammed closed        then locked open                   => none
        # the latch may have moved in between: another command, a hand and the relock, a power cut
        locked closed v6     then locked open                   => none
        locked closed id=old then locked open                   => none
        locked closed        then locked open source=auto       => none
        locked closed source=auto then locked open source=auto  => forced
        locked closed        then locked open boots=2           => none
        # whatever else the report means
        locked closed id=old then locked open id=old            => other-command forced
        ",
        row,
    );
}

#[test]
fn the_first_report_of_a_lock_forces_nothing() {
    let mut record = record_after("locked closed");
    record.reported = None;
    let decision = decide(&record, "locked open", &Limits::default());
    assert_eq!(alerts_of(&decision), "none");
}

/// `locked closed since=300 then locked open => open since 499, due +99000`: the door's time in the
/// record after the report, and when the record is due, with ten seconds for an open door.
fn since_row(given: &str) -> String {
    let (last, this) = given.split_once(" then ").unwrap();
    let (last, since) = last.split_once(" since=").unwrap_or((last, "none"));
    let mut record = record_after(last);
    record.door_since = since.trim().parse().ok().map(|s| UnixSeconds(s).millis());
    let limits = Limits {
        left_open_ms: 4_600_000,
        ..Limits::default()
    };
    let decision = decide(&record, this, &limits);
    assert_eq!(decision.writes.event.door, read_report(this).door);
    let write = decision.writes.record.unwrap();
    let after = write.apply(Some(&record)).record().unwrap();
    let since = after
        .door_since
        .map_or("none".to_owned(), |since| since.seconds().0.to_string());
    format!(
        "since {since}, due {:+}",
        after.due.due_at.0 as i64 - NOW.0 as i64
    )
}

#[test]
fn the_record_knows_since_when_the_door_is_open_and_is_due_when_it_counts_as_left_open() {
    tests::check(
        "
        locked closed since=300  then locked open    => since 499, due +99000
        unlocked closed since=300 then unlocked open => since 499, due +99000
        locked none              then locked open    => since 499, due +99000
        locked none since=300    then locked open    => since 499, due +99000
        # still open
        locked open since=450    then locked open    => since 450, due +50000
        locked open since=300    then locked open    => since 300, due +1
        # a record older than the field: open at its last report, of second 400
        locked open              then locked open    => since 400, due +1
        # closed, or no sensor any more
        locked open since=300    then locked closed  => since 499, due +2100000
        locked closed since=300  then locked closed  => since 300, due +2100000
        locked open since=300    then locked none    => since 300, due +2100000
        # whatever else the report means: never later than the command's own time
        locked closed since=300  then locked open id=other => since 499, due +1000
        ",
        since_row,
    );
}

#[test]
fn a_door_that_closes_and_opens_again_may_be_left_open_again() {
    let limits = Limits::default();
    let mut record = record_after("locked open");
    record.door_since = Some(UnixMillis(400_000));
    record.left_open_alerted = record.door_since;
    assert_eq!(record.left_open_at(&limits), None, "alerted");
    for (this, wanted) in [("locked open", None), ("locked closed", None)] {
        let write = decide(&record, this, &limits).writes.record.unwrap();
        let after = write.apply(Some(&record)).record().unwrap();
        assert_eq!(after.left_open_at(&limits), wanted, "{this}");
    }
    let mut closed = record_after("locked closed");
    closed.door_since = Some(UnixMillis(450_000));
    closed.left_open_alerted = Some(UnixMillis(400_000));
    let write = decide(&closed, "locked open", &limits)
        .writes
        .record
        .unwrap();
    let after = write.apply(Some(&closed)).record().unwrap();
    assert_eq!(after.left_open_at(&limits), Some(UnixMillis(1_099_000)));
}

#[test]
fn a_report_from_after_the_clock_s_time_opens_the_door_no_later_than_now() {
    let record = record_after("locked closed");
    let early = UnixMillis(450_000);
    let token = id(20);
    let event = ReportEvent {
        lock: lock(),
        shadow_version: 11,
        shadow_at: UnixSeconds(499),
        token: Some(token),
        report: read_report("locked open").with_id(token),
    };
    assert_eq!(find_door_since(&record, &event, early), Some(early));
}

/// `pending-unlock/locked unlocked remote`: whom the event names as the cause of the unlock.
fn cause_row(given: &str) -> String {
    let words: Vec<&str> = given.split_whitespace().collect();
    let mut record = reported_record(words[0]).unwrap();
    match words[3] {
        "request" => {
            let actor = Some("alice".to_owned());
            record.command.as_mut().unwrap().cause = Cause::Request { actor };
        }
        "system" => {
            let reason = "revoked".to_owned();
            record.command.as_mut().unwrap().cause = Cause::System { reason };
        }
        _ => {}
    }
    let this = format!(
        "{} none source={} {}",
        words[1],
        words[2],
        words[4..].join(" ")
    );
    let event = decide(&record, &this, &Limits::default()).writes.event;
    assert_eq!(event.was, Some(record.state));
    let button = event.button.map(|button| button.to_string());
    button.or(event.actor).unwrap_or("nobody".to_owned())
}

#[test]
fn the_report_that_shows_an_unlock_names_who_caused_it() {
    tests::check(
        "
        pending-unlock/locked      unlocked remote press       => button-1
        unresponsive-unlock/locked unlocked remote press       => button-1
        pending-unlock/locked      unlocked remote request     => alice
        # unlocked before as well, by a hand
        pending-unlock/unlocked    unlocked remote press       => button-1
        # the event was lost, and time has settled nothing else
        settled-unlock/locked      unlocked remote press       => button-1
        # known already
        settled-unlock/unlocked    unlocked remote press       => nobody
        # moved by something else
        pending-unlock/locked      unlocked manual press       => nobody
        pending-unlock/locked      unlocked auto press         => nobody
        pending-unlock/locked      unlocked boot press         => nobody
        pending-unlock/locked      locked   remote press       => nobody
        pending-lock/locked        unlocked remote press       => nobody
        pending-unlock/locked      unlocked remote press v6    => nobody
        pending-unlock/locked      unlocked remote press id=other => nobody
        pending-unlock/locked      unlocked remote system      => nobody
        ",
        cause_row,
    );
}
