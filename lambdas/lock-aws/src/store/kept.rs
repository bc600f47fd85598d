//! What the state messages of a lock need from the changes before the last one: since when its
//! state is what it is, and the batteries of its buttons. Must not know: what a message says.
//!
//! Each is one item that is written as a whole. What is empty is left to its TTL.

use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::name::LockName;
use lock_core::state::Batteries;
use lock_core::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::mark::MARK_TTL_MS;
use super::{Store, StoreError, Task};
use crate::item::{Item, Key, to_item};

/// Sort key of the beginning of a lock's state.
const SINCE: &str = "since";
/// Sort key of the batteries of a lock's buttons.
const BATTERIES: &str = "batteries";

#[derive(Serialize, Deserialize)]
struct Since {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    since: Option<UnixMillis>,
}

#[derive(Serialize, Deserialize)]
struct Powered {
    #[serde(default)]
    batteries: Batteries,
}

impl Store {
    /// Since when the state of `lock` is what it is, as far as a change was seen.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails or the item is malformed.
    pub async fn read_since(&self, lock: &LockName) -> Result<Option<UnixMillis>, StoreError> {
        let key = Key::kept(lock, SINCE);
        let kept: Option<Since> = self.read(Task::ReadKept(lock.clone()), &key).await?;
        Ok(kept.and_then(|kept| kept.since))
    }

    /// Keeps since when the state of `lock` is what it is.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails.
    pub async fn keep_since(
        &self,
        lock: &LockName,
        since: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let item = to_item(&Key::kept(lock, SINCE), &Since { since });
        self.keep(lock, item, since.is_none(), now).await
    }

    /// The batteries of the buttons of `lock`, as far as they are known.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails or the item is malformed.
    pub async fn read_batteries(&self, lock: &LockName) -> Result<Batteries, StoreError> {
        let key = Key::kept(lock, BATTERIES);
        let kept: Option<Powered> = self.read(Task::ReadKept(lock.clone()), &key).await?;
        Ok(kept.map(|kept| kept.batteries).unwrap_or_default())
    }

    /// Keeps the batteries of the buttons of `lock`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails.
    pub async fn keep_batteries(
        &self,
        lock: &LockName,
        batteries: Batteries,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let is_empty = batteries.is_empty();
        let item = to_item(&Key::kept(lock, BATTERIES), &Powered { batteries });
        self.keep(lock, item, is_empty, now).await
    }

    async fn keep(
        &self,
        lock: &LockName,
        mut item: Item,
        is_empty: bool,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        if is_empty {
            let ttl = now.plus(MARK_TTL_MS).seconds().0.to_string();
            item.insert("ttl".to_owned(), AttributeValue::N(ttl));
        }
        self.put_item(Task::WriteKept(lock.clone()), item).await
    }
}
