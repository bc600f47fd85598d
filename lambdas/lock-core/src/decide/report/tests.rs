//! Decisions about reports as a table: one row `given => decided` per case.

mod door;
mod turn;

use super::*;
use crate::command::Version;
use crate::decide::tests::{self, BASE, NOW, binding, lock, outcome, record};
use crate::id::CommandId;
use crate::name::LockName;
use crate::report::{Clock, RefusedCommand, Report, ReportId};
use crate::time::UnixSeconds;

/// A record from `record` whose last report had shadow version 10 and second 400.
fn reported_record(text: &str) -> Option<Record> {
    let mut record = record(text)?;
    let report = Report {
        report_id: Some(id(19)),
        ..report_of(Latch::Locked, record.version)
    };
    record.reported = Some(Reported {
        report,
        shadow_version: 10,
        shadow_at: UnixSeconds(400),
        at: NOW.minus(9_000),
    });
    Some(record)
}

fn report_of(lock: Latch, version: Version) -> Report {
    Report {
        lock,
        version,
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
        report_id: Some(id(20)),
    }
}

fn id(counter: u64) -> ReportId {
    ReportId {
        boot_count: 1,
        counter,
        checksum: None,
    }
}

/// One row: `pending-unlock/locked unlocked v7 => settled unlocked: executed`. The report's shadow
/// version is 11, at second 499.
fn row(given: &str) -> String {
    let mut words = given.split_whitespace();
    let mut record = reported_record(words.next().unwrap());
    let latch: Latch = words.next().unwrap().parse().unwrap();
    let version = words
        .next()
        .unwrap()
        .trim_start_matches('v')
        .parse::<u64>()
        .unwrap();
    let version = if version == 0 { 0 } else { BASE + version };
    let mut event = ReportEvent {
        lock: lock(),
        shadow_version: 11,
        shadow_at: UnixSeconds(499),
        token: Some(id(20)),
        report: report_of(latch, Version(version)),
    };
    let mut origin = Origin::Event;
    let mut is_edited = false;
    let mut binding = binding();
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        match name {
            "id" => event.report.command_id = Some(CommandId::from_text(value)),
            "blank" => {
                event.report = Report {
                    command_id: None,
                    result: Outcome::None,
                    ..event.report
                }
            }
            "expired" => event.report.result = Outcome::Expired,
            "boot" => event.report.source = Source::Boot,
            "refuses" => {
                event.report.refused = Some(RefusedCommand {
                    command_id: Some(CommandId::from_text(value)),
                    reason: "journal".into(),
                });
            }
            "old" => {
                event.report.refused = Some(RefusedCommand {
                    command_id: Some(CommandId::from_text(value)),
                    reason: "superseded".into(),
                });
            }
            "unsynced" => event.report.clock = Clock::Unsynced,
            "was-unsynced" => {
                let last = record.as_mut().unwrap().reported.as_mut().unwrap();
                last.report.clock = Clock::Unsynced;
            }
            "clock" => {
                event.report.refused = Some(RefusedCommand {
                    command_id: Some(CommandId::from_text(value)),
                    reason: "clock".into(),
                });
            }
            "shadow" => event.shadow_version = value.parse().unwrap(),
            "second" => event.shadow_at = UnixSeconds(value.parse().unwrap()),
            "from-shadow" => origin = Origin::Shadow,
            "edited" => is_edited = true,
            "settings" => event.report.settings = Some(Settings::from(value.to_owned())),
            "said" => {
                let last = record.as_mut().unwrap().reported.as_mut().unwrap();
                last.report.settings = Some(Settings::from(value.to_owned()));
            }
            "revoked" => binding.enabled = false,
            "rebound" => binding.lock = Some(LockName::new("lock-2").unwrap()),
            "no-token" => event.token = None,
            "token" => event.token = ReportId::parse(value),
            "boots" => event.report.boot_count = value.parse().unwrap(),
            "report-id" => event.report.report_id = ReportId::parse(value),
            "poisoned" => {
                let far = Version(BASE + 90_000_000);
                record
                    .as_mut()
                    .unwrap()
                    .reported
                    .as_mut()
                    .unwrap()
                    .report
                    .version = far;
            }
            "locks" => {
                let command = record.as_mut().unwrap().command.as_mut().unwrap();
                command.system_locks = value.parse().unwrap();
            }
            "unsent" => {
                let command = record.as_mut().unwrap().command.as_mut().unwrap();
                let later: i64 = value.parse().unwrap();
                command.created_at = UnixMillis(NOW.0.saturating_add_signed(later));
                *command = command.clone().into_unsent();
            }
            "made" => {
                let command = record.as_mut().unwrap().command.as_mut().unwrap();
                let ago: i64 = value.parse().unwrap();
                command.created_at = UnixMillis(NOW.0.checked_add_signed(-ago).unwrap());
            }
            "never-heard" => record.as_mut().unwrap().reported = None,
            "created" => record = Some(Record::created(lock(), UnixMillis(0))),
            "late" => {
                record
                    .as_mut()
                    .unwrap()
                    .command
                    .as_mut()
                    .unwrap()
                    .expires_at = Some(NOW)
            }
            "sent" => {
                let command = record.as_mut().unwrap().command.as_mut().unwrap();
                *command = command.with_next_send(NOW);
            }
            "jams" => {
                record.as_mut().unwrap().command.as_mut().unwrap().jams = value.parse().unwrap()
            }
            "waiting" => {
                record
                    .as_mut()
                    .unwrap()
                    .command
                    .as_mut()
                    .unwrap()
                    .next_send_at = NOW.plus(1)
            }
            _ => panic!("unknown word {word:?}"),
        }
    }
    if let Some(id) = event.report.report_id {
        event.report = event.report.with_id(id);
        if is_edited {
            event.report.source = Source::Manual;
        }
    }
    let decision = match decide_report(
        record.as_ref(),
        &event,
        origin,
        Some(&binding),
        NOW,
        &Limits::default(),
    ) {
        ReportDecision::ReadShadow => return "read the shadow".to_owned(),
        ReportDecision::NotRegistered => return "nothing".to_owned(),
        ReportDecision::Act(decision) => *decision,
    };
    let alerts: String = decision
        .alerts
        .iter()
        .map(|alert| format!(" alert={}", alert.as_str()))
        .collect();
    let Some(write) = &decision.writes.record else {
        return outcome(&decision) + &alerts;
    };
    let after = write
        .apply(record.as_ref())
        .record()
        .expect("its own condition holds on what it was decided on");
    assert_eq!(after.state, latch, "the reported latch is the truth");
    assert_eq!(
        after.reported.as_ref().unwrap().shadow_version,
        event.shadow_version
    );
    if decision.verdict == Verdict::Command {
        let made_at = after.command.as_ref().map(|command| command.created_at);
        assert_eq!(made_at, Some(NOW), "a command is as old as its decision");
    }
    let because = if decision.publish.is_some() {
        format!(" {}", decision.reason)
    } else {
        String::new()
    };
    let status = after.status.as_str();
    assert_eq!(
        decision.writes.event.command_id,
        after.command.as_ref().map(|command| command.id.clone()),
        "the line names the command that it is about"
    );
    let waits = match &after.command {
        Some(command) if command.attempts == 0 => {
            let wait_ms = command.next_send_at.since(NOW);
            let (number, version) = (command.system_locks, after.version.0 - BASE);
            format!(" lock v{version} number {number} in {wait_ms} ms")
        }
        _ => String::new(),
    };
    format!("{}{because}{waits} -> {status}{alerts}", outcome(&decision))
}

