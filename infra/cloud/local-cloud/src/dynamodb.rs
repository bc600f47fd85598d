//! DynamoDB: dynoxide on loopback with the template's tables, and our own proxy in front of it.
//!
//! Callers get the proxy's address: there faults are injected that dynoxide knows nothing about.
//! Must not know what the tables hold.

mod need;
mod proxy;
mod refusal;
mod table;

use std::net::{Ipv4Addr, SocketAddr};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::Duration;

use dynoxide::{Database, DynoxideError};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use need::Tables;
pub use proxy::{Proxy, router};

use sam_template::Table;

const FILE: &str = "dynamodb.sqlite";
/// DynamoDB takes hours to days to remove expired items; here they go within this time.
const SWEEP_PERIOD: Duration = Duration::from_secs(60);

/// Why the tables could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum DynamoDbError {
    /// The database file.
    #[error("open database {path}")]
    Open {
        /// The file, or `memory`.
        path: PathBuf,
        /// What the database said.
        #[source]
        source: DynoxideError,
    },
    /// A table.
    #[error("{operation} table {table}")]
    Table {
        /// Such as `create`.
        operation: &'static str,
        /// Its name.
        table: String,
        /// What the database said.
        #[source]
        source: DynoxideError,
    },
    /// A table that exists with other keys than the template declares.
    #[error("table {0} exists with other keys or indexes: remove the data directory to start over")]
    Different(String),
    /// A table that does not come up.
    #[error("table {0} does not become active")]
    NotActive(String),
    /// The loopback listener.
    #[error("listen for dynamodb")]
    Listen(#[source] std::io::Error),
}

/// Opens the database, makes the tables that are missing, and serves it on a port of its own until `stop` says so.
pub async fn start(
    tables: &[Table],
    data_dir: Option<PathBuf>,
    stop: watch::Receiver<bool>,
    tasks: &mut JoinSet<()>,
) -> Result<SocketAddr, DynamoDbError> {
    let path = data_dir.map(|dir| dir.join(FILE));
    let database = match &path {
        None => Database::memory(),
        Some(path) => Database::new(&path.to_string_lossy()),
    };
    let database = database.map_err(|source| DynamoDbError::Open {
        path: path.unwrap_or_else(|| "memory".into()),
        source,
    })?;
    for table in tables {
        table::ensure(&database, table).await?;
    }
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.map_err(DynamoDbError::Listen)?;
    let address = listener.local_addr().map_err(DynamoDbError::Listen)?;
    tasks.spawn(sweep(database.clone(), stop.clone()));
    tasks.spawn(async move {
        let served = dynoxide::server::serve_with_shutdown(listener, database, stopped(stop)).await;
        if let Err(error) = served {
            tracing::error!(error, "serve dynamodb");
        }
    });
    Ok(address)
}

async fn stopped(mut stop: watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Removes expired items from time to time; dynoxide does not do so by itself.
async fn sweep(database: Database, stop: watch::Receiver<bool>) {
    let mut period = tokio::time::interval(SWEEP_PERIOD);
    let mut stop = std::pin::pin!(stopped(stop));
    loop {
        tokio::select! {
            () = &mut stop => return,
            _ = period.tick() => {}
        }
        if sweep_once(database.clone()).await.is_break() {
            return;
        }
    }
}

/// Breaks where the runtime is ending and takes no more work: what has expired is removed after the next start.
async fn sweep_once(database: Database) -> ControlFlow<()> {
    let swept = tokio::task::spawn_blocking(move || database.sweep_ttl()).await;
    match swept {
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
    fn a_runtime_that_has_ended_ends_the_sweep_without_an_error() {
        let (log, _capturing) = Captured::begin();
        let database = Database::memory().unwrap();
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let going_on = runtime.block_on(sweep_once(database.clone()));
        assert_eq!(going_on, ControlFlow::Continue(()));
        let handle = runtime.handle().clone();
        drop(runtime);
        assert_eq!(
            handle.block_on(sweep_once(database)),
            ControlFlow::Break(())
        );
        assert_eq!(log.text(), "");
    }
}
