//! The table: reads, the one transaction of a decision, histories, the list of what is registered.
//! Must not decide anything.

mod commit;
mod condition;
mod due;
mod error;
mod expression;
mod limits;
mod operator;
mod register;

pub use commit::{Committed, Conflict};
pub use due::{DueLock, DueLocks};
pub use error::{StoreError, Task};
pub use register::Register;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::binding::Binding;
use lock_core::event::{Event, Subject};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::time::UnixMillis;
use serde::de::DeserializeOwned;

use crate::error::CallError;
use crate::item::{Item, Key, from_item};

/// The table of records, bindings, events and requests.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
    limits_noted: Arc<AtomicBool>,
}

impl Store {
    /// A store over `client`.
    pub fn new(client: Client, table: &str) -> Store {
        Store {
            client,
            table: table.to_owned(),
            limits_noted: Arc::default(),
        }
    }

    /// The SDK's client, for start-up and provisioning.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The record of a lock, strongly consistent; none if it is not registered. *Errors*: [`StoreError`].
    pub async fn read_record(&self, lock: &LockName) -> Result<Option<Record>, StoreError> {
        self.read(Task::ReadRecord(lock.clone()), &Key::record(lock))
            .await
    }

    /// The binding of a button, strongly consistent; none if it is not registered. *Errors*: [`StoreError`].
    pub async fn read_binding(&self, button: &ButtonSerial) -> Result<Option<Binding>, StoreError> {
        self.read(Task::ReadBinding(button.clone()), &Key::binding(button))
            .await
    }

    /// The history of a lock or a button, newest first, at most `limit` lines, without those whose time is over at `now`
    /// (DynamoDB drops them late). *Errors*: [`StoreError`].
    pub async fn history(
        &self,
        subject: &Subject,
        limit: usize,
        now: UnixMillis,
    ) -> Result<Vec<Event>, StoreError> {
        let mut events = self
            .query_events(subject, "event#", Some((limit, now)))
            .await?;
        events.truncate(limit);
        Ok(events)
    }

    /// The lines of a lock or a button since `since`, newest first. *Errors*: [`StoreError`].
    pub async fn history_since(
        &self,
        subject: &Subject,
        since: UnixMillis,
    ) -> Result<Vec<Event>, StoreError> {
        let from = Key::event_at(since);
        self.query_events(subject, &from, None).await
    }

    /// Lines from the sort key `from` on, newest first: all, or enough for `limit` of those that are not over at `now`.
    async fn query_events(
        &self,
        subject: &Subject,
        from: &str,
        enough: Option<(usize, UnixMillis)>,
    ) -> Result<Vec<Event>, StoreError> {
        let task = || Task::ReadHistory(subject.clone());
        let mut events = Vec::new();
        let mut start: Option<Item> = None;
        while enough.is_none_or(|(limit, _)| events.len() < limit) {
            let mut query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .scan_index_forward(false)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .expression_attribute_values(":pk", AttributeValue::S(Key::history(subject)))
                .expression_attribute_values(":from", AttributeValue::S(from.to_owned()))
                // The character after `#`: past every line, before whatever else is of this lock.
                .expression_attribute_values(":to", AttributeValue::S("event$".to_owned()))
                .set_exclusive_start_key(start.take());
            if let Some((limit, now)) = enough {
                query = query
                    .filter_expression("#ttl > :now")
                    .expression_attribute_names("#ttl", "ttl")
                    .expression_attribute_values(
                        ":now",
                        AttributeValue::N(now.seconds().0.to_string()),
                    )
                    .limit(i32::try_from(limit).unwrap_or(i32::MAX));
            }
            let page = query.send().await;
            let page = page.map_err(|error| self.failed(task(), &error))?;
            for item in page.items() {
                let event = from_item(item);
                events.push(event.map_err(|error| self.error(task(), error.into()))?);
            }
            match page.last_evaluated_key {
                Some(key) => start = Some(key),
                None => break,
            }
        }
        Ok(events)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        task: Task,
        key: &Key,
    ) -> Result<Option<T>, StoreError> {
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true)
            .set_key(Some(key.to_item()));
        let answer = match get.send().await {
            Ok(answer) => answer,
            Err(error) => return Err(self.failed(task, &error)),
        };
        let value = answer.item.as_ref().map(from_item).transpose();
        value.map_err(|error| self.error(task, error.into()))
    }

    /// A call that the SDK says has failed.
    fn failed<E>(&self, task: Task, error: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        StoreError {
            unknown: commit::unknown(error),
            ..self.error(task, CallError::of(error))
        }
    }

    fn error(&self, task: Task, source: CallError) -> StoreError {
        StoreError {
            task,
            table: self.table.clone(),
            unknown: false,
            source,
        }
    }
}
