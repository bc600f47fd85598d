//! The table: reads, the one transaction of a decision, histories, and what an operator does to bindings.
//! Must not decide anything.

mod commit;
mod due;
mod expression;
mod operator;

pub use commit::{Committed, Conflict};
pub use due::{DueLock, DueLocks};
pub use operator::Bound;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::binding::Binding;
use lock_core::event::{Event, Subject};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::time::UnixMillis;
use serde::de::DeserializeOwned;

use crate::item::{Item, Key, from_item};

/// The table of records, bindings, events and requests.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    table: String,
}

/// A call on the table that failed: which, on what, and why.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {key} in table {table}")]
pub struct StoreError {
    /// What was tried: `read record of`.
    pub operation: &'static str,
    /// On what: `lock-1`.
    pub key: String,
    /// Where.
    pub table: String,
    /// Whether it may have been done all the same: no answer came, or one that does not say.
    pub unknown: bool,
    /// The service's error, or what is wrong with the item.
    pub source: BoxError,
}

impl Store {
    /// A store over `client`.
    pub fn new(client: Client, table: &str) -> Store {
        Store {
            client,
            table: table.to_owned(),
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

    /// The record of a lock, strongly consistent; none if it was never bound nor heard. *Errors*: [`StoreError`].
    pub async fn read_record(&self, lock: &LockName) -> Result<Option<Record>, StoreError> {
        self.read("read record of", lock.as_str(), &Key::record(lock))
            .await
    }

    /// The binding of a button, strongly consistent; none if it was never bound. *Errors*: [`StoreError`].
    pub async fn read_binding(&self, button: &ButtonSerial) -> Result<Option<Binding>, StoreError> {
        self.read("read binding of", button.as_str(), &Key::binding(button))
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
        let pk = Key::history(subject);
        let fail = |source| self.error("query events of", &pk, source);
        let mut events = Vec::new();
        let mut start: Option<Item> = None;
        while events.len() < limit {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .scan_index_forward(false);
            let query = query
                .key_condition_expression("pk = :pk AND begins_with(sk, :event)")
                .expression_attribute_values(":pk", AttributeValue::S(pk.clone()))
                .expression_attribute_values(":event", AttributeValue::S("event#".to_owned()))
                .filter_expression("#ttl > :now")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":now", AttributeValue::N(now.seconds().0.to_string()))
                .limit(i32::try_from(limit).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start.take());
            let page = query.send().await.map_err(|error| fail(error.into()))?;
            for item in page.items() {
                events.push(from_item(item).map_err(|error| fail(error.into()))?);
            }
            match page.last_evaluated_key {
                Some(key) => start = Some(key),
                None => break,
            }
        }
        events.truncate(limit);
        Ok(events)
    }

    /// All records, by lock. Reads the whole table: for an operator, not for a function. *Errors*: [`StoreError`].
    pub async fn records(&self) -> Result<Vec<Record>, StoreError> {
        let mut records: Vec<Record> = self.scan("scan records of", "record").await?;
        records.sort_by(|a, b| a.lock.cmp(&b.lock));
        Ok(records)
    }

    /// All bindings, by button. Reads the whole table: for an operator, not for a function. *Errors*: [`StoreError`].
    pub async fn bindings(&self) -> Result<Vec<Binding>, StoreError> {
        let mut bindings: Vec<Binding> = self.scan("scan bindings of", "binding").await?;
        bindings.sort_by(|a, b| a.button.cmp(&b.button));
        Ok(bindings)
    }

    async fn read<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        name: &str,
        key: &Key,
    ) -> Result<Option<T>, StoreError> {
        let fail = |source| self.error(operation, name, source);
        let get = self
            .client
            .get_item()
            .table_name(&self.table)
            .consistent_read(true);
        let answer = get
            .set_key(Some(key.to_item()))
            .send()
            .await
            .map_err(|error| fail(error.into()))?;
        let read = |item: &Item| from_item(item).map_err(|error| fail(error.into()));
        answer.item.as_ref().map(read).transpose()
    }

    async fn scan<T: DeserializeOwned>(
        &self,
        operation: &'static str,
        sk: &str,
    ) -> Result<Vec<T>, StoreError> {
        let fail = |source| self.error(operation, "all", source);
        let mut found = Vec::new();
        let mut start: Option<Item> = None;
        loop {
            let scan = self
                .client
                .scan()
                .table_name(&self.table)
                .consistent_read(true);
            let scan = scan
                .filter_expression("sk = :sk")
                .expression_attribute_values(":sk", AttributeValue::S(sk.to_owned()))
                .set_exclusive_start_key(start.take());
            let page = scan.send().await.map_err(|error| fail(error.into()))?;
            for item in page.items() {
                found.push(from_item(item).map_err(|error| fail(error.into()))?);
            }
            match page.last_evaluated_key {
                Some(key) => start = Some(key),
                None => return Ok(found),
            }
        }
    }

    fn error(&self, operation: &'static str, key: &str, source: BoxError) -> StoreError {
        StoreError {
            operation,
            key: key.to_owned(),
            table: self.table.clone(),
            unknown: false,
            source,
        }
    }
}
