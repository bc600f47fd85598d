//! The table: reads, the one transaction of a decision, histories, the list of what is registered.
//! Must not decide anything.

mod change;
mod commit;
mod due;
mod error;
mod expression;
mod history;
mod limits;
mod operator;
mod register;

pub use commit::{Committed, Conflict};
pub use due::{DueLock, DueLocks};
pub use error::{StoreError, Task};
pub use operator::Seen;
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
use crate::item::{Key, from_item};

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