fn check(table: &str) {
    tests::check(table, row);
}

#[test]
fn a_report_settles_the_record_only_with_version_and_id() {
    check(
        "
        pending-unlock/locked    unlocked v7          => settled: executed -> settled
        pending-lock/unlocked    locked   v7          => settled: executed -> settled
        pending-unlock/locked    locked   v7 expired made=30000 => settled: expired -> settled
        unresponsive-lock/locked locked   v7          => settled: executed -> settled
        # the reported latch is the truth, also against a settled record
        settled/unlocked         locked   v7 boot     => settled: confirmed -> settled
        settled/locked           unlocked v7          => settled: confirmed -> settled
        settled/locked unlocked v7 boot => settled: confirmed -> settled alert=unlocked-at-boot
        # another command at this version: not settled, made certain by locking
        pending-unlock/locked unlocked v7 id=other
            => command lock v8 expires=never other-command -> pending alert=other-command
        pending-unlock/locked unlocked v7 blank
            => command lock v8 expires=never other-command -> pending alert=other-command
        ",
    );
}

#[test]
fn a_device_behind_or_ahead_is_locked_or_sent_the_command_again() {
    check(
        "
        # lost flash: behind a settled record
        settled/unlocked locked v6 => command lock v8 expires=never version-behind -> pending
        settled/unlocked locked v0 blank => command lock v8 expires=never version-behind -> pending
        # the current command has not arrived: sent again when its turn has come
        pending-lock/unlocked    unlocked v6         => resend lock v7 send=2 not-seen -> pending
        pending-lock/unlocked    unlocked v6 waiting => resend lock v7 send=2 not-seen -> pending
        pending-lock/unlocked    unlocked v6 sent    => noted: not-seen -> pending
        unresponsive-lock/locked unlocked v6 => resend lock v7 send=2 not-seen -> unresponsive
        pending-unlock/locked    locked   v6         => resend unlock v7 send=2 not-seen -> pending
        pending-unlock/locked    locked   v6 late    => noted: not-seen -> pending
        pending-unlock/locked    locked   v6 revoked => noted: not-seen -> pending
        pending-unlock/locked    locked   v6 rebound => noted: not-seen -> pending
        pending-lock/unlocked    unlocked v6 revoked => resend lock v7 send=2 not-seen -> pending
        unresponsive-unlock/locked locked v6         => noted: not-seen -> unresponsive
        pending-unlock/locked locked v6 refuses=current
            => resend unlock v7 send=2 refused-by-lock -> pending
        pending-unlock/locked locked v6 refuses=current sent => noted: refused-by-lock -> pending
        pending-unlock/locked    locked   v6 refuses=older sent      => noted: not-seen -> pending
        # ahead of the record: adopted, then locked past it
        settled/locked unlocked v50 => command lock v51 expires=never version-ahead -> pending
        pending-unlock/locked unlocked v50
            => command lock v51 expires=never version-ahead -> pending
        # further ahead than a day: not adopted, and a person is alerted when that begins
        settled/locked unlocked v90000000
            => unresponsive: implausible-version -> unresponsive alert=implausible-version
        unresponsive-lock/locked unlocked v90000000
            => unresponsive: implausible-version -> unresponsive alert=implausible-version
        settled/locked unlocked v90000000 poisoned
            => unresponsive: implausible-version -> unresponsive alert=implausible-version
        unresponsive-lock/locked unlocked v90000000 poisoned
            => unresponsive: implausible-version -> unresponsive
        settled/locked locked v90000000 created
            => unresponsive: implausible-version -> unresponsive alert=implausible-version
        # the version that a poisoned report left behind is not counted on from
        settled/locked locked v6 poisoned => command lock v8 expires=never version-behind -> pending
        # no record: another stack's lock, or no lock at all
        none                     unlocked v3         => nothing
        # never commanded: locked, whatever it says
        settled/locked locked v3 created => command lock v4 expires=never first-report -> pending
        ",
    );
}

