//! Shows each change of a batch to readers, in the order of the changes, and repeats the states
//! that a reader asks for. Must not know: the words of a message.
//!
//! | a change that | ends in | the rest of the batch |
//! |---|---|---|
//! | is not shown | success | goes on |
//! | is shown | messages, success | goes on |
//! | cannot be shown | failure | is not tried, so that the newest state is the last one |
//! | is not what its key promises | success, a log line | goes on: no later delivery cures it |
//!
//! A repeated delivery repeats its messages, in their order.

use lock_aws::stream::Record;
use lock_aws::{BatchFunction, Cloud, Failed, Handled, Handling, Invocation, Kept, chain};
use lock_core::event::{Event, Subject};
use lock_core::limits::Limits;
use lock_core::name::{LockName, NameError};
use lock_core::state::Line;
use lock_core::time::UnixMillis;
use serde_json::Value;

use crate::ask::asked;
use crate::error::ShowError;
use crate::state;

/// The show function.
#[derive(Debug)]
pub struct Handler {
    cloud: Cloud,
    limits: Limits,
}

impl Handler {
    /// A handler of the stream's batches.
    pub fn new(cloud: Cloud, limits: Limits) -> Self {
        Self { cloud, limits }
    }

    /// Shows a change.
    async fn show(&self, record: &Record<'_>) -> Result<(), ShowError> {
        let key = record.key().ok_or(ShowError::NoKey)?;
        if let Some(lock) = key.lock_of_record() {
            return Box::pin(state::show(&self.cloud, &self.limits, &lock, record)).await;
        }
        if key.is_binding() {
            return Box::pin(state::keep_batteries(&self.cloud, record)).await;
        }
        if key.is_event() && !record.is_removal() {
            return Box::pin(self.show_event(record)).await;
        }
        Ok(())
    }

    /// Publishes the line of an event of a lock.
    async fn show_event(&self, record: &Record<'_>) -> Result<(), ShowError> {
        let event: Event = record.read_new()?;
        let Subject::Lock(lock) = &event.subject else {
            return Ok(());
        };
        let old: Option<Event> = record.read_old();
        if !Line::is_new(old.as_ref(), &event) {
            return Ok(());
        }
        let names = self.cloud.store.read_labels(&event.subjects()).await?;
        let text = Line::of(&event, &names).to_json();
        let publisher = &self.cloud.publisher;
        publisher.tell(lock.event_topic(), &text, Kept::No).await?;
        Ok(())
    }
}

/// Repeats the states of `locks`, each before `deadline`. One that fails does not stop the others.
async fn repeat(
    cloud: &Cloud,
    locks: Result<Vec<LockName>, NameError>,
    deadline: UnixMillis,
) -> Result<Value, Failed> {
    let locks = locks.map_err(|error| Failed::new("bad-name", &error))?;
    let mut failed = None;
    for lock in &locks {
        let repeat = Box::pin(state::repeat(cloud, lock));
        let done = cloud.clock.before(deadline, repeat).await;
        let Err(error) = done.unwrap_or(Err(ShowError::Deadline)) else {
            continue;
        };
        let (code, lock) = (error.code(), lock.as_str());
        tracing::error!(code, lock, "not repeated: {}", chain(&error));
        failed = Some(Failed::new(code, &error));
    }
    match failed {
        None => Ok(Value::Null),
        Some(failed) => Err(failed),
    }
}

impl BatchFunction for Handler {
    type Record<'a> = Record<'a>;
    const SOURCE: &'static str = "a table's stream";

    fn read(record: &Value) -> Result<Record<'_>, &'static str> {
        Record::read(record)
    }

    fn id<'a>(record: &'a Record<'_>) -> &'a str {
        record.sequence
    }

    fn handle_other<'a>(
        &'a self,
        event: &Value,
        deadline: UnixMillis,
    ) -> Option<Invocation<'a, Value>> {
        let locks = asked(event)?;
        Some(Box::pin(repeat(&self.cloud, locks, deadline)))
    }

    fn handle_record<'a, 'r: 'a>(
        &'a self,
        record: &'a Record<'r>,
        deadline: UnixMillis,
    ) -> Handling<'a> {
        Box::pin(async move {
            let show = Box::pin(self.show(record));
            let done = self.cloud.clock.before(deadline, show).await;
            let Err(error) = done.unwrap_or(Err(ShowError::Deadline)) else {
                return Handled::Done;
            };
            let (code, sequence) = (error.code(), record.sequence);
            tracing::error!(code, sequence, "not shown: {}", chain(&error));
            if error.is_curable() {
                Handled::FailedInOrder
            } else {
                Handled::Done
            }
        })
    }
}
