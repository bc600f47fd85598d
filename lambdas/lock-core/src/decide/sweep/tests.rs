//! Decisions about due records as a table: one row `given => decided` per case.

mod door;

use super::*;
use crate::command::Version;
use crate::decide::tests::{self, BASE, NOW, binding, lock as name, outcome, record};
use crate::id::CommandId;
use crate::limits::{REPORT_INTERVAL_MS, VERSION_MAX};
use crate::name::LockName;
use crate::record::Reported;
use crate::report::{Clock, Door, Latch, Outcome, RefusedCommand, Report, ReportId, Source};
use crate::time::UnixSeconds;
use crate::write::Written;

fn report_of(latch: Latch, version: u64) -> Report {
    Report {
        lock: latch,
        version: Version(BASE + version),
        command_id: Some(CommandId::from_text("current")),
        result: Outcome::Executed,
        source: Source::Remote,
        refused: None,
        boot_count: 1,
        clock: Clock::Synced,
        clock_uncertainty_ms: None,
        firmware: None,
        rssi: None,
        door: None,
        settings: None,
        relock_ms: None,
        pulse_ms: None,
        report_id: Some(id(19)),
    }
}

fn id(counter: u64) -> ReportId {
    ReportId {
        boot_count: 1,
        counter,
        checksum: None,
    }
}

/// One row: `pending-unlock/locked age=40000 => …`. The record is due now. Its command is `age` ms
/// old (5,000 by default) and was sent once; its last report, of v6, was used `reported` ms ago
/// (9,000 by default) with shadow version 10 at second 400.
fn row(given: &str) -> String {
    let mut words = given.split_whitespace();
    let mut record = record(words.next().unwrap()).unwrap();
    let last_version = if record.status == Status::Settled {
        7
    } else {
        6
    };
    record.reported = Some(Reported {
        report: report_of(record.state, last_version),
        shadow_version: 10,
        shadow_at: UnixSeconds(400),
        at: NOW.minus(9_000),
    });
    record.due = Due::new(&record.lock, NOW);
    let mut shadow: Option<ReportEvent> = None;
    let mut binding = binding();
    let mut limits = Limits::default();
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, ""));
        let ms = || value.parse::<u64>().unwrap();
        let command = record.command.as_mut();
        match key {
            "age" => {
                let command = command.unwrap();
                command.created_at = NOW.minus(ms());
                command.next_send_at = command.created_at.plus(1_000);
                command.expires_at = command.expires_at.map(|_| command.created_at.plus(30_000));
            }
            "reported" => record.reported.as_mut().unwrap().at = NOW.minus(ms()),
            "never-heard" => record.reported = None,
            "knows" => record.reported.as_mut().unwrap().report.version = Version(BASE + ms()),
            "created" => {
                record = Record {
                    due: record.due.clone(),
                    ..Record::created(name(), UnixMillis(0))
                }
            }
            "next-send" => command.unwrap().next_send_at = NOW.plus(ms()),
            "not-due" => record.due = Due::new(&record.lock, NOW.plus(1)),
            "revoked" => binding.enabled = false,
            "rebound" => binding.lock = Some(LockName::new("lock-2").unwrap()),
            "refused" => {
                record.reported.as_mut().unwrap().report.refused = Some(RefusedCommand {
                    command_id: Some(CommandId::from_text("current")),
                    reason: value.to_owned(),
                });
            }
            "refused-older" => {
                record.reported.as_mut().unwrap().report.refused = Some(RefusedCommand {
                    command_id: Some(CommandId::from_text("older")),
                    reason: value.to_owned(),
                });
            }
            "unsent" => {
                let command = command.unwrap();
                command.created_at = NOW.minus(ms());
                command.system_locks = 2;
                *command = command.clone().into_unsent();
            }
            "used" => {
                let shadow = shadow.as_mut().unwrap();
                shadow.report = shadow.report.clone().with_id(id(19));
                let used = &mut record.reported.as_mut().unwrap().report;
                used.report_id = shadow.report.report_id;
            }
            "open" => {
                record.reported.as_mut().unwrap().report.door = Some(Door::Open);
                record.door_since = Some(NOW.minus(ms()));
            }
            "alerted" => record.left_open_alerted = record.door_since,
            "since-unknown" => record.door_since = None,
            "left-open-off" => limits.left_open_ms = 0,
            "shadow-door" => {
                let shadow = shadow.as_mut().unwrap();
                shadow.report.door = value.parse().ok();
                shadow.report = shadow.report.clone().with_id(id(20));
            }
            "edited" => shadow.as_mut().unwrap().report.source = Source::Manual,
            "shadow" => {
                let (version, latch) = value.split_once(':').unwrap();
                let latch = latch.parse();
                shadow = Some(ReportEvent {
                    lock: name(),
                    shadow_version: 11,
                    shadow_at: UnixSeconds(499),
                    token: Some(id(20)),
                    report: report_of(
                        latch.unwrap(),
                        version.trim_start_matches('v').parse().unwrap(),
                    )
                    .with_id(id(20)),
                });
            }
            "shadow-version" => shadow.as_mut().unwrap().shadow_version = ms(),
            "second" => shadow.as_mut().unwrap().shadow_at = UnixSeconds(ms()),
            _ => panic!("unknown word {word:?}"),
        }
    }
    let Some(decision) = decide_sweep(&record, shadow.as_ref(), Some(&binding), NOW, &limits)
    else {
        return "not due".to_owned();
    };
    let write = decision.writes.record.as_ref().unwrap();
    let after = write.apply(Some(&record)).record();
    let after = after.expect("its own condition holds");
    let because = if decision.publish.is_some() {
        format!(" {}", decision.reason)
    } else {
        String::new()
    };
    let alerts: String = decision
        .alerts
        .iter()
        .map(|alert| format!(" alert={}", alert.as_str()))
        .collect();
    format!(
        "{}{because} -> {} due={:+}{alerts}",
        outcome(&decision),
        after.status.as_str(),
        after.due.due_at.0 as i64 - NOW.0 as i64
    )
}