#[test]
fn only_a_report_newer_than_the_last_one_used_counts() {
    check(
        "
        pending-unlock/locked locked v7 shadow=10 second=400          => ignored: duplicate
        pending-unlock/locked locked v7 shadow=9 second=399           => ignored: superseded
        # delivered again with the command still to be executed: it may never have been sent
        pending-lock/locked locked v6 shadow=10 second=400 waiting
            => resend lock v7 send=2 retry -> pending
        pending-unlock/locked locked v6 shadow=10 second=400 waiting
            => resend unlock v7 send=2 retry -> pending
        pending-unlock/locked locked v6 shadow=10 second=400 late     => ignored: duplicate
        pending-unlock/locked locked v6 shadow=10 second=400 revoked  => ignored: duplicate
        pending-lock/locked   locked v6 shadow=10 second=400 sent     => ignored: duplicate
        settled/locked        locked v6 shadow=10 second=400          => ignored: duplicate
        pending-unlock/locked locked v7 shadow=9 second=400           => ignored: superseded
        # written before the last one used: an event from before the shadow was deleted
        pending-unlock/locked unlocked v7 shadow=40 token=1-18 report-id=1-18 => ignored: superseded
        pending-unlock/locked unlocked v7 shadow=40 token=2-1 boots=2 report-id=2-1
            => settled: executed -> settled
        # written by a person or another program: no token of the lock's
        pending-unlock/locked unlocked v7 no-token             => ignored: not-from-lock
        pending-unlock/locked unlocked v7 token=2-20           => ignored: not-from-lock
        pending-unlock/locked unlocked v7 token=1-21           => ignored: not-from-lock
        pending-unlock/locked unlocked v7 token=2-20 report-id=2-20 => ignored: not-from-lock
        pending-unlock/locked unlocked v7 token=2-20 report-id=none => ignored: not-from-lock
        pending-unlock/locked unlocked v7 report-id=none       => settled: executed -> settled
        settled/unlocked      locked   v7 no-token             => ignored: not-from-lock
        settled/unlocked      locked   v90000000 no-token      => ignored: not-from-lock
        # in a shadow that was read, only a report that was not used yet is sure to be the lock's
        pending-unlock/locked unlocked v7 shadow=12 from-shadow token=1-19 report-id=1-19
            => ignored: not-from-lock
        pending-unlock/locked unlocked v7 shadow=12 from-shadow no-token report-id=none
            => ignored: not-from-lock
        # nor one that was edited; an event has the token for that
        pending-unlock/locked unlocked v7 shadow=12 from-shadow edited => ignored: not-from-lock
        pending-unlock/locked unlocked v7 shadow=12 edited => settled: executed -> settled
        # a lower version with a later time: deleted, so only the shadow itself is believed
        pending-unlock/locked unlocked v7 shadow=1 second=499             => read the shadow
        pending-unlock/locked unlocked v7 shadow=1 second=499 from-shadow
            => settled: executed -> settled
        pending-unlock/locked unlocked v7 shadow=10 second=401            => read the shadow
        pending-unlock/locked unlocked v7 shadow=10 second=401 from-shadow
            => settled: executed -> settled
        pending-unlock/locked unlocked v7 shadow=12 from-shadow => settled: executed -> settled
        pending-unlock/locked unlocked v7 shadow=1 never-heard => settled: executed -> settled
        ",
    );
}

