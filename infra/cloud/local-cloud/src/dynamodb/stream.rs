//! The streams of tables: their records, and a wake-up after each write.
//!
//! Must not know: who reads a stream.

use std::sync::Arc;
use std::time::Duration;

use dynoxide::actions::describe_stream::DescribeStreamRequest;
use dynoxide::actions::get_records::GetRecordsRequest;
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::{Database, DynoxideError};
use serde_json::Value;
use tokio::sync::Notify;

/// Most records of one read.
pub const READ_MAX: usize = 1000;
/// Pause after a read that failed.
const ERROR_PAUSE: Duration = Duration::from_secs(1);
/// Below the number of every record: a record's number is this and the microsecond of its write.
const NUMBER_BASE: u128 = 100_000_000_000_000_000_000;

/// Why a stream cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    #[error("{operation} of the stream of table {table}")]
    Database {
        /// Such as `read records`.
        operation: &'static str,
        table: String,
        #[source]
        source: DynoxideError,
    },
    #[error("read the stream of table {0}: the runtime is shutting down")]
    Closed(String),
}

/// One change of an item.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// Its sequence number.
    pub number: String,
    /// When it was written, milliseconds since the Unix epoch.
    pub at_ms: u64,
    /// As `GetRecords` returns it.
    pub record: Value,
}

/// The streams of all tables.
#[derive(Clone)]
pub struct Streams {
    database: Database,
    written: Arc<Notify>,
}

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").finish_non_exhaustive()
    }
}

/// The only shard of a table's stream, in a form that AWS's clients accept.
pub fn shard_id(table: &str) -> String {
    let digest = format!("{:x}", md5::compute(table));
    format!("shardId-00000000000000000001-{}", &digest[..8])
}

/// The name that the database gives this shard.
pub fn own_shard_id(table: &str) -> String {
    dynoxide::streams::shard_id(table)
}

impl Streams {
    pub fn new(database: Database) -> Self {
        Self {
            database,
            written: Arc::default(),
        }
    }

    /// Wakes the readers after a write.
    pub fn wake(&self) {
        self.written.notify_waiters();
    }

    /// The changes after this sequence number, oldest first, as soon as there are some.
    pub async fn wait(&self, table: &str, after: Option<&str>, most: usize) -> Vec<Change> {
        loop {
            // Registered first, so that no write in between is missed.
            let mut written = std::pin::pin!(self.written.notified());
            written.as_mut().enable();
            match self.read(table, after, most).await {
                Ok(changes) if !changes.is_empty() => return changes,
                Ok(_) => written.await,
                Err(StreamError::Closed(_)) => std::future::pending().await,
                Err(error) => {
                    tracing::error!(error = crate::narrate::chain(&error), "read stream");
                    tokio::time::sleep(ERROR_PAUSE).await;
                }
            }
        }
    }

