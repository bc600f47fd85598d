//! What is measured about decisions and sweeps. Must not know: how a value is written.
//!
//! | level | metric | dimensions |
//! |---|---|---|
//! | few | `Alerts`, `ContestedLocks`, `UnregisteredMessages` | service |
//! | few | `PressToAcknowledgementMs`, `OldestPendingMs` | service |
//! | all | `Presses` | decision, reason |

use lock_core::Decision;
use lock_core::event::Kind;
use lock_core::name::LockName;
use lock_core::reason::{Alert, Verdict};
use lock_core::record::{Cause, Record, Status};

use crate::Cloud;
use crate::metric::Value;
use crate::settings::MetricLevel;

const COUNT: &str = "Count";
const MILLISECONDS: &str = "Milliseconds";

impl Cloud {
    /// Counts a message about a thing that is not a registered lock. It may belong to another
    /// stack, so nothing is written about it (C9).
    pub fn pass_over(&self, service: &str, lock: &LockName) {
        tracing::debug!(
            lock = lock.as_str(),
            "not a registered lock: nothing is written"
        );
        self.measure(service, "UnregisteredMessages", COUNT, 1);
    }

    /// Counts an alert that is in no decision.
    pub fn count_alert(&self, service: &str) {
        self.measure(service, "Alerts", COUNT, 1);
    }

    /// Measures how long the oldest due record has waited for the sweep, in ms.
    pub fn measure_oldest(&self, service: &str, oldest_ms: u64) {
        self.measure(service, "OldestPendingMs", MILLISECONDS, oldest_ms);
    }

    /// Measures the time from a person's command to its answer, if `decision` about `record` is the
    /// answer.
    pub fn measure_answer(&self, service: &str, record: Option<&Record>, decision: &Decision) {
        let waiting = record.filter(|record| record.status != Status::Settled);
        let command = waiting.and_then(|record| record.command.as_ref());
        let Some(command) = command.filter(|_| decision.verdict == Verdict::Settled) else {
            return;
        };
        if !matches!(command.cause, Cause::System { .. }) {
            let ms = decision.writes.event.at.since(command.created_at);
            self.measure(service, "PressToAcknowledgementMs", MILLISECONDS, ms);
        }
    }

    /// Counts a decision's alerts, and the decision itself if it is about a press.
    pub(crate) fn count_decision(&self, service: &str, decision: &Decision) {
        if !decision.alerts.is_empty() {
            let alerts = decision.alerts.len() as u64;
            self.measure(service, "Alerts", COUNT, alerts);
        }
        if decision.alerts.contains(&Alert::Contested) {
            self.measure(service, "ContestedLocks", COUNT, 1);
        }
        if decision.writes.event.kind == Kind::Press && self.metrics.has(MetricLevel::All) {
            let (verdict, reason) = (decision.verdict.as_str(), decision.reason.code());
            let dimensions = [("decision", verdict), ("reason", reason)];
            let value = Value {
                name: "Presses",
                unit: COUNT,
                value: 1,
            };
            self.metrics.write(&dimensions, value, self.clock.now());
        }
    }

    fn measure(&self, service: &str, name: &str, unit: &str, value: u64) {
        if self.metrics.has(MetricLevel::Few) {
            let value = Value { name, unit, value };
            let now = self.clock.now();
            self.metrics.write(&[("service", service)], value, now);
        }
    }
}