#[test]
fn a_lock_that_has_lost_its_settings_is_alerted_once() {
    check(
        "
        settled/locked locked v7 => settled: confirmed -> settled
        settled/locked locked v7 settings=stated => settled: confirmed -> settled
        settled/locked locked v7 settings=from-a-later-release => settled: confirmed -> settled
        settled/locked locked v7 settings=kept => settled: confirmed -> settled alert=settings-kept
        settled/locked locked v7 settings=kept said=stated
            => settled: confirmed -> settled alert=settings-kept
        settled/locked locked v7 settings=kept never-heard
            => settled: confirmed -> settled alert=settings-kept
        # said before
        settled/locked locked v7 settings=kept said=kept => settled: confirmed -> settled
        settled/locked locked v7 settings=stated said=kept => settled: confirmed -> settled
        # whatever else the report means
        settled/unlocked locked v0 blank settings=kept
            => command lock v8 expires=never version-behind -> pending alert=settings-kept
        settled/locked unlocked v7 boot settings=kept
            => settled: confirmed -> settled alert=unlocked-at-boot alert=settings-kept
        pending-unlock/locked unlocked v7 shadow=12 from-shadow settings=kept
            => settled: executed -> settled alert=settings-kept
        # not by a report that does not count
        settled/locked        locked v7 settings=kept no-token         => ignored: not-from-lock
        settled/locked        locked v7 settings=kept shadow=9 second=399 => ignored: superseded
        ",
    );
}