fn check(table: &str) {
    tests::check(table, row);
}

#[test]
fn an_unlock_is_sent_again_within_its_life_and_then_given_up_with_a_system_lock() {
    check(
        "
        pending-unlock/locked not-due               => not due
        pending-unlock/locked => resend unlock v7 send=2 not-answered -> pending due=+2000
        pending-unlock/locked next-send=700         => noted: awaited -> pending due=+700
        pending-unlock/locked next-send=0
            => resend unlock v7 send=2 not-answered -> pending due=+2000
        pending-unlock/locked revoked               => noted: revoked -> pending due=+35000
        pending-unlock/locked rebound               => noted: revoked -> pending due=+35000
        pending-unlock/locked age=29999 => resend unlock v7 send=2 not-answered -> pending due=+2000
        # over, but its report may still come
        pending-unlock/locked age=30000             => noted: awaited -> pending due=+10000
        pending-unlock/locked age=39999             => noted: awaited -> pending due=+1
        # given up: it may have been executed
        pending-unlock/locked age=40000
            => command lock v8 expires=never unlock-not-answered
            -> pending due=+1000 alert=unlock-not-answered
        pending-unlock/locked age=90000 revoked
            => command lock v8 expires=never unlock-not-answered
            -> pending due=+1000 alert=unlock-not-answered
        pending-unlock/locked age=90000 never-heard
            => command lock v8 expires=never unlock-not-answered
            -> pending due=+1000 alert=unlock-not-answered
        ",
    );
}

