//! Load, decide, perform: one report of a lock. Must not judge what it loads, nor know how it is stored.

use lock_aws::clock::Stopwatch;
use lock_aws::perform::{ANSWER_MS, log_decision, pass_over};
use lock_aws::serve::{Function, Invocation};
use lock_aws::{Cloud, PerformError, Performed, PublishError, Steps, StoreError};
use lock_core::binding::Binding;
use lock_core::decide::{Origin, ReportDecision, decide_no_shadow};
use lock_core::field::{Refusal, parse_event};
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::record::Record;
use lock_core::report::ReportEvent;
use lock_core::time::UnixMillis;
use lock_core::{Decision, decide_report};
use serde_json::Value;

/// The function's name in metrics.
const SERVICE: &str = "report";

/// The report function.
#[derive(Debug)]
pub struct Handler {
    cloud: Cloud,
    limits: Limits,
}

impl Handler {
    /// A handler over `cloud`.
    pub fn new(cloud: Cloud, limits: Limits) -> Handler {
        Handler { cloud, limits }
    }

    /// Handles one event of the report rule, of which `event` is the text, within `deadline`.
    ///
    /// A report that cannot be read is refused: logged, written down, and done with.
    ///
    /// *Errors*: [`PerformError`], for what a later delivery may cure, which the shadow's version makes safe
    /// (C9).
    pub async fn handle(&self, event: &str, deadline: UnixMillis) -> Result<(), PerformError> {
        let total = Stopwatch::start();
        let mut steps = Steps::default();
        let (event, report) = match parse_event(event) {
            Ok(event) => {
                let report = ReportEvent::parse(&event);
                (event, report)
            }
            Err(refusal) => (Value::Null, Err(refusal)),
        };
        let decided = match report {
            Ok(report) => self.act(report, deadline, &mut steps).await?,
            Err(refusal) => {
                let refused =
                    self.cloud
                        .refuse(SERVICE, &event, &refusal, &self.limits, &mut steps);
                refused.await?
            }
        };
        if let Some(decision) = decided {
            log_decision(&decision, &steps, &total);
        }
        self.cloud.note_limits(&self.limits, deadline).await;
        Ok(())
    }

    async fn act(
        &self,
        report: ReportEvent,
        deadline: UnixMillis,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, PerformError> {
        let deadline = deadline.minus(ANSWER_MS);
        let decide = Box::pin(self.decide_and_commit(report, steps));
        let decided = self.cloud.within(deadline, decide).await?;
        if let Some(decision) = &decided {
            self.cloud.publish(decision, deadline, steps).await?;
        }
        Ok(decided)
    }

    /// Decides until the writes hold, each time on what is then in the table. None for a thing that is not a registered lock,
    /// of which nothing is written (C9).
    async fn decide_and_commit(
        &self,
        event: ReportEvent,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, PerformError> {
        let mut report = event;
        let mut origin = Origin::Event;
        while steps.may_decide() {
            let watch = Stopwatch::start();
            let record = self.cloud.store.read_record(&report.lock).await?;
            let binding = self.binding_behind(record.as_ref()).await?;
            let now = self.cloud.clock.now();
            let decision = match decide_report(
                record.as_ref(),
                &report,
                origin,
                binding.as_ref(),
                now,
                &self.limits,
            ) {
                ReportDecision::Act(decision) => *decision,
                ReportDecision::NotRegistered => {
                    pass_over(SERVICE, &report.lock);
                    return Ok(None);
                }
                ReportDecision::ReadShadow => match self.read_shadow(&report.lock).await? {
                    Some(Ok(present)) => {
                        (report, origin) = (present, Origin::Shadow);
                        continue;
                    }
                    Some(Err(refusal)) => {
                        decide_no_shadow(&report, Some(&refusal), now, &self.limits)
                    }
                    None => decide_no_shadow(&report, None, now, &self.limits),
                },
            };
            steps.load_ms += watch.elapsed_ms();
            if self.cloud.commit(&decision, steps).await? == Performed::Done {
                return Ok(Some(decision));
            }
        }
        Err(std::mem::take(steps).exhausted())
    }

    /// The binding behind the current command, where an unlock might be sent again (C8).
    async fn binding_behind(&self, record: Option<&Record>) -> Result<Option<Binding>, StoreError> {
        match record.and_then(Record::resend_asks_for) {
            Some(button) => self.cloud.store.read_binding(button).await,
            None => Ok(None),
        }
    }

    async fn read_shadow(
        &self,
        lock: &LockName,
    ) -> Result<Option<Result<ReportEvent, Refusal>>, PublishError> {
        let shadow = self.cloud.publisher.get_shadow(lock).await?;
        Ok(shadow.map(|shadow| ReportEvent::parse_shadow(lock.clone(), &shadow)))
    }
}

impl Function for Handler {
    type Answer = ();

    fn invoke<'a>(&'a self, event: &'a str, deadline: UnixMillis) -> Invocation<'a, ()> {
        Box::pin(async move { Ok(self.handle(event, deadline).await?) })
    }
}
