//! Load, decide, perform: one record, until it is no longer due. Must not know: how it was found.

use lock_aws::clock::Stopwatch;
use lock_aws::{PerformError, Performed, Steps};
use lock_core::binding::Binding;
use lock_core::name::LockName;
use lock_core::record::Record;
use lock_core::report::ReportEvent;
use lock_core::time::UnixMillis;
use lock_core::{Decision, decide_sweep};

use crate::handler::{Handler, SERVICE};

/// Longest time spent publishing one command, in ms. Short, because other records wait, and because
/// the next sweep sends a LOCK again.
const PUBLISH_MS: u64 = 1_000;

/// What a decision about a due record needs.
struct Loaded {
    record: Record,
    shadow: Option<ReportEvent>,
    binding: Option<Binding>,
}

impl Handler {
    /// Acts on a lock's record as long as it is due. Returns the number of decisions committed: 0
    /// if the record is gone or no longer due.
    ///
    /// # Errors
    ///
    /// [`PerformError`] if the record stays due or its command unsent; a later sweep cures it.
    pub(crate) async fn sweep_lock(
        &self,
        lock: &LockName,
        deadline: UnixMillis,
    ) -> Result<u32, PerformError> {
        let cloud = &self.cloud;
        let mut steps = Steps::default();
        let mut committed = 0;
        let mut total = Stopwatch::start();
        while steps.may_decide() {
            let watch = Stopwatch::start();
            let Some(loaded) = self.load(lock).await? else {
                return Ok(committed);
            };
            let (record, shadow) = (&loaded.record, loaded.shadow.as_ref());
            let (binding, now) = (loaded.binding.as_ref(), cloud.clock.now());
            let Some(decision) = decide_sweep(record, shadow, binding, now, &self.limits) else {
                return Ok(committed);
            };
            steps.load_ms += watch.elapsed_ms();
            if cloud.commit(&decision, &mut steps).await? != Performed::Done {
                continue;
            }
            committed += 1;
            let publish_until = deadline.min(cloud.clock.now().plus(PUBLISH_MS));
            let published = cloud.publish(&decision, publish_until, &mut steps).await;
            cloud.log_decision(SERVICE, &decision, &steps, &total);
            if published.is_err() {
                cloud.count_alert(SERVICE);
            }
            published?;
            if !is_due_after(&decision, record, now) {
                return Ok(committed);
            }
            (steps, total) = (steps.next(), Stopwatch::start());
        }
        Err(steps.exhausted())
    }

    /// Loads what a decision needs. Returns `None` if the record is gone or not due.
    async fn load(&self, lock: &LockName) -> Result<Option<Loaded>, PerformError> {
        let cloud = &self.cloud;
        // The record first, so that the shadow is never older than the last report the record used.
        let record = cloud.store.read_record(lock).await?;
        let now = cloud.clock.now();
        let Some(record) = record.filter(|record| now >= record.due.due_at) else {
            return Ok(None);
        };
        let shadow = self.read_shadow(lock).await?;
        let binding = cloud.store.read_binding(record.resend_asks_for()).await?;
        Ok(Some(Loaded {
            record,
            shadow,
            binding,
        }))
    }

    /// The report in a lock's shadow. An unreadable shadow is logged and treated as absent.
    async fn read_shadow(&self, lock: &LockName) -> Result<Option<ReportEvent>, PerformError> {
        let Some(document) = self.cloud.publisher.get_shadow(lock).await? else {
            return Ok(None);
        };
        let report = ReportEvent::parse_shadow(lock.clone(), &document);
        if let Err(refusal) = &report {
            let (lock, reason) = (lock.as_str(), refusal.code());
            tracing::warn!(lock, reason, "shadow does not hold a report: {refusal}");
        }
        Ok(report.ok())
    }
}

/// Whether the record is still due after a decision: the report settled nothing, or only the status
/// changed, with a send to follow.
fn is_due_after(decision: &Decision, record: &Record, now: UnixMillis) -> bool {
    let write = decision.writes.record.as_ref();
    let after = write.and_then(|write| write.apply(Some(record)).record());
    after.is_none_or(|after| after.due.due_at <= now)
}
