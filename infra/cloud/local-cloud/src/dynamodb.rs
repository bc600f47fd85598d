//! DynamoDB: dynoxide with the template's tables, behind our own proxy.
//!
//! Callers use the proxy's address; it checks rights and injects faults. Must not know: the
//! contents of the tables.

mod backend;
mod call;
mod execution;
mod executor;
mod need;
mod plain;
mod proxy;
mod refusal;
mod request;
mod retention;
mod stream;
mod table;
mod token;
mod translate;
mod wire;
mod written;

use std::net::Ipv4Addr;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use backend::Backend;
pub use call::{delete_table, get_item, put_item};
pub use need::Tables;
pub use proxy::{Proxy, router};
pub use stream::{Change, READ_MAX, Streams, shard_id};

use sam_template::Table;

const FILE: &str = "dynamodb.sqlite";
/// Expired items are removed within this time; DynamoDB takes hours to days.
const REMOVAL_PERIOD: Duration = Duration::from_secs(60);

/// Why the tables could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum DynamoDbError {
    #[error("open database {path}")]
    Open {
        /// The file, or `memory`.
        path: PathBuf,
        #[source]
        source: DynoxideError,
    },
    #[error("{operation} table {table}")]
    Table {
        /// Such as `create`.
        operation: &'static str,
        table: String,
        #[source]
        source: DynoxideError,
    },
    #[error("table {0} exists with other keys or indexes: remove the data directory to start over")]
    Different(String),
    #[error("table {0} did not become active")]
    NotActive(String),
    #[error("start the database's thread")]
    Thread(#[source] std::io::Error),
    #[error("listen for dynamodb")]
    Listen(#[source] std::io::Error),
}

/// Opens the database, creates missing tables, and starts its server, which runs until `stop` is
/// set.
pub async fn start(
    tables: &[Table],
    data_dir: Option<PathBuf>,
    stop: watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> Result<Backend, DynamoDbError> {
    let path = data_dir.map(|dir| dir.join(FILE));
    let failed = |source| DynamoDbError::Open {
        path: path.clone().unwrap_or_else(|| "memory".into()),
        source,
    };
    let database = retention::open(path.as_deref()).map_err(failed)?;
    for table in tables {
        table::ensure_table(&database, table).await?;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.map_err(DynamoDbError::Listen)?;
    let address = listener.local_addr().map_err(DynamoDbError::Listen)?;
    let reader = retention::open_reader(&database, path.as_deref()).map_err(failed)?;
    let streams = Streams::new(reader);
    let removal = remove_expired_regularly(database.clone(), streams.clone(), stop.clone());
    tasks.spawn(removal);
    let backend = Backend::new(database.clone(), streams, address);
    let backend = backend.map_err(DynamoDbError::Thread)?;
    tasks.spawn(async move {
        let served = dynoxide::server::serve_with_shutdown(listener, database, stopped(stop)).await;
        if let Err(error) = served {
            tracing::error!(error, "serve dynamodb");
        }
    });
    Ok(backend)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A closed channel means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Removes expired items regularly, which dynoxide does not do itself.
async fn remove_expired_regularly(
    database: Database,
    streams: Streams,
    stop: watch::Receiver<bool>,
) {
    let mut period = tokio::time::interval(REMOVAL_PERIOD);
    let mut stop = std::pin::pin!(stopped(stop));
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = period.tick() => {}
        }
        if remove_expired(database.clone()).await.is_break() {
            return;
        }
        streams.wake();
    }
}

/// Breaks when the runtime is shutting down; the items are then removed after the next start.
async fn remove_expired(database: Database) -> ControlFlow<()> {
    let removed = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    match removed {
        Ok(Ok(0)) => {}
        Ok(Ok(items)) => tracing::info!(items, "removed expired items"),
        Ok(Err(error)) => tracing::error!(%error, "remove expired items"),
        Err(error) if error.is_cancelled() => return ControlFlow::Break(()),
        Err(error) => tracing::error!(%error, "remove expired items"),
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::captured::Captured;

    #[test]
    fn the_removal_ends_without_an_error_after_the_runtime_has_ended() {
        let (log, _capturing) = Captured::begin();
        let database = Database::memory().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let going_on = runtime.block_on(remove_expired(database.clone()));
        assert_eq!(going_on, ControlFlow::Continue(()));
        let handle = runtime.handle().clone();
        drop(runtime);
        assert_eq!(
            handle.block_on(remove_expired(database)),
            ControlFlow::Break(())
        );
        assert_eq!(log.text(), "");
    }
}
