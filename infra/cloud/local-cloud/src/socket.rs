//! The connection that a request came on, so that a fault can cut it.
//!
//! Must not know what is asked on it, nor why it is cut.

use std::cell::Cell;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request};
use axum::middleware::Next;
use axum::response::Response;
use axum::serve::IncomingStream;
use tokio::net::{TcpListener, TcpStream};

/// A second hold on a connection's socket; clones share it.
#[derive(Debug, Clone)]
pub struct Connection(Option<Arc<std::net::TcpStream>>);

/// Accepts connections that can be cut.
pub struct Listener(pub TcpListener);

struct Current {
    connection: Connection,
    is_doomed: Cell<bool>,
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
                tracing::error!(%error, "hold a socket twice: faults cannot cut it");
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

/// Runs a request so that the functions below mean its connection.
pub async fn know(
    ConnectInfo(connection): ConnectInfo<Connection>,
    request: Request,
    next: Next,
) -> Response {
    let current = Current {
        connection,
        is_doomed: Cell::new(false),
    };
    CURRENT.scope(current, next.run(request)).await
}

/// Marks the connection of the request at work. Outside a request there is none to mark.
pub fn doom() {
    if CURRENT
        .try_with(|current| current.is_doomed.set(true))
        .is_err()
    {
        tracing::error!("cut a connection: no request is at work");
    }
}

/// Cuts the connection of the request at work, if it is marked.
pub fn cut_if_doomed() {
    // Outside a request nothing is marked.
    let _ = CURRENT.try_with(|current| {
        if let (true, Some(socket)) = (current.is_doomed.get(), &current.connection.0)
            && let Err(error) = socket.shutdown(Shutdown::Both)
        {
            tracing::debug!(%error, "the connection had ended before it was cut");
        }
    });
}
