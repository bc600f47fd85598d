//! Runs a function whose event is one message: read, let the function decide and commit, publish,
//! log. Must not know: what a message says.

use lock_core::Decision;
use lock_core::field::{Refusal, parse_event};
use lock_core::limits::Limits;
use lock_core::time::UnixMillis;
use serde_json::Value;

use crate::clock::Stopwatch;
use crate::perform::ANSWER_MS;
use crate::serve::{Function, Invocation};
use crate::{Cloud, PerformError, Steps};

/// A function that makes at most one decision about each message.
pub trait MessageFunction: Sync {
    /// What it reads from an event.
    type Message: Send;

    /// Its name in metrics.
    const SERVICE: &'static str;

    /// The services it uses, and the limits it decides with.
    fn context(&self) -> (&Cloud, &Limits);

    /// Reads the message of an event, and may add to the event what names its sender.
    ///
    /// # Errors
    ///
    /// [`Refusal`] for an event that is not such a message.
    fn read(event: &mut Value) -> Result<Self::Message, Refusal>;

    /// Loads and decides until a commit succeeds. Returns `None` for a thing that is not a
    /// registered lock, about which nothing is written (C9).
    ///
    /// # Errors
    ///
    /// [`PerformError`] for what a later delivery may cure.
    fn decide_and_commit(
        &self,
        message: Self::Message,
        steps: &mut Steps,
    ) -> impl Future<Output = Result<Option<Decision>, PerformError>> + Send;

    /// Handles `event`, the JSON text of one message, before `deadline`. A message that cannot be
    /// read is refused: it is logged, recorded and not tried again.
    ///
    /// # Errors
    ///
    /// [`PerformError`] for what a later delivery may cure, which C4, C7 and C9 make safe.
    fn handle(
        &self,
        event: &str,
        deadline: UnixMillis,
    ) -> impl Future<Output = Result<(), PerformError>> + Send {
        async move {
            let total = Stopwatch::start();
            let mut steps = Steps::default();
            let (cloud, limits) = self.context();
            cloud.open_after_pause();
            let (event, message) = match parse_event(event) {
                Ok(mut event) => {
                    let message = Self::read(&mut event);
                    (event, message)
                }
                Err(refusal) => (Value::Null, Err(refusal)),
            };
            let decided = match message {
                Ok(message) => {
                    let deadline = deadline.minus(ANSWER_MS);
                    let decide = Box::pin(self.decide_and_commit(message, &mut steps));
                    let decided = cloud.within(deadline, decide).await?;
                    if let Some(decision) = &decided {
                        let published = cloud.publish(decision, deadline, &mut steps).await;
                        if published.is_err() {
                            cloud.count_alert(Self::SERVICE);
                        }
                        published?;
                    }
                    decided
                }
                Err(refusal) => {
                    let refuse = cloud.refuse(Self::SERVICE, &event, &refusal, limits, &mut steps);
                    refuse.await?
                }
            };
            if let Some(decision) = decided {
                cloud.log_decision(Self::SERVICE, &decision, &steps, &total);
            }
            cloud.note_limits(limits, deadline).await;
            Ok(())
        }
    }
}

impl<F: MessageFunction> Function for F {
    type Answer = ();

    fn invoke<'a>(&'a self, event: &'a str, deadline: UnixMillis) -> Invocation<'a, ()> {
        Box::pin(async move { Ok(self.handle(event, deadline).await?) })
    }
}
