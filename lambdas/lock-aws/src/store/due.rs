//! The due index: which locks are due, oldest first. Must not know: their records.

use std::cmp::Reverse;
use std::collections::VecDeque;

use aws_sdk_dynamodb::types::AttributeValue;
use lock_core::limits::DUE_SHARDS;
use lock_core::name::LockName;
use lock_core::time::UnixMillis;

use super::{Store, StoreError, Task};
use crate::item::{Item, PK};

/// Index of records by shard and due time, with keys only.
const INDEX: &str = "due";

/// A lock that was due when the index was read. Its record may have changed since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueLock {
    /// The lock's name.
    pub lock: LockName,
    /// Since when it has been due.
    pub due_at: UnixMillis,
}

/// The locks due at one time, oldest first over all shards, read page by page on demand.
///
/// Each shard holds at most one page in memory. The index lags behind the table, so it only says
/// which records to read.
#[derive(Debug)]
pub struct DueLocks {
    store: Store,
    until: UnixMillis,
    page: i32,
    shards: Vec<Shard>,
    unreadable: u32,
}

#[derive(Debug)]
struct Shard {
    number: u64,
    read: VecDeque<Item>,
    next: Next,
}

#[derive(Debug)]
enum Next {
    First,
    After(Item),
    Nothing,
}

impl Store {
    /// The locks due at `until`, read in pages of `page` per shard. Calls nothing yet.
    pub fn due_locks(&self, until: UnixMillis, page: u16) -> DueLocks {
        let shard = |number| Shard {
            number,
            read: VecDeque::new(),
            next: Next::First,
        };
        DueLocks {
            store: self.clone(),
            until,
            page: i32::from(page.max(1)),
            shards: (0..DUE_SHARDS).map(shard).collect(),
            unreadable: 0,
        }
    }
}

impl DueLocks {
    /// Number of entries so far that do not belong to a record. They are logged and skipped.
    pub fn unreadable(&self) -> u32 {
        self.unreadable
    }

    /// The next due lock, or `None` after the last one.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the index cannot be read. The next call tries the same page again.
    pub async fn next(&mut self) -> Result<Option<DueLock>, StoreError> {
        while let Some(item) = self.oldest().await? {
            let due = due_lock(&item);
            if due.is_some() {
                return Ok(due);
            }
            self.unreadable += 1;
            let key = item.get(PK).and_then(|pk| pk.as_s().ok());
            tracing::error!(key, "due index entry does not belong to a record");
        }
        Ok(None)
    }

    async fn oldest(&mut self) -> Result<Option<Item>, StoreError> {
        for shard in &mut self.shards {
            // A page may be empty and yet not the last.
            while shard.read.is_empty() && !matches!(shard.next, Next::Nothing) {
                shard.fill(&self.store, self.until, self.page).await?;
            }
        }
        let oldest = |shard: &&mut Shard| shard.read.front().map(|item| Reverse(due_at(item)));
        let shard = self.shards.iter_mut().max_by_key(oldest);
        Ok(shard.and_then(|shard| shard.read.pop_front()))
    }
}

impl Shard {
    async fn fill(
        &mut self,
        store: &Store,
        until: UnixMillis,
        page: i32,
    ) -> Result<(), StoreError> {
        let start = match &self.next {
            Next::First => None,
            Next::After(key) => Some(key.clone()),
            Next::Nothing => return Ok(()),
        };
        let query = store.client.query().table_name(&store.table);
        let query = query
            .index_name(INDEX)
            .key_condition_expression("dueShard = :shard AND dueAt <= :until")
            .expression_attribute_values(":shard", AttributeValue::S(self.number.to_string()))
            .expression_attribute_values(":until", AttributeValue::N(until.0.to_string()));
        let query = query.limit(page).set_exclusive_start_key(start);
        let answer = query.send().await;
        let answer = answer.map_err(|error| store.failed(Task::ReadDue(self.number), &error))?;
        self.read.extend(answer.items.unwrap_or_default());
        self.next = match answer.last_evaluated_key {
            Some(key) => Next::After(key),
            None => Next::Nothing,
        };
        Ok(())
    }
}

/// An entry without a time comes first and is then skipped.
fn due_at(item: &Item) -> Option<u64> {
    item.get("dueAt")?.as_n().ok()?.parse().ok()
}

fn due_lock(item: &Item) -> Option<DueLock> {
    let name = item.get(PK)?.as_s().ok()?.strip_prefix("lock#")?;
    Some(DueLock {
        lock: LockName::new(name).ok()?,
        due_at: UnixMillis(due_at(item)?),
    })
}
