//! Load, decide, perform: one report of a lock. Must not judge what it loads, nor know how it is stored.

use std::time::Duration;

use lock_aws::clock::{self, Stopwatch};
use lock_aws::publisher::chain;
use lock_aws::{Cloud, Committed, Conflict, PublishError, StoreError};
use lock_core::binding::Binding;
use lock_core::decide::{Origin, ReportDecision, decide_no_shadow};
use lock_core::event::{Event, Subject};
use lock_core::field::Refusal;
use lock_core::limits::{DECISIONS_MAX, Limits};
use lock_core::name::LockName;
use lock_core::record::Record;
use lock_core::report::ReportEvent;
use lock_core::time::UnixMillis;
use lock_core::{Decision, decide_report};
use serde_json::Value;

/// Kept free at the end of an invocation, to answer in. *Units*: ms.
const ANSWER_MS: u64 = 500;
/// Wait after another transaction held an item; grows with each. *Units*: ms.
const BUSY_WAIT_MS: u64 = 20;

/// The report function.
#[derive(Debug)]
pub struct Handler {
    cloud: Cloud,
    limits: Limits,
}

/// Why an invocation failed; Lambda then delivers the event again, which the shadow's version makes safe (C9).
#[derive(Debug, thiserror::Error)]
pub enum HandlerError {
    /// The table did not answer, or answered something unreadable.
    #[error("{}", chain(.0))]
    Store(#[from] StoreError),
    /// A command is committed and not published (C13), or a shadow could not be read.
    #[error("{}", chain(.0))]
    Publish(#[from] PublishError),
    /// Other writers were first each time.
    #[error("decided {DECISIONS_MAX} times, each time the record had changed meanwhile")]
    Contention,
}

/// The invocation's error for the Lambda service: the stable code, and the chain of causes.
impl From<HandlerError> for lambda_runtime::Diagnostic {
    fn from(error: HandlerError) -> lambda_runtime::Diagnostic {
        lambda_runtime::Diagnostic {
            error_type: error.code().to_owned(),
            error_message: error.to_string(),
        }
    }
}

/// Milliseconds spent in each step, and tries, for the log.
#[derive(Debug, Default)]
struct Steps {
    load_ms: f64,
    commit_ms: f64,
    publish_ms: f64,
    decisions: u32,
}

impl Handler {
    /// A handler over `cloud`.
    pub fn new(cloud: Cloud, limits: Limits) -> Handler {
        Handler { cloud, limits }
    }

    /// Handles one event of the report rule, within `deadline`.
    ///
    /// A report that cannot be read is refused: logged, written down, and done with.
    ///
    /// *Errors*: [`HandlerError`], for what a later delivery may cure.
    pub async fn handle(&self, event: &Value, deadline: UnixMillis) -> Result<(), HandlerError> {
        let total = Stopwatch::start();
        let mut steps = Steps::default();
        let outcome = match ReportEvent::parse(event) {
            Ok(report) => self.act(report, deadline, &mut steps).await,
            Err(refusal) => self.refuse(event, &refusal).await,
        };
        match outcome {
            Ok(Some(decision)) => log_decision(&decision, &steps, &total),
            Ok(None) => {}
            Err(error) => {
                tracing::error!(
                    code = error.code(),
                    total_ms = total.elapsed_ms(),
                    "{error}"
                );
                return Err(error);
            }
        }
        Ok(())
    }

    async fn act(
        &self,
        report: ReportEvent,
        deadline: UnixMillis,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, HandlerError> {
        let decision = self.decide_and_commit(report, steps).await?;
        if let Some(publish) = &decision.publish {
            let watch = Stopwatch::start();
            let deadline = deadline.minus(ANSWER_MS);
            let published = self
                .cloud
                .publisher
                .publish_command(publish, deadline)
                .await;
            steps.publish_ms = watch.elapsed_ms();
            if let Err(error) = &published {
                let (lock, version) = (publish.lock.as_str(), publish.command.version.0);
                tracing::error!(lock, version, alert = "not-published", "{}", chain(error));
            }
            published?;
        }
        Ok(Some(decision))
    }

    /// Decides until the writes hold, each time on what is then in the table.
    async fn decide_and_commit(
        &self,
        event: ReportEvent,
        steps: &mut Steps,
    ) -> Result<Decision, HandlerError> {
        let mut report = event;
        let mut origin = Origin::Event;
        while steps.decisions < DECISIONS_MAX {
            let watch = Stopwatch::start();
            let record = self.cloud.store.read_record(&report.lock).await?;
            let binding = self.binding_behind(record.as_ref()).await?;
            let now = clock::now();
            let decision = match decide_report(
                record.as_ref(),
                &report,
                origin,
                binding.as_ref(),
                now,
                &self.limits,
            ) {
                ReportDecision::Act(decision) => *decision,
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
            steps.decisions += 1;
            let watch = Stopwatch::start();
            let committed = self.cloud.store.commit(&decision.writes).await?;
            steps.commit_ms += watch.elapsed_ms();
            match committed {
                Committed::Done => return Ok(decision),
                Committed::Conflict(Conflict::Busy) => {
                    let wait_ms = BUSY_WAIT_MS * u64::from(steps.decisions);
                    tokio::time::sleep(Duration::from_millis(wait_ms)).await;
                }
                Committed::Conflict(_) => {}
            }
        }
        Err(HandlerError::Contention)
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

    /// Logs a report that cannot be read, and writes it down where its sender is known.
    async fn refuse(
        &self,
        event: &Value,
        refusal: &Refusal,
    ) -> Result<Option<Decision>, HandlerError> {
        let Some(line) = Event::of_refusal(event, refusal, clock::now(), &self.limits) else {
            tracing::warn!(decision = "refused", reason = refusal.code(), "{refusal}");
            return Ok(None);
        };
        let decision = Decision::refused(line);
        self.cloud.store.commit(&decision.writes).await?;
        Ok(Some(decision))
    }
}

impl HandlerError {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            HandlerError::Store(_) => "store",
            HandlerError::Publish(_) => "publish",
            HandlerError::Contention => "contention",
        }
    }
}

fn log_decision(decision: &Decision, steps: &Steps, total: &Stopwatch) {
    let event = &decision.writes.event;
    let lock = match &event.subject {
        Subject::Lock(lock) => Some(lock.as_str()),
        Subject::Button(_) => None,
    };
    for alert in &decision.alerts {
        tracing::error!(alert = alert.code(), lock, "a person must look at this");
    }
    tracing::info!(
        lock,
        version = event.version.map(|version| version.0),
        decision = decision.verdict.as_str(),
        reason = decision.reason.code(),
        load_ms = steps.load_ms,
        commit_ms = steps.commit_ms,
        publish_ms = steps.publish_ms,
        total_ms = total.elapsed_ms(),
        decisions = steps.decisions,
        "{event}"
    );
}
