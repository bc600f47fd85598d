//! The deployment's own limits, written by its functions and read by an operator: who must judge what the functions
//! decided needs the numbers that they decided with. Must not have numbers of its own.

use std::sync::atomic::Ordering;

use lock_core::limits::Limits;
use lock_core::time::UnixMillis;

use super::{Store, StoreError, Task};
use crate::Cloud;
use crate::error::chain;
use crate::item::{Key, to_item};
use crate::perform::ANSWER_MS;

/// Longest time spent on writing the limits down. *Units*: ms.
const NOTE_MS: u64 = 1_000;

impl Cloud {
    /// Writes the limits down, once in a process: after its first event, when nobody waits for it any more. Not at start-up,
    /// which a person at the door waits for.
    ///
    /// Never an error: no function needs what it writes here. What fails is a warning in the log, and the next process
    /// writes it.
    pub async fn note_limits(&self, limits: &Limits, deadline: UnixMillis) {
        let until = self.clock.now().plus(NOTE_MS);
        let in_time = until < deadline.minus(ANSWER_MS);
        if !in_time || self.store.limits_noted.swap(true, Ordering::Relaxed) {
            return;
        }
        let written = Box::pin(self.store.write_limits(limits));
        match self.clock.before(until, written).await {
            Some(Ok(())) => {}
            Some(Err(error)) => {
                tracing::warn!("lockctl will not know the limits: {}", chain(&error));
            }
            None => {
                tracing::warn!("lockctl will not know the limits: not written in {NOTE_MS} ms");
            }
        }
    }
}

impl Store {
    /// The limits that the deployment's functions work with; none where none of them has run yet.
    ///
    /// *Errors*: [`StoreError`].
    pub async fn read_limits(&self) -> Result<Option<Limits>, StoreError> {
        self.read(Task::ReadLimits, &Key::limits()).await
    }

    /// Writes the limits down. What is there already is replaced: a deployment that was changed has new ones.
    ///
    /// *Errors*: [`StoreError`].
    pub async fn write_limits(&self, limits: &Limits) -> Result<(), StoreError> {
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(to_item(&Key::limits(), limits)));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(Task::WriteLimits, &error)),
        }
    }
}
