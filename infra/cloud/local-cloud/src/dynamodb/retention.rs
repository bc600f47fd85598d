//! Keeps the records of streams for a day, and finds them by number.
//!
//! The database numbers a record after the largest number so far, which it looks for among all
//! records of the table, and never removes one. An index and a trigger in its own schema change
//! both. Must not know: what is in a record.

use std::path::Path;

use dynoxide::storage::Storage;
use dynoxide::{Database, DynoxideError};

/// The index has the expression that the database compares. Source of the 24 hours: DynamoDB
/// developer guide, "Change data capture for DynamoDB Streams".
const SCHEMA: &str = "
    CREATE INDEX IF NOT EXISTS _stream_records_number
        ON _stream_records (table_name, CAST(sequence_number AS INTEGER));
    CREATE INDEX IF NOT EXISTS _stream_records_age ON _stream_records (created_at);
    CREATE TRIGGER IF NOT EXISTS _stream_records_trim AFTER INSERT ON _stream_records BEGIN
        DELETE FROM _stream_records WHERE created_at < NEW.created_at - 86400;
    END;";

/// Opens the database in this file, or a new one in memory.
pub fn open(path: Option<&Path>) -> Result<Database, DynoxideError> {
    let Some(path) = path else {
        return open_in_memory();
    };
    prepare(path)?;
    let database = Database::new(&path.to_string_lossy())?;
    // SQLite's `synchronous = NORMAL`, which has no name of its own here: a crash of this process
    // loses nothing, and one of the machine only the newest writes. A flush at each write would
    // hold up all other requests.
    database.disable_bulk_loading()?;
    Ok(database)
}

/// The same database for a reader of streams: in a file through a connection of its own, so that no
/// request waits for a long read.
pub fn open_reader(database: &Database, path: Option<&Path>) -> Result<Database, DynoxideError> {
    match path {
        Some(path) => Database::new(&path.to_string_lossy()),
        // Another connection would have a memory of its own.
        None => Ok(database.clone()),
    }
}

/// A database in memory gets its schema from a file, which is removed again.
fn open_in_memory() -> Result<Database, DynoxideError> {
    let failed = |error: std::io::Error| {
        DynoxideError::InternalServerError(format!("create a temporary directory: {error}"))
    };
    let directory = tempfile::tempdir().map_err(failed)?;
    let path = directory.path().join("schema.sqlite");
    prepare(&path)?;
    let database = Database::memory()?;
    database.restore_from(&path.to_string_lossy())?;
    Ok(database)
}

fn prepare(path: &Path) -> Result<(), DynoxideError> {
    let storage = Storage::new(&path.to_string_lossy())?;
    storage.conn().execute_batch(SCHEMA)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY_S: i64 = 86_400;

    /// Writes a record of this second.
    fn write(storage: &Storage, table: &str, second: i64) {
        let number = storage.next_stream_sequence_number(table).unwrap();
        let number = number.to_string();
        storage
            .insert_stream_record(table, "INSERT", "{}", None, None, &number, "s", second)
            .unwrap();
    }

    fn seconds(storage: &Storage, table: &str) -> Vec<i64> {
        let records = storage.get_stream_records(table, "s", 0, 10).unwrap();
        records.iter().map(|record| record.created_at).collect()
    }

    /// How the database would carry out a query.
    fn plan(storage: &Storage, query: &str) -> String {
        let plan = format!("EXPLAIN QUERY PLAN {query}");
        let row = storage.conn().query_row(&plan, [], |row| row.get(3));
        row.unwrap()
    }

    // AWS same(dynamodb): a record of a stream is kept for 24 hours
    #[test]
    fn a_record_is_removed_by_the_first_write_after_a_day() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("d.sqlite");
        prepare(&path).unwrap();
        prepare(&path).unwrap();
        let storage = Storage::new(&path.to_string_lossy()).unwrap();
        for second in [10, 11, 10 + DAY_S] {
            write(&storage, "tab", second);
        }
        assert_eq!(seconds(&storage, "tab"), [10, 11, 10 + DAY_S]);
        write(&storage, "other", 11 + DAY_S);
        assert_eq!(seconds(&storage, "tab"), [11, 10 + DAY_S]);
        write(&storage, "tab", 11 + 2 * DAY_S);
        assert_eq!(seconds(&storage, "tab"), [11 + 2 * DAY_S]);
    }

    #[test]
    fn a_write_and_a_read_look_at_no_older_records() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("d.sqlite");
        let path = path.to_string_lossy();
        // The schema of a database in memory, too.
        open(None).unwrap().vacuum_into(&path).unwrap();
        let storage = Storage::new(&path).unwrap();
        let number = "CAST(sequence_number AS INTEGER)";
        let from = "FROM _stream_records WHERE table_name = 't'";
        for query in [
            format!("SELECT COALESCE(MAX({number}), 0) + 1 {from}"),
            format!(
                "SELECT event_name {from} AND shard_id = 's' AND {number} > 5 \
                 ORDER BY {number} ASC LIMIT 1"
            ),
        ] {
            let plan = plan(&storage, &query);
            assert!(plan.contains("_stream_records_number"), "{query}: {plan}");
        }
        let plan = plan(
            &storage,
            "SELECT 1 FROM _stream_records WHERE created_at < 5",
        );
        assert!(plan.contains("_stream_records_age"), "{plan}");
    }
}
