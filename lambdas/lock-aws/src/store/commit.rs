//! Commits a decision as one DynamoDB transaction of the core's conditional writes (C3).
//! Must not know: how a decision is made.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::{
    Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};
use lock_core::event::{Event, Slot, Subject};
use lock_core::name::LockName;
use lock_core::write::{BindingWrite, RecordWrite, Writes};

use super::change::{binding_expression, record_expression};
use super::conflict::{Conflict, Part, conflict, is_busy};
use super::expression::Expression;
use super::{Store, StoreError, Task};
use crate::item::{Item, Key, request_item, to_item};

/// The condition that an item does not exist.
pub(super) const ABSENT: &str = "attribute_not_exists(pk)";
/// An item whose condition does not hold comes back as it is: deciding again on it costs no read.
const AS_FOUND: ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure::AllOld;
/// Outcome of a decision's writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// All are in the table.
    Done,
    /// None is in the table: decide again, on the item as found or on what is read.
    Conflict(Conflict),
}

impl Store {
    /// Commits a decision's writes, all or nothing.
    ///
    /// A decision that changes nothing writes its line alone, never over a line of the same key.
    /// Ignored presses of one button for one reason are counted on one line per minute.
    ///
    /// The SDK repeats an attempt without an answer (lost, late, a server error) with the same
    /// `ClientRequestToken`. For ten minutes DynamoDB answers the repetition of a successful
    /// transaction with success and writes nothing twice. After that the conditions fail, the
    /// result is a conflict, and the caller sees on its next read what this call wrote.
    ///
    /// # Errors
    ///
    /// [`StoreError`] for anything but success and conflict. If it is `unknown`, either all writes
    /// were made or none: read again and decide on that.
    pub async fn commit(&self, writes: &Writes) -> Result<Committed, StoreError> {
        if writes.is_event_only() {
            return match writes.event.slot() {
                Some(slot) => self.count_line(&writes.event, &slot).await,
                None => self.put_line(&writes.event).await,
            };
        }
        let mut parts = Vec::new();
        let mut actions = Vec::new();
        if let Some(mark) = &writes.request {
            parts.push(Part::Request);
            actions.push(self.put(request_item(mark), Some(ABSENT)));
        }
        if let Some(binding) = &writes.binding {
            parts.push(Part::Binding);
            actions.push(self.binding_action(binding));
        }
        if let Some(record) = &writes.record {
            parts.push(Part::Record);
            actions.push(self.record_action(record));
        }
        if let Some(other) = &writes.other {
            parts.push(Part::Other);
            let record = RecordWrite::Update(other.record.clone());
            actions.push(self.record_action(&record));
        }
        actions.extend(self.listing_actions(writes));
        actions.push(self.put(line_item(&writes.event), None));
        if let Some(other) = &writes.other {
            actions.push(self.put(line_item(&other.event), None));
        }
        let call = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions));
        let Err(error) = call.send().await else {
            return Ok(Committed::Done);
        };
        let task = || Task::Commit(writes.event.subject.clone());
        match conflict(&error, &parts) {
            Some(Ok(conflict)) => Ok(Committed::Conflict(conflict)),
            Some(Err(unreadable)) => Err(self.error(task(), unreadable.into())),
            None => Err(self.failed(task(), &error)),
        }
    }

    async fn put_line(&self, event: &Event) -> Result<Committed, StoreError> {
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(line_item(event)))
            .condition_expression(ABSENT);
        self.line_outcome(event, call.send().await)
    }

    /// Writes the line of an ignored press, or counts the press on the line that it shares with
    /// others of that minute. A retry of the last press counted changes nothing.
    async fn count_line(&self, event: &Event, slot: &Slot) -> Result<Committed, StoreError> {
        let mut expression = Expression::default();
        expression.set_if_absent(event);
        expression.add_one("count", &0);
        expression.set("lastKey", &event.key);
        expression.set("lastAt", &event.at);
        expression.require_other("lastKey", &event.key);
        let parts = expression.into_parts();
        let call = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(Key::shared_line(event, slot).to_item()))
            .update_expression(parts.update)
            .condition_expression(parts.condition)
            .set_expression_attribute_names(Some(parts.names))
            .set_expression_attribute_values(Some(parts.values));
        self.line_outcome(event, call.send().await)
    }

    /// The outcome of writing a line. A line that exists already counts as written.
    fn line_outcome<T, E>(
        &self,
        event: &Event,
        answer: Result<T, SdkError<E>>,
    ) -> Result<Committed, StoreError>
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        match answer {
            Ok(_) => Ok(Committed::Done),
            Err(error) if code(&error) == Some("ConditionalCheckFailedException") => {
                Ok(Committed::Done)
            }
            Err(error) if is_busy(&error) => Ok(Committed::Conflict(Conflict::Busy)),
            Err(error) => Err(self.failed(Task::WriteLine(event.subject.clone()), &error)),
        }
    }

    fn binding_action(&self, write: &BindingWrite) -> TransactWriteItem {
        let key = Key::binding(write.button());
        match write {
            BindingWrite::Create(binding) => self.put(to_item(&key, binding), Some(ABSENT)),
            BindingWrite::Update(update) => self.update(&key, binding_expression(update)),
        }
    }

    fn record_action(&self, write: &RecordWrite) -> TransactWriteItem {
        match write {
            RecordWrite::Create(record) => {
                let key = Key::record(&record.lock);
                self.put(to_item(&key, record), Some(ABSENT))
            }
            RecordWrite::Update(record) => {
                let key = Key::record(&record.lock);
                self.update(&key, record_expression(record))
            }
            RecordWrite::Delete(record) => {
                let key = Key::record(&record.lock);
                let mut expression = Expression::default();
                expression.require(record.conditions());
                self.delete(&key, Some(expression))
            }
        }
    }

    /// Adds to the list of registered things, or removes from it.
    fn listing_actions(&self, writes: &Writes) -> Vec<TransactWriteItem> {
        let mut actions = Vec::new();
        let listing = |lock: &LockName| Key::listing(&Subject::Lock(lock.clone()));
        if let Some(BindingWrite::Create(binding)) = &writes.binding {
            let key = Key::listing(&Subject::Button(binding.button.clone()));
            actions.push(self.put(key.to_item(), None));
        }
        if let Some(RecordWrite::Create(record)) = &writes.record {
            actions.push(self.put(listing(&record.lock).to_item(), None));
        }
        if let Some(RecordWrite::Delete(record)) = &writes.record {
            actions.push(self.delete(&listing(&record.lock), None));
        }
        actions
    }

    fn put(&self, item: Item, condition: Option<&str>) -> TransactWriteItem {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .set_condition_expression(condition.map(str::to_owned))
            .set_return_values_on_condition_check_failure(condition.map(|_| AS_FOUND))
            .build()
            .expect("table and item are given");
        TransactWriteItem::builder().put(put).build()
    }

    fn update(&self, key: &Key, expression: Expression) -> TransactWriteItem {
        let parts = expression.into_parts();
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key.to_item()))
            .update_expression(parts.update)
            .condition_expression(parts.condition)
            .set_expression_attribute_names(Some(parts.names))
            .set_expression_attribute_values(Some(parts.values))
            .return_values_on_condition_check_failure(AS_FOUND)
            .build()
            .expect("table, key and update are given");
        TransactWriteItem::builder().update(update).build()
    }

    fn delete(&self, key: &Key, condition: Option<Expression>) -> TransactWriteItem {
        let mut delete = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(key.to_item()));
        if let Some(parts) = condition.map(Expression::into_parts) {
            delete = delete
                .condition_expression(parts.condition)
                .set_expression_attribute_names(Some(parts.names))
                .set_expression_attribute_values(Some(parts.values))
                .return_values_on_condition_check_failure(AS_FOUND);
        }
        let delete = delete.build().expect("table and key are given");
        TransactWriteItem::builder().delete(delete).build()
    }
}

/// Whether a failed call may have been carried out.
pub(super) fn is_outcome_unknown<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(answer) => answer.raw().status().is_server_error(),
        _ => true,
    }
}

/// The service's error code.
pub(super) fn code<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

/// A history line as an item.
fn line_item(event: &Event) -> Item {
    to_item(&Key::event(event), event)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;

    use super::*;

    #[test]
    fn only_a_call_that_was_never_made_or_was_answered_has_a_known_outcome() {
        let error = || std::io::Error::from(std::io::ErrorKind::TimedOut);
        let never_made = SdkError::<TransactWriteItemsError>::construction_failure(error());
        assert!(!is_outcome_unknown(&never_made));
        let late = SdkError::<TransactWriteItemsError>::timeout_error(error());
        assert!(is_outcome_unknown(&late));
    }
}
