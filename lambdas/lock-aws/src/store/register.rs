//! The list of what is registered, and the records and bindings behind it: read by key, so that an operator's view costs
//! what there are locks and buttons, however many lines their histories have. Must not be used by the functions.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use lock_core::binding::Binding;
use lock_core::event::Subject;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use serde::de::DeserializeOwned;

use super::{Store, StoreError, Task};
use crate::error::CallError;
use crate::item::{Item, ItemError, Key, SK, THINGS, from_item};

/// Items that DynamoDB gives in one batch.
const BATCH: usize = 100;

/// What is registered, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    /// The locks.
    pub locks: Vec<LockName>,
    /// The buttons.
    pub buttons: Vec<ButtonSerial>,
}

impl Store {
    /// The names of all locks and buttons registered. *Errors*: [`StoreError`].
    pub async fn register(&self) -> Result<Register, StoreError> {
        let mut register = Register::default();
        let mut start: Option<Item> = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", AttributeValue::S(THINGS.to_owned()))
                .set_exclusive_start_key(start.take());
            let page = query.send().await;
            let page = page.map_err(|error| self.failed(Task::ReadList, &error))?;
            for item in page.items() {
                register
                    .add(item)
                    .map_err(|error| self.unreadable(Task::ReadList, error))?;
            }
            match page.last_evaluated_key {
                Some(key) => start = Some(key),
                None => return Ok(register),
            }
        }
    }

    /// The records of these locks, by name; those that have none are left out. *Errors*: [`StoreError`].
    pub async fn read_records(&self, locks: &[LockName]) -> Result<Vec<Record>, StoreError> {
        let keys = locks.iter().map(Key::record).collect();
        let mut records: Vec<Record> = self.read_batches(Task::ReadRecords, keys).await?;
        records.sort_by(|a, b| a.lock.cmp(&b.lock));
        Ok(records)
    }

    /// The bindings of these buttons, by name; those that have none are left out. *Errors*: [`StoreError`].
    pub async fn read_bindings(
        &self,
        buttons: &[ButtonSerial],
    ) -> Result<Vec<Binding>, StoreError> {
        let keys = buttons.iter().map(Key::binding).collect();
        let mut bindings: Vec<Binding> = self.read_batches(Task::ReadBindings, keys).await?;
        bindings.sort_by(|a, b| a.button.cmp(&b.button));
        Ok(bindings)
    }

    /// The records of all locks registered, by name. *Errors*: [`StoreError`].
    pub async fn records(&self) -> Result<Vec<Record>, StoreError> {
        self.read_records(&self.register().await?.locks).await
    }

    /// The bindings of all buttons registered, by name. *Errors*: [`StoreError`].
    pub async fn bindings(&self) -> Result<Vec<Binding>, StoreError> {
        self.read_bindings(&self.register().await?.buttons).await
    }

    /// Puts a lock or button that has a record or binding on the list; it may be there.
    ///
    /// *Errors*: [`StoreError`].
    pub async fn list(&self, subject: &Subject) -> Result<(), StoreError> {
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(Key::listing(subject).to_item()));
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed(Task::List(subject.clone()), &error)),
        }
    }

    async fn read_batches<T: DeserializeOwned>(
        &self,
        task: Task,
        keys: Vec<Key>,
    ) -> Result<Vec<T>, StoreError> {
        let mut found = Vec::new();
        for batch in keys.chunks(BATCH) {
            let mut left: Vec<Item> = batch.iter().map(Key::to_item).collect();
            while !left.is_empty() {
                let keys = KeysAndAttributes::builder()
                    .set_keys(Some(left))
                    .consistent_read(true)
                    .build()
                    .expect("keys are given");
                let call = self
                    .client
                    .batch_get_item()
                    .request_items(&self.table, keys);
                let answer = call.send().await;
                let answer = answer.map_err(|error| self.failed(task.clone(), &error))?;
                for item in answer
                    .responses
                    .into_iter()
                    .flatten()
                    .flat_map(|(_, items)| items)
                {
                    let value = from_item(&item);
                    found.push(value.map_err(|error| self.unreadable(task.clone(), error))?);
                }
                left = unprocessed(answer.unprocessed_keys);
            }
        }
        Ok(found)
    }

    fn unreadable(&self, task: Task, error: ItemError) -> StoreError {
        self.error(task, CallError::Item(error))
    }
}

/// What DynamoDB has left for the next call: more than it gives at once, or than the table's throughput allows.
fn unprocessed(keys: Option<HashMap<String, KeysAndAttributes>>) -> Vec<Item> {
    let tables = keys.into_iter().flatten();
    tables.flat_map(|(_, keys)| keys.keys).collect()
}

impl Register {
    /// *Shape* of an entry's sort key: `lock#lock-1`, `button#button-1`.
    fn add(&mut self, item: &Item) -> Result<(), ItemError> {
        let listed = item.get(SK).and_then(|sk| sk.as_s().ok());
        let listed = listed.map_or("", String::as_str);
        let strange = |_| ItemError::Listed(listed.to_owned());
        match listed.split_once('#') {
            Some(("lock", name)) => self.locks.push(LockName::new(name).map_err(strange)?),
            Some(("button", name)) => self.buttons.push(ButtonSerial::new(name).map_err(strange)?),
            _ => return Err(ItemError::Listed(listed.to_owned())),
        }
        Ok(())
    }
}
