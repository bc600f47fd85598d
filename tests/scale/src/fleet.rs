//! The locks before the outage: each settled, each with a report of the last quarter of an hour.
//!
//! Must not know: what happens to them.

use lock_core::Decision;
use lock_core::decide::{Origin, ReportDecision, decide_report};
use lock_core::limits::{Limits, REPORT_INTERVAL_MS};
use lock_core::name::LockName;
use lock_core::record::{Due, Record, Status};
use lock_core::report::ReportEvent;
use lock_core::time::UnixMillis;
use serde_json::json;

/// The time at which the outage begins.
pub const START: UnixMillis = UnixMillis(1_764_000_000_000);

/// The record of a settled lock, and the report that settled it.
pub struct Settled {
    record: Record,
    report: ReportEvent,
}

/// The report of a lock at `version`, at most one for each second.
fn report_of(lock: &LockName, version: u64, command: Option<&str>, at: UnixMillis) -> ReportEvent {
    let result = if command.is_some() {
        "executed"
    } else {
        "none"
    };
    let second = at.seconds().0;
    let event = json!({
        "thing": lock, "shadowVersion": second, "timestamp": second,
        "clientToken": format!("1-{second}"),
        "reported": {
            "lock": "locked", "version": version, "commandId": command, "result": result,
            "source": if command.is_some() { "remote" } else { "boot" }, "bootCount": 1,
            "clock": "synced", "reportId": format!("1-{second}"),
        },
    });
    ReportEvent::parse(&event).expect("a report of the protocol's form")
}

/// The decision about a report.
///
/// # Panics
///
/// The lock is not registered, or its shadow must be read: neither occurs here.
pub fn decide(record: &Record, report: &ReportEvent, now: UnixMillis) -> Decision {
    let limits = Limits::default();
    match decide_report(Some(record), report, Origin::Event, None, now, &limits) {
        ReportDecision::Act(decision) => *decision,
        other => panic!("{other:?} for {record:?}"),
    }
}

/// The record after a decision.
pub fn apply(record: &Record, decision: &Decision) -> Record {
    match &decision.writes.record {
        None => record.clone(),
        Some(write) => write
            .apply(Some(record))
            .record()
            .expect("nobody else writes"),
    }
}

impl Settled {
    /// A lock that was registered, reported, was locked, and reported that.
    pub fn make() -> Self {
        let lock = LockName::new("lock").expect("a name");
        let at = START.minus(2 * REPORT_INTERVAL_MS);
        let record = Record::created(lock.clone(), at);
        let first = report_of(&lock, 0, None, at.plus(1_000));
        let pending = apply(&record, &decide(&record, &first, at.plus(1_000)));
        let command = pending
            .command
            .as_ref()
            .expect("the first report is answered by a command");
        let later = at.plus(3_000);
        let id = command.id.to_string();
        let report = report_of(&lock, pending.version.0, Some(&id), later);
        let record = apply(&pending, &decide(&pending, &report, later));
        assert_eq!(record.status, Status::Settled);
        Self { record, report }
    }

    /// The record of lock number `number`, whose last report was `age_ms` before the outage.
    pub fn record(&self, number: usize, age_ms: u64) -> Record {
        let lock = LockName::new(format!("lock-{number}")).expect("a name");
        let at = START.minus(age_ms);
        let mut record = self.record.clone();
        if let Some(reported) = &mut record.reported {
            reported.at = at;
            reported.shadow_at = at.seconds();
        }
        record.due = Due::settled(&lock, at);
        record.lock = lock;
        record
    }

    /// What the lock of `record` reports at `now`, once it can: its latch has not moved.
    pub fn report(&self, record: &Record, now: UnixMillis) -> ReportEvent {
        ReportEvent {
            lock: record.lock.clone(),
            shadow_version: now.seconds().0,
            shadow_at: now.seconds(),
            ..self.report.clone()
        }
    }
}
