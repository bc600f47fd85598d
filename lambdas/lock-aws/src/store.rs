//! The table: reads, the one transaction of a decision, histories, the list of registered things.
//! Must not know: why something is written.

mod change;
mod commit;
mod conflict;
mod due;
mod error;
mod expression;
mod history;
mod kept;
mod label;
mod limits;
mod mark;
mod operator;
mod register;
mod retirement;

pub use commit::Committed;
pub use conflict::Conflict;
pub use due::{DueLock, DueLocks};
pub use error::{StoreError, Task};
pub use history::{Wanted, last_time};
pub use operator::TableInfo;
pub use register::Register;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use lock_core::binding::Binding;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
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
    /// A store over the table of this name.
    pub fn new(client: Client, table: &str) -> Self {
        Self {
            client,
            table: table.to_owned(),
            limits_noted: Arc::default(),
        }
    }

    /// The SDK's client, for provisioning in tests.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The record of a lock, read consistently. `None` if no lock is given, or if it is not
    /// registered.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails or the item is malformed.
    pub async fn read_record<'a>(
        &self,
        lock: impl Into<Option<&'a LockName>>,
    ) -> Result<Option<Record>, StoreError> {
        match lock.into() {
            Some(lock) => {
                self.read(Task::ReadRecord(lock.clone()), &Key::record(lock))
                    .await
            }
            None => Ok(None),
        }
    }

    /// The binding of a button, read consistently. `None` if no button is given, or if it is not
    /// registered.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails or the item is malformed.
    pub async fn read_binding<'a>(
        &self,
        button: impl Into<Option<&'a ButtonSerial>>,
    ) -> Result<Option<Binding>, StoreError> {
        match button.into() {
            Some(button) => {
                self.read(Task::ReadBinding(button.clone()), &Key::binding(button))
                    .await
            }
            None => Ok(None),
        }
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
        let answer = get.send().await;
        let answer = answer.map_err(|error| self.failed(task.clone(), &error))?;
        let value = answer.item.as_ref().map(from_item).transpose();
        value.map_err(|error| self.error(task, error.into()))
    }

    async fn put_item(&self, task: Task, item: Item) -> Result<(), StoreError> {
        let put = self.client.put_item().table_name(&self.table);
        let answer = put.set_item(Some(item)).send().await;
        answer.map(drop).map_err(|error| self.failed(task, &error))
    }

    /// The error of a failed SDK call.
    fn failed<E>(&self, task: Task, error: &SdkError<E>) -> StoreError
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
    {
        StoreError {
            unknown: commit::is_outcome_unknown(error),
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