    /// The changes after this sequence number, oldest first; all of them without a number.
    ///
    /// # Errors
    ///
    /// See [`StreamError`].
    pub async fn read(
        &self,
        table: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Change>, StreamError> {
        let after = after.map(str::to_owned);
        let records = self.run("read records", table, move |database, table| {
            read_records(&database, &table, after, most.min(READ_MAX))
        });
        Ok(records.await?.into_iter().map(change).collect())
    }

    /// The sequence number of the newest change; `None` if there is none.
    ///
    /// # Errors
    ///
    /// See [`StreamError`].
    pub async fn newest(&self, table: &str) -> Result<Option<String>, StreamError> {
        self.run("describe", table, |database, table| {
            let request = DescribeStreamRequest {
                stream_arn: dynoxide::streams::stream_arn(&table, ""),
                ..DescribeStreamRequest::default()
            };
            let description = database.describe_stream(request)?.stream_description;
            let mut shards = description.shards.into_iter();
            Ok(shards.find_map(|shard| shard.sequence_number_range.ending_sequence_number))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        operation: &'static str,
        table: &str,
        work: impl FnOnce(Database, String) -> Result<T, DynoxideError> + Send + 'static,
    ) -> Result<T, StreamError> {
        let (database, name) = (self.database.clone(), table.to_owned());
        match tokio::task::spawn_blocking(move || work(database, name)).await {
            Ok(outcome) => outcome.map_err(|source| StreamError::Database {
                operation,
                table: table.to_owned(),
                source,
            }),
            Err(_) => Err(StreamError::Closed(table.to_owned())),
        }
    }
}

fn read_records(
    database: &Database,
    table: &str,
    after: Option<String>,
    most: usize,
) -> Result<Vec<Value>, DynoxideError> {
    let kind = match &after {
        None => "TRIM_HORIZON",
        Some(_) => "AFTER_SEQUENCE_NUMBER",
    };
    let iterator = database.get_shard_iterator(GetShardIteratorRequest {
        stream_arn: dynoxide::streams::stream_arn(table, ""),
        shard_id: own_shard_id(table),
        shard_iterator_type: kind.to_owned(),
        sequence_number: after,
    })?;
    let answer = database.get_records(GetRecordsRequest {
        shard_iterator: iterator.shard_iterator.unwrap_or_default(),
        limit: Some(most),
    })?;
    let records = answer.records.iter().map(serde_json::to_value);
    let records: Result<_, _> = records.collect();
    records.map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

fn change(record: Value) -> Change {
    let number = record["dynamodb"]["SequenceNumber"].as_str();
    let number = number.unwrap_or_default().to_owned();
    let micros = number.parse::<u128>().unwrap_or(NUMBER_BASE);
    let at_ms = micros.saturating_sub(NUMBER_BASE) / 1000;
    Change {
        number,
        at_ms: u64::try_from(at_ms).unwrap_or(u64::MAX),
        record,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::super::retention;
    use super::super::table::ensure_table;
    use super::*;
    use crate::clock::Clock;
    use sam_template::{KeyType, Stream, StreamView, Table};

    async fn database() -> Database {
        with_table(Database::memory().unwrap()).await
    }

    async fn with_table(database: Database) -> Database {
        let id = ("id".to_owned(), KeyType::S);
        let table = Table {
            logical_id: "Table".to_owned(),
            name: "tab".to_owned(),
            attributes: BTreeMap::from([id.clone()]),
            hash: id,
            range: None,
            indexes: Vec::new(),
            ttl_attribute: None,
            deletion_protection: false,
            stream: Some(Stream {
                arn: String::new(),
                view: StreamView::NewImage,
            }),
        };
        ensure_table(&database, &table).await.unwrap();
        database
    }

    fn put(database: &Database, id: &str) {
        let request = json!({"TableName": "tab", "Item": {"id": {"S": id}}});
        database
            .put_item(serde_json::from_value(request).unwrap())
            .unwrap();
    }

    fn ids(changes: &[Change]) -> Vec<&str> {
        let ids = changes.iter();
        ids.filter_map(|c| c.record["dynamodb"]["Keys"]["id"]["S"].as_str())
            .collect()
    }

    #[tokio::test]
    async fn changes_are_read_in_order_after_a_number() {
        let database = database().await;
        let streams = Streams::new(database.clone());
        assert_eq!(streams.newest("tab").await.unwrap(), None);
        for id in ["a", "b", "c"] {
            put(&database, id);
        }
        let all = streams.read("tab", None, 10).await.unwrap();
        assert_eq!(ids(&all), ["a", "b", "c"]);
        let rest = streams.read("tab", Some(&all[0].number), 10).await.unwrap();
        assert_eq!(ids(&rest), ["b", "c"]);
        assert_eq!(
            ids(&streams.read("tab", None, 2).await.unwrap()),
            ["a", "b"]
        );
        let newest = streams.newest("tab").await.unwrap();
        assert_eq!(newest.as_deref(), Some(all[2].number.as_str()));
        // Its number tells when it was written.
        let age = Clock::system().now_ms().abs_diff(all[0].at_ms);
        assert!(age < 60_000, "{all:?}");
    }

    #[tokio::test]
    async fn a_reader_of_a_file_sees_every_write_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("d.sqlite");
        let database = with_table(retention::open(Some(&path)).unwrap()).await;
        let reader = retention::open_reader(&database, Some(&path)).unwrap();
        let streams = Streams::new(reader);
        let mut last = None;
        for number in 0..20 {
            let id = number.to_string();
            put(&database, &id);
            let changes = streams.read("tab", last.as_deref(), 10).await.unwrap();
            assert_eq!(ids(&changes), [id]);
            last = Some(changes[0].number.clone());
        }
    }

    #[tokio::test]
    async fn a_reader_waits_for_the_next_write() {
        let database = database().await;
        let streams = Streams::new(database.clone());
        let mut waiting = Box::pin(streams.wait("tab", None, 10));
        let limit = Duration::from_millis(50);
        assert!(tokio::time::timeout(limit, &mut waiting).await.is_err());
        put(&database, "a");
        streams.wake();
        assert_eq!(ids(&waiting.await), ["a"]);
    }
}
