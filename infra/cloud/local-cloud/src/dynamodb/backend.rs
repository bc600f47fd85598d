//! The running database: most requests are carried out in this process, others by its server.
//!
//! Must not know: who calls, and the rights.

use std::io;
use std::net::SocketAddr;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use dynoxide::Database;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use super::execution::Answer;
use super::executor::Executor;
use super::request::Request;
use super::stream::Streams;
use super::wire::{answer, internal_error};
use crate::contain::Panicked;

/// The database, and the server that answers what only it can.
#[derive(Clone)]
pub struct Backend {
    pub database: Database,
    pub streams: Streams,
    executor: Executor,
    server: SocketAddr,
    client: Client<HttpConnector, Body>,
}

impl Backend {
    /// The database with its streams, and its server on this address.
    ///
    /// # Errors
    ///
    /// See [`Executor::start`].
    pub fn new(database: Database, streams: Streams, server: SocketAddr) -> io::Result<Self> {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Ok(Self {
            executor: Executor::start(database.clone())?,
            database,
            streams,
            server,
            client: Client::builder(TokioExecutor::new()).build(connector),
        })
    }

    /// The database's answer.
    pub async fn ask(&self, request: &Request) -> Response {
        match self.execute(request).await {
            Ok(Some(response)) => response,
            Ok(None) => self.ask_server(request).await,
            Err(panicked) => internal_error(&panicked.to_string()),
        }
    }

    /// The answer from this process; `None` if only the server can answer.
    async fn execute(&self, request: &Request) -> Result<Option<Response>, Panicked> {
        let (Some(kind), Some(body)) = (request.ordinary_type(), &request.body) else {
            return Ok(None);
        };
        let (operation, body) = (&request.operation, body.clone());
        let executed = self.executor.execute(operation, body).await?;
        Ok(executed.and_then(|executed| {
            let (status, body) = match executed {
                Answer::Success(body) => (StatusCode::OK, body),
                Answer::Refusal(status, body) => (StatusCode::from_u16(status).ok()?, body),
            };
            Some(answer(status, kind, body))
        }))
    }

    async fn ask_server(&self, request: &Request) -> Response {
        let request = match request.to_server(&self.server.to_string()) {
            Ok(request) => request,
            Err(error) => return internal_error(&error.to_string()),
        };
        match self.client.request(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => internal_error(&error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests;
