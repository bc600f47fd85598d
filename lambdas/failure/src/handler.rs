//! Load, decide, perform: each message of the failure queue.
//! Must not know: how the table stores what it loads.
//!
//! A message that cannot be read or recorded returns to the queue. After the template's number of
//! receives it moves to the poison queue, where a person sees it. Nothing is dropped.

use lock_aws::clock::Stopwatch;
use lock_aws::{BatchFunction, Cloud, Handled, Handling, PerformError, Steps, chain};
use lock_core::failure::Failure;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::reason::Alert;
use lock_core::time::UnixMillis;
use lock_core::{Decision, decide_given_up};
use serde_json::Value;

use crate::message::Message;

/// Its name in metrics.
const SERVICE: &str = "failure";

/// The failure function.
#[derive(Debug)]
pub struct Handler {
    cloud: Cloud,
    limits: Limits,
}

impl Handler {
    /// A handler of the failure queue's batches.
    pub fn new(cloud: Cloud, limits: Limits) -> Self {
        Self { cloud, limits }
    }

    /// Handles one message. Returns whether the queue may delete it.
    async fn is_done(&self, message: &Message<'_>, deadline: UnixMillis) -> bool {
        let total = Stopwatch::start();
        let failure = match Failure::parse(message.body, message.sent_at) {
            Ok(failure) => failure,
            Err(refusal) => {
                self.cloud.count_alert(SERVICE);
                tracing::error!(
                    alert = Alert::GivenUp.as_str(),
                    code = refusal.code(),
                    message_id = message.id,
                    receives = message.receives,
                    "a message in the failure queue cannot be read: {refusal}"
                );
                return false;
            }
        };
        let mut steps = Steps::default();
        let record = Box::pin(self.record_failure(&failure, &mut steps));
        match self.cloud.within(deadline, record).await {
            Ok(Some(decision)) => self.cloud.log_decision(SERVICE, &decision, &steps, &total),
            Ok(None) => {
                self.cloud.count_alert(SERVICE);
                tracing::error!(
                    alert = Alert::GivenUp.as_str(),
                    reason = failure.reason.code(),
                    lock = failure.lock().map(LockName::as_str),
                    failure = failure.id,
                    "given up, recorded in no history: {} ({})",
                    failure.reason.text(),
                    failure.detail
                );
            }
            Err(error) => {
                tracing::error!(
                    code = error.code(),
                    message_id = message.id,
                    receives = message.receives,
                    total_ms = total.elapsed_ms(),
                    "{}",
                    chain(&error)
                );
                return false;
            }
        }
        true
    }

    /// Writes the line of a failure. Returns `None` if the failure belongs to no history.
    async fn record_failure(
        &self,
        failure: &Failure,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, PerformError> {
        let watch = Stopwatch::start();
        let binding = self.cloud.store.read_binding(failure.button()).await?;
        let record = self.cloud.store.read_record(failure.lock()).await?;
        steps.load_ms = watch.elapsed_ms();
        let decision = decide_given_up(failure, binding.as_ref(), record.as_ref(), &self.limits);
        match decision {
            // Its key is the failure's own id, so a line that exists is this one.
            Some(decision) => self.cloud.commit_line(decision, steps).await.map(Some),
            None => Ok(None),
        }
    }
}

impl BatchFunction for Handler {
    type Record<'a> = Message<'a>;
    const SOURCE: &'static str = "a queue";

    fn read(record: &Value) -> Result<Message<'_>, &'static str> {
        Message::read(record)
    }

    fn id<'a>(message: &'a Message<'_>) -> &'a str {
        message.id
    }

    fn handle_record<'a, 'r: 'a>(
        &'a self,
        message: &'a Message<'r>,
        deadline: UnixMillis,
    ) -> Handling<'a> {
        Box::pin(async move {
            if self.is_done(message, deadline).await {
                Handled::Done
            } else {
                Handled::Failed
            }
        })
    }
}
