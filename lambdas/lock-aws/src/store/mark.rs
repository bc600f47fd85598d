//! Marks of announcements that were sent. Must not know: what is announced.
//!
//! A mark is written after the announcement, so a crash in between repeats one and loses none. The
//! stream's records live for a day, so a mark outlives every delivery.

use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::time::UnixMillis;
use serde::de::IgnoredAny;

use super::{Store, StoreError, Task};
use crate::item::Key;

/// How long a mark is kept: twice as long as a record of the stream.
pub(super) const MARK_TTL_MS: u64 = 2 * 86_400_000;

impl Store {
    /// Whether the announcement `code` of the event under `event` was sent, by a consistent read.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails.
    pub async fn is_announced(&self, event: &Key, code: &str) -> Result<bool, StoreError> {
        let key = Key::announced(event, code);
        let mark: Option<IgnoredAny> = self.read(Task::ReadMark(key.sk.clone()), &key).await?;
        Ok(mark.is_some())
    }

    /// Marks the announcement `code` of the event under `event` as sent at `now`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the call fails.
    pub async fn mark_announced(
        &self,
        event: &Key,
        code: &str,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        let key = Key::announced(event, code);
        let ttl = now.plus(MARK_TTL_MS).seconds().0.to_string();
        let mut item = key.to_item();
        item.insert("ttl".to_owned(), AttributeValue::N(ttl));
        self.put_item(Task::WriteMark(key.sk), item).await
    }
}
