//! The connection of the current request, so that a fault can cut it.

use std::cell::Cell;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, TcpStream};

/// A duplicate of a connection's socket; clones share it.
#[derive(Debug, Clone)]
pub struct Connection(Option<Arc<std::net::TcpStream>>);

/// Accepts connections that can be cut.
pub struct Listener(pub TcpListener);

struct Current {
    connection: Connection,
    is_marked: Cell<bool>,
}

tokio::task_local! {
    static CURRENT: Current;
}

impl axum::serve::Listener for Listener {
    type Io = TcpStream;
    type Addr = Connection;

    async fn accept(&mut self) -> (TcpStream, Connection) {
        let (socket, _) = axum::serve::Listener::accept(&mut self.0).await;
        // Answers are single small writes: waiting to fill a segment would only add latency.
        if let Err(error) = socket.set_nodelay(true) {
            tracing::debug!(%error, "set nodelay");
        }
        let second = socket.as_fd().try_clone_to_owned();
        let connection = match second {
            Ok(second) => Connection(Some(Arc::new(second.into()))),
            Err(error) => {
                tracing::error!(%error, "duplicate socket: faults cannot cut this connection");
                Connection(None)
            }
        };
        (socket, connection)
    }

    fn local_addr(&self) -> std::io::Result<Connection> {
        Ok(Connection(None))
    }
}

impl axum::extract::connect_info::Connected<IncomingStream<'_, Listener>> for Connection {
    fn connect_info(stream: IncomingStream<'_, Listener>) -> Self {
        stream.remote_addr().clone()
    }
}

/// Middleware that makes the request's connection current for the functions below.
pub async fn track_connection(
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let current = Current {
        connection,
        is_marked: Cell::new(false),
    };
    CURRENT.scope(current, next.run(request)).await
}

/// Marks the current connection to be cut; must be called within a request.
pub fn mark_for_cut() {
    if CURRENT
        .try_with(|current| current.is_marked.set(true))
        .is_err()
    {
        tracing::error!("cut connection: outside a request");
    }
}

/// Cuts the current connection if it is marked.
pub fn cut_if_marked() {
    // Outside a request nothing is marked.
    let _ = CURRENT.try_with(|current| {
        if let (true, Some(socket)) = (current.is_marked.get(), &current.connection.0)
            && let Err(error) = socket.shutdown(Shutdown::Both)
        {
            tracing::debug!(%error, "cut connection: already closed");
        }
    });
}