#[test]
fn a_lock_is_sent_again_without_limit_and_called_unresponsive_once() {
    check(
        "
        pending-lock/unlocked => resend lock v7 send=2 not-answered -> pending due=+2000
        pending-lock/unlocked next-send=700              => noted: awaited -> pending due=+700
        pending-lock/unlocked next-send=0 => resend lock v7 send=2 not-answered -> pending due=+2000
        pending-lock/unlocked revoked => resend lock v7 send=2 not-answered -> pending due=+2000
        pending-lock/unlocked age=29999 => resend lock v7 send=2 not-answered -> pending due=+2000
        pending-lock/unlocked age=30000
            => unresponsive: not-answered -> unresponsive due=-29000 alert=unresponsive
        unresponsive-lock/unlocked age=30000
            => resend lock v7 send=2 not-answered -> unresponsive due=+2000
        unresponsive-lock/unlocked age=900000
            => resend lock v7 send=2 not-answered -> unresponsive due=+2000
        unresponsive-lock/unlocked age=30000 next-send=9 => noted: awaited -> unresponsive due=+9
        ",
    );
}

#[test]
fn a_settled_lock_is_called_unresponsive_after_35_minutes_of_silence() {
    check(
        "
        settled/locked reported=2099999         => noted: awaited -> settled due=+1
        settled/locked reported=2100000
            => unresponsive: silent -> unresponsive due=-4000 alert=unresponsive
        settled-unlock/unlocked reported=2100000
            => unresponsive: silent -> unresponsive due=+900000 alert=unresponsive
        # and is then looked at indefinitely
        unresponsive-lock/locked age=2200000
            => resend lock v7 send=2 not-answered -> unresponsive due=+2000
        unresponsive-unlock/unlocked knows=7 age=2200000
            => noted: not-answered -> unresponsive due=+900000
        unresponsive-lock/locked created     => noted: never-heard -> unresponsive due=+900000
        ",
    );
}

#[test]
fn an_unlock_of_an_unresponsive_lock_is_never_sent_and_a_device_behind_it_is_locked_past_it() {
    check(
        "
        unresponsive-unlock/locked                     => noted: awaited -> unresponsive due=+35000
        unresponsive-unlock/locked age=40000
            => command lock v8 expires=never version-behind -> pending due=+1000
        unresponsive-unlock/locked age=40000 never-heard
            => command lock v8 expires=never version-behind -> pending due=+1000
        unresponsive-unlock/locked age=40000 knows=7
            => noted: not-answered -> unresponsive due=+900000
        ",
    );
}

#[test]
fn a_report_in_the_shadow_is_used_before_time_is_judged() {
    check(
        "
        # a lost report event: not silence
        settled/locked reported=2100000 shadow=v7:unlocked
            => settled: confirmed -> settled due=+2100000
        pending-unlock/locked age=90000 shadow=v7:unlocked
            => settled: executed -> settled due=+2100000
        pending-lock/unlocked age=90000 shadow=v7:locked
            => settled: executed -> settled due=+2100000
        unresponsive-unlock/locked shadow=v7:locked => settled: executed -> settled due=+2100000
        settled/locked shadow=v6:locked
            => command lock v8 expires=never version-behind -> pending due=+1000
        # a restored table: what the device reports is adopted
        unresponsive-lock/locked shadow=v50:unlocked
            => command lock v51 expires=never version-ahead -> pending due=+1000
        # taken in, and still due: judged next
        pending-unlock/locked age=90000 shadow=v6:locked      => noted: not-seen -> pending due=+0
        # used before, or an old read: nothing new
        pending-unlock/locked age=90000 shadow=v7:unlocked shadow-version=10 second=400
            => command lock v8 expires=never unlock-not-answered
            -> pending due=+1000 alert=unlock-not-answered
        pending-unlock/locked age=90000 shadow=v7:unlocked shadow-version=9 second=400
            => command lock v8 expires=never unlock-not-answered
            -> pending due=+1000 alert=unlock-not-answered
        # saved again by hand after it was used
        pending-unlock/locked age=90000 shadow=v7:unlocked used
            => command lock v8 expires=never unlock-not-answered
            -> pending due=+1000 alert=unlock-not-answered
        pending-unlock/locked age=90000 shadow=v7:unlocked edited
            => command lock v8 expires=never unlock-not-answered
            -> pending due=+1000 alert=unlock-not-answered
        # deleted, and written again
        pending-unlock/locked age=90000 shadow=v7:unlocked shadow-version=1 second=499
            => settled: executed -> settled due=+2100000
        ",
    );
}

