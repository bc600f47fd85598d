//! Ends of commands, as a table.

use lock_core::action::Action;
use lock_core::id::CommandId;
use lock_core::record::{Cause, Command, Reported};
use lock_core::time::UnixSeconds;

use super::*;

const THEN: UnixMillis = UnixMillis(1_000_000);
const OWN: Version = Version(7);

/// The record at version 7, its command created at `THEN`; an unlock lives for 30 s.
fn record(status: Status, action: Action, result: &str) -> Record {
    let cause = Cause::Request { actor: None };
    let expires_at = (action == Action::Unlock).then(|| THEN.plus(30_000));
    let report = json!({
        "lock": "locked", "version": 7, "commandId": "c", "result": result, "source": "remote",
        "refused": null,
        "bootCount": 1, "clock": "synced", "firmware": "1.0.0", "rssi": -61, "door": null
    });
    Record {
        version: OWN,
        status,
        state: Latch::Locked,
        command: Some(Command::new(
            CommandId::from_text("c"),
            action,
            cause,
            THEN,
            expires_at,
        )),
        reported: Some(Reported {
            report: serde_json::from_value(report).expect("a report"),
            shadow_version: 3,
            shadow_at: UnixSeconds(1_000),
            at: THEN,
        }),
        ..Record::created(LockName::new("lock-1").expect("a name"), THEN)
    }
}

#[test]
fn a_command_ends_by_its_own_answer_or_by_its_own_time() {
    use Action::{Lock, Unlock};
    use Status::{Pending, Settled, Unresponsive};
    let word = |end: Option<End>| match end {
        None => "waits",
        Some(End::Done(_)) => "done",
        Some(End::TooLate(_)) => "too late",
        Some(End::Superseded(_)) => "superseded",
        Some(End::Silent(_)) => "silent",
        Some(End::Forgotten) => "forgotten",
    };
    // status, action, result, the command's version, life of an unlock, seconds since => end
    for (status, action, result, version, ttl_ms, after_s, wanted) in [
        (Settled, Lock, "executed", 7, 30_000, 1, "done"),
        (Settled, Unlock, "executed", 7, 30_000, 1, "done"),
        (Settled, Unlock, "expired", 7, 30_000, 1, "too late"),
        (Settled, Lock, "expired", 7, 30_000, 1, "done"),
        // The system lock after an expired unlock does not answer the unlock.
        (Settled, Lock, "executed", 6, 30_000, 45, "superseded"),
        (Pending, Unlock, "none", 6, 30_000, 1, "superseded"),
        (Pending, Unlock, "none", 7, 30_000, 39, "waits"),
        (Pending, Unlock, "none", 7, 30_000, 40, "silent"),
        (Pending, Lock, "none", 7, 30_000, 39, "waits"),
        (Pending, Lock, "none", 7, 30_000, 40, "silent"),
        (Pending, Lock, "none", 7, 120_000, 64, "waits"),
        (Unresponsive, Lock, "none", 7, 30_000, 39, "waits"),
        (Unresponsive, Lock, "none", 7, 30_000, 40, "silent"),
    ] {
        let limits = Limits {
            command_ttl_ms: ttl_ms,
            ..Limits::default()
        };
        let record = record(status, action, result);
        let end = judge(record, Version(version), THEN.plus(after_s * 1000), &limits);
        let case = format!("{status:?} {action:?} {result} v{version} ttl={ttl_ms} {after_s} s");
        assert_eq!(word(end), wanted, "{case}");
    }
}
