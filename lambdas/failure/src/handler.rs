//! Load, decide, perform: each message of the failure queue. Must not judge what it loads, nor know how it is stored.
//!
//! A message that cannot be read, or not be written down, goes back to the queue: after as many tries as the template says
//! it is in the queue of poison messages, where a person sees it. Nothing is dropped.

use lock_aws::clock::Stopwatch;
use lock_aws::perform::{ANSWER_MS, log_decision};
use lock_aws::serve::{Failed, Function, Invocation};
use lock_aws::{Cloud, PerformError, Performed, Steps, chain};
use lock_core::failure::Failure;
use lock_core::field::parse_event;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::reason::Alert;
use lock_core::time::UnixMillis;
use lock_core::{Decision, decide_given_up};
use serde_json::Value;

use crate::batch::{self, BatchError, Message};

/// The failure function.
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

    /// Handles one batch of the failure queue, within `deadline`, and answers which messages go back to it.
    ///
    /// *Errors*: [`BatchError`], for an event that is not a batch.
    pub async fn handle(&self, event: &Value, deadline: UnixMillis) -> Result<Value, BatchError> {
        let messages = batch::read(event)?;
        let deadline = deadline.minus(ANSWER_MS);
        let mut failed = Vec::new();
        for message in &messages {
            if !self.is_done(message, deadline).await {
                failed.push(message.id);
            }
        }
        Ok(batch::answer(&failed))
    }

    /// Handles one message; whether the queue may forget it.
    async fn is_done(&self, message: &Message<'_>, deadline: UnixMillis) -> bool {
        let total = Stopwatch::start();
        let failure = match Failure::parse(message.body, message.sent_at) {
            Ok(failure) => failure,
            Err(refusal) => {
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
        let act = Box::pin(self.act(&failure, &mut steps));
        match self.cloud.within(deadline, act).await {
            Ok(Some(decision)) => log_decision(&decision, &steps, &total),
            Ok(None) => tracing::error!(
                alert = Alert::GivenUp.as_str(),
                reason = failure.reason.code(),
                lock = failure.lock().map(LockName::as_str),
                failure = failure.id,
                "given up, and written into no history: {} ({})",
                failure.reason.text(),
                failure.detail
            ),
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

    /// Writes the line of a failure; none where it belongs to no history.
    async fn act(
        &self,
        failure: &Failure,
        steps: &mut Steps,
    ) -> Result<Option<Decision>, PerformError> {
        let store = &self.cloud.store;
        let watch = Stopwatch::start();
        let binding = match failure.button() {
            Some(button) => store.read_binding(button).await?,
            None => None,
        };
        let record = match failure.lock() {
            Some(lock) => store.read_record(lock).await?,
            None => None,
        };
        steps.load_ms = watch.elapsed_ms();
        let decision = decide_given_up(failure, binding.as_ref(), record.as_ref(), &self.limits);
        let Some(decision) = decision else {
            return Ok(None);
        };
        while steps.may_decide() {
            // A line that is there already is this one: its key is made of the failure's own id.
            if self.cloud.commit(&decision, steps).await? == Performed::Done {
                return Ok(Some(decision));
            }
        }
        Err(std::mem::take(steps).exhausted())
    }
}

impl Function for Handler {
    type Answer = Value;

    fn invoke<'a>(&'a self, event: &'a str, deadline: UnixMillis) -> Invocation<'a, Value> {
        Box::pin(async move {
            let event =
                parse_event(event).map_err(|refusal| Failed::new(refusal.code(), &refusal))?;
            let handled = self.handle(&event, deadline).await;
            handled.map_err(|error| Failed::new(error.code(), &error))
        })
    }
}
