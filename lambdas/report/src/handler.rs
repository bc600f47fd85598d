//! Load, decide, perform: one report of a lock. Must not know: how the table stores it.

use lock_aws::clock::Stopwatch;
use lock_aws::{Cloud, MessageFunction, PerformError, Performed, PublishError, Steps};
use lock_core::decide::{Origin, ReportDecision, decide_no_shadow};
use lock_core::field::Refusal;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::record::Record;
use lock_core::report::ReportEvent;
use lock_core::{Decision, decide_report};
use serde_json::Value;

/// The report function.
#[derive(Debug)]
pub struct Handler {
    cloud: Cloud,
    limits: Limits,
}

impl MessageFunction for Handler {
    type Message = ReportEvent;

    const SERVICE: &'static str = "report";

    fn context(&self) -> (&Cloud, &Limits) {
        (&self.cloud, &self.limits)
    }

    fn read(event: &mut Value) -> Result<ReportEvent, Refusal> {
        ReportEvent::parse(event)
    }

    async fn decide_and_commit(
        &self,
        mut report: ReportEvent,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, PerformError> {
        let (store, limits) = (&self.cloud.store, &self.limits);
        let mut origin = Origin::Event;
        while steps.may_decide() {
            let watch = Stopwatch::start();
            let record = store.read_record(&report.lock).await?;
            let record = record.as_ref();
            // The binding of the current command: an unlock is re-sent only while enabled (C8).
            let button = record.and_then(Record::resend_asks_for);
            let binding = store.read_binding(button).await?;
            let (binding, now) = (binding.as_ref(), self.cloud.clock.now());
            let decision = match decide_report(record, &report, origin, binding, now, limits) {
                ReportDecision::Act(decision) => *decision,
                ReportDecision::NotRegistered => {
                    self.cloud.pass_over(Self::SERVICE, &report.lock);
                    return Ok(None);
                }
                ReportDecision::ReadShadow => match self.read_shadow(&report.lock).await? {
                    Some(Ok(present)) => {
                        (report, origin) = (present, Origin::Shadow);
                        continue;
                    }
                    Some(Err(refusal)) => decide_no_shadow(&report, Some(&refusal), now, limits),
                    None => decide_no_shadow(&report, None, now, limits),
                },
            };
            steps.load_ms += watch.elapsed_ms();
            if self.cloud.commit(&decision, steps).await? == Performed::Done {
                self.cloud.measure_answer(Self::SERVICE, record, &decision);
                return Ok(Some(decision));
            }
        }
        Err(steps.exhausted())
    }
}

impl Handler {
    /// A handler of the report rule's events.
    pub fn new(cloud: Cloud, limits: Limits) -> Self {
        Self { cloud, limits }
    }

    async fn read_shadow(
        &self,
        lock: &LockName,
    ) -> Result<Option<Result<ReportEvent, Refusal>>, PublishError> {
        let shadow = self.cloud.publisher.get_shadow(lock).await?;
        Ok(shadow.map(|shadow| ReportEvent::parse_shadow(lock.clone(), &shadow)))
    }
}
