//! The reports of a random run: what the lock writes, and what is decided about it.
//!
//! Must not know: the laws.

use super::*;
use crate::report::{Clock, Door, Latch, Outcome, Report, ReportId, Source};
use crate::time::UnixSeconds;

impl Run<'_> {
    /// The lock writes a report on the current command, or on an earlier one.
    pub(super) fn write_report(
        &mut self,
        record: Option<&Record>,
        behind: u64,
        latch: bool,
        known: bool,
        door: Option<Door>,
    ) -> ReportEvent {
        self.written += 1;
        let version = record.map_or(0, |record| record.version.0.saturating_sub(behind));
        let id = record
            .and_then(|record| record.command.as_ref())
            .map(|command| command.id.clone());
        let last = self.reports.last();
        let token = ReportId {
            boot_count: self.written,
            counter: 1,
            checksum: None,
        };
        ReportEvent {
            lock: LockName::new(LOCK).expect("a good name"),
            shadow_version: last.map_or(1, |last| last.shadow_version + 1),
            shadow_at: UnixSeconds(1_000 + self.written),
            token: Some(token),
            report: Report {
                lock: if latch {
                    Latch::Locked
                } else {
                    Latch::Unlocked
                },
                version: Version(version),
                command_id: id.filter(|_| known),
                result: Outcome::Executed,
                source: Source::Remote,
                refused: None,
                boot_count: self.written,
                clock: Clock::Synced,
                clock_uncertainty_ms: None,
                firmware: None,
                rssi: None,
                door,
                settings: None,
                relock_ms: None,
                pulse_ms: None,
                report_id: None,
            }
            .with_id(token),
        }
    }

    /// Decides a report; reads the shadow if the event shows that it was deleted.
    pub(super) fn hear(&self, event: &ReportEvent, seen: &Table, limits: &Limits) -> Decision {
        let decide = |event, origin| {
            let (record, binding) = (seen.record.as_ref(), Some(&seen.binding));
            decide_report(record, event, origin, binding, self.now, limits)
        };
        match decide(event, Origin::Event) {
            ReportDecision::Act(decision) => *decision,
            ReportDecision::NotRegistered => panic!("the lock is registered"),
            ReportDecision::ReadShadow => {
                self.occurred.note("shadow deleted");
                let shadow = self.reports.last().expect("an event was written");
                match decide(shadow, Origin::Shadow) {
                    ReportDecision::Act(decision) => *decision,
                    _ => panic!("the shadow's own word is always judged"),
                }
            }
        }
    }
}