#[test]
fn a_report_used_meanwhile_takes_the_judgement_back() {
    let mut read = record("settled/locked").unwrap();
    read.due = Due::new(&read.lock, NOW);
    let decision = decide_sweep(&read, None, None, NOW, &Limits::default()).unwrap();
    assert_eq!(decision.verdict, Verdict::Unresponsive);
    let reported = Record {
        due: Due::settled(&read.lock, NOW),
        ..read
    };
    let write = decision.writes.record.unwrap();
    assert_eq!(write.apply(Some(&reported)), Written::Conflict);
}

#[test]
fn the_end_of_an_unlock_says_whether_the_lock_refused_it() {
    check(
        "
        pending-unlock/locked age=40000
            => command lock v8 expires=never unlock-not-answered
            -> pending due=+1000 alert=unlock-not-answered
        pending-unlock/locked age=40000 refused=clock
            => command lock v8 expires=never unlock-refused -> pending due=+1000 alert=clock
        pending-unlock/locked age=40000 refused=journal
            => command lock v8 expires=never unlock-refused
            -> pending due=+1000 alert=unlock-refused
        pending-unlock/locked age=40000 refused-older=clock
            => command lock v8 expires=never unlock-not-answered
            -> pending due=+1000 alert=unlock-not-answered
        ",
    );
    let mut record = record("pending-unlock/locked").unwrap();
    record.due = Due::new(&record.lock, NOW);
    let command = record.command.as_mut().unwrap();
    command.expires_at = Some(NOW.minus(10_000));
    let mut report = report_of(Latch::Locked, 6);
    report.refused = Some(RefusedCommand {
        command_id: Some(command.id.clone()),
        reason: "clock".to_owned(),
    });
    record.reported = Some(Reported {
        report,
        shadow_version: 10,
        shadow_at: UnixSeconds(400),
        at: NOW.minus(9_000),
    });
    let decision = decide_sweep(&record, None, None, NOW, &Limits::default()).unwrap();
    let line = decision.writes.event.to_string();
    assert!(
        line.ends_with("(unlock refused) (refused: clock) [alert: clock]"),
        "{line}"
    );
}

#[test]
fn a_lock_that_was_never_sent_is_sent_before_it_is_judged() {
    check(
        "
        pending-lock/locked unsent=0     => resend lock v7 send=1 in-turn -> pending due=+1000
        pending-lock/locked unsent=29999 => resend lock v7 send=1 in-turn -> pending due=+1000
        pending-lock/locked unsent=60000 => resend lock v7 send=1 in-turn -> pending due=+1000
        ",
    );
}

#[test]
fn an_unlock_that_is_given_up_with_no_version_left_waits_for_a_report() {
    let mut record = record("pending-unlock/locked").unwrap();
    record.version = Version(VERSION_MAX);
    let command = record.command.as_mut().unwrap();
    command.created_at = NOW.minus(90_000);
    command.expires_at = Some(NOW.minus(60_000));
    record.due = Due::new(&record.lock, NOW);
    let decision = decide_sweep(&record, None, None, NOW, &Limits::default()).expect("it is due");
    assert_eq!(decision.reason, Reason::NO_VERSION_LEFT);
    let write = decision.writes.record.unwrap();
    let after = write.apply(Some(&record)).record().unwrap();
    assert_eq!(after.due.due_at, NOW.plus(REPORT_INTERVAL_MS));
}

#[test]
fn a_binding_is_needed_only_to_resend_an_unlock() {
    for (given, asks) in [
        ("pending-unlock/locked", true),
        ("unresponsive-unlock/locked", true),
        ("settled-unlock/unlocked", false),
        ("pending-lock/locked", false),
    ] {
        let record = record(given).unwrap();
        let button = record.resend_asks_for();
        assert_eq!(button.is_some(), asks, "{given}");
    }
}
