//! Load, decide, perform: one due record, until it is due no more. Must not know how it was found.

use lock_aws::clock::Stopwatch;
use lock_aws::perform::log_decision;
use lock_aws::{Cloud, PerformError, Performed, Steps};
use lock_core::decide_sweep;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::record::Record;
use lock_core::report::ReportEvent;
use lock_core::time::UnixMillis;

/// Longest time spent on publishing one command. Short, because other records wait, and because the next run sends a LOCK
/// again. *Units*: ms.
const PUBLISH_MS: u64 = 1_000;

/// Acts on a lock's record as long as it is due. Answers how many decisions were carried out: none if it was not due after
/// all, or not there.
///
/// *Errors*: [`PerformError`]; the record is then still due, or its command late, and a later run makes it good.
pub async fn act(
    cloud: &Cloud,
    limits: &Limits,
    lock: &LockName,
    deadline: UnixMillis,
) -> Result<u32, PerformError> {
    let mut steps = Steps::default();
    let mut done = 0;
    let mut total = Stopwatch::start();
    while steps.may_decide() {
        let watch = Stopwatch::start();
        // The record first: then the shadow is never older than the last report that the record has used.
        let Some(record) = cloud.store.read_record(lock).await? else {
            return Ok(done);
        };
        if cloud.clock.now() < record.due.due_at {
            return Ok(done);
        }
        let shadow = shadow(cloud, lock).await?;
        let binding = match record.resend_asks_for() {
            Some(button) => cloud.store.read_binding(button).await?,
            None => None,
        };
        let now = cloud.clock.now();
        let Some(decision) = decide_sweep(&record, shadow.as_ref(), binding.as_ref(), now, limits)
        else {
            return Ok(done);
        };
        steps.load_ms += watch.elapsed_ms();
        if cloud.commit(&decision, &mut steps).await? != Performed::Done {
            continue;
        }
        done += 1;
        let publish_until = deadline.min(cloud.clock.now().plus(PUBLISH_MS));
        let published = cloud.publish(&decision, publish_until, &mut steps).await;
        log_decision(&decision, &steps, &total);
        published?;
        if !is_due_after(&decision, &record, now) {
            return Ok(done);
        }
        (steps, total) = (steps.next(), Stopwatch::start());
    }
    Err(steps.exhausted())
}

/// Whether the record is still due after what was decided on it: a report was taken in that settles nothing, or a status
/// changed before a send.
fn is_due_after(decision: &lock_core::Decision, record: &Record, now: UnixMillis) -> bool {
    let write = decision.writes.record.as_ref();
    let after = write.and_then(|write| write.apply(Some(record)).record());
    after.is_none_or(|after| after.due.due_at <= now)
}

/// What the shadow holds. One that cannot be read as a report is no news, and said.
async fn shadow(cloud: &Cloud, lock: &LockName) -> Result<Option<ReportEvent>, PerformError> {
    let Some(document) = cloud.publisher.get_shadow(lock).await? else {
        return Ok(None);
    };
    match ReportEvent::parse_shadow(lock.clone(), &document) {
        Ok(report) => Ok(Some(report)),
        Err(refusal) => {
            let (lock, reason) = (lock.as_str(), refusal.code());
            tracing::warn!(lock, reason, "shadow holds no report: {refusal}");
            Ok(None)
        }
    }
}
