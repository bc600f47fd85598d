//! The list of registered things with their labels, and their records and bindings. All are read by
//! key, so that the cost of an operator's view does not grow with the histories. For operators, not
//! for functions.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use lock_core::binding::Binding;
use lock_core::event::Subject;
use lock_core::label::Names;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use lock_core::time::UnixMillis;
use serde::de::DeserializeOwned;

use super::commit::{ABSENT, code};
use super::label::labels_of;
use super::retirement::retired_at;
use super::{Store, StoreError, Task};
use crate::item::{Item, ItemError, Key, THINGS, from_item, listed};

/// DynamoDB's limit of items per batch.
const BATCH: usize = 100;

/// The names of all registered locks and buttons, with their labels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Register {
    /// Names of the locks, in order.
    pub locks: Vec<LockName>,
    /// Serials of the buttons, in order.
    pub buttons: Vec<ButtonSerial>,
    /// What people call them.
    pub names: Names,
    /// The buttons that were marked as retired, and when.
    pub retired: BTreeMap<ButtonSerial, UnixMillis>,
}

impl Store {
    /// Reads the list of registered locks and buttons.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a call fails or an entry is malformed.
    pub async fn read_register(&self) -> Result<Register, StoreError> {
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
                    .map_err(|error| self.error(Task::ReadList, error.into()))?;
            }
            match page.last_evaluated_key {
                Some(key) => start = Some(key),
                None => return Ok(register),
            }
        }
    }

    /// The records of these locks, ordered by name. Locks without a record are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a call fails or a record is malformed.
    pub async fn read_records(&self, locks: &[LockName]) -> Result<Vec<Record>, StoreError> {
        let keys = locks.iter().map(Key::record).collect();
        let mut records: Vec<Record> = self.read_batches(Task::ReadRecords, keys).await?;
        records.sort_by(|a, b| a.lock.cmp(&b.lock));
        Ok(records)
    }

    /// The bindings of these buttons, ordered by serial. Buttons without one are left out.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if a call fails or a binding is malformed.
    pub async fn read_bindings(
        &self,
        buttons: &[ButtonSerial],
    ) -> Result<Vec<Binding>, StoreError> {
        let keys = buttons.iter().map(Key::binding).collect();
        let mut bindings: Vec<Binding> = self.read_batches(Task::ReadBindings, keys).await?;
        bindings.sort_by(|a, b| a.button.cmp(&b.button));
        Ok(bindings)
    }

    /// The bindings of all registered buttons, ordered by serial.
    ///
    /// # Errors
    ///
    /// As for [`Self::read_register`] and [`Self::read_bindings`].
    pub async fn read_all_bindings(&self) -> Result<Vec<Binding>, StoreError> {
        let register = self.read_register().await?;
        self.read_bindings(&register.buttons).await
    }

    /// Adds a lock or button to the list. Nothing changes if it is listed already: its entry may
    /// have labels.
    pub(crate) async fn add_to_list(&self, subject: &Subject) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table);
        let put = put.set_item(Some(Key::listing(subject).to_item()));
        match put.condition_expression(ABSENT).send().await {
            Err(error) if code(&error) != Some("ConditionalCheckFailedException") => {
                Err(self.failed(Task::AddToList(subject.clone()), &error))
            }
            _ => Ok(()),
        }
    }

    async fn read_batches<T: DeserializeOwned>(
        &self,
        task: Task,
        keys: Vec<Key>,
    ) -> Result<Vec<T>, StoreError> {
        let items = self.read_items(&task, &keys).await?;
        let values = items.iter().map(from_item);
        values
            .collect::<Result<_, _>>()
            .map_err(|error| self.error(task, error.into()))
    }

    /// The items under these keys, in any order. Those that do not exist are left out.
    pub(super) async fn read_items(
        &self,
        task: &Task,
        keys: &[Key],
    ) -> Result<Vec<Item>, StoreError> {
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
                let tables = answer.responses.into_iter().flatten();
                found.extend(tables.flat_map(|(_, items)| items));
                left = unprocessed(answer.unprocessed_keys);
            }
        }
        Ok(found)
    }
}

/// The keys that DynamoDB left for the next call: the answer was full, or the table throttled.
fn unprocessed(keys: Option<HashMap<String, KeysAndAttributes>>) -> Vec<Item> {
    let tables = keys.into_iter().flatten();
    tables.flat_map(|(_, keys)| keys.keys).collect()
}

impl Register {
    /// Adds an entry, with its labels.
    fn add(&mut self, item: &Item) -> Result<(), ItemError> {
        let subject = listed(item)?;
        match &subject {
            Subject::Lock(lock) => self.locks.push(lock.clone()),
            Subject::Button(button) => {
                self.buttons.push(button.clone());
                let retired = retired_at(item).map(|at| (button.clone(), at));
                self.retired.extend(retired);
            }
        }
        let labels = labels_of(&subject, item);
        if !labels.is_empty() {
            self.names.insert(subject, labels);
        }
        Ok(())
    }
}
