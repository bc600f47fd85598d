//! The deployment's limits, written by its functions and read by an operator, who needs them to
//! interpret what the functions decided. Must not know: the limits' defaults.

use std::sync::atomic::Ordering;

use lock_core::limits::Limits;
use lock_core::time::UnixMillis;

use super::{Store, StoreError, Task};
use crate::Cloud;
use crate::error::chain;
use crate::item::{Key, to_item};
use crate::perform::ANSWER_MS;

/// Longest time spent writing the limits, in ms.
const NOTE_MS: u64 = 1_000;

impl Cloud {
    /// Writes the limits once per process: after the first event, when nobody waits, and not at
    /// start-up, while a person at the door waits.
    ///
    /// A failure is only logged, since no function needs the limits in the table. The next process
    /// writes them.
    pub async fn note_limits(&self, limits: &Limits, deadline: UnixMillis) {
        let until = self.clock.now().plus(NOTE_MS);
        let in_time = until < deadline.minus(ANSWER_MS);
        if !in_time || self.store.limits_noted.swap(true, Ordering::Relaxed) {
            return;
        }
        let written = Box::pin(self.store.write_limits(limits));
        let problem = match self.clock.before(until, written).await {
            Some(Ok(())) => return,
            Some(Err(error)) => chain(&error),
            None => format!("not written in {NOTE_MS} ms"),
        };
        tracing::warn!("lockctl will not know the limits: {problem}");
    }
}

impl Store {
    /// The limits of the deployed functions. `None` if none of them has run yet.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails or the item is malformed.
    pub async fn read_limits(&self) -> Result<Option<Limits>, StoreError> {
        self.read(Task::ReadLimits, &Key::limits()).await
    }

    /// Writes the limits over those of an earlier deployment.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails.
    pub async fn write_limits(&self, limits: &Limits) -> Result<(), StoreError> {
        let item = to_item(&Key::limits(), limits);
        self.put_item(Task::WriteLimits, item).await
    }
}
