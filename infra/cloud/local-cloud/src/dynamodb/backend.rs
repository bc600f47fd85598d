//! The running database: most requests are carried out in this process, others by its server.
//!
//! Must not know: who calls, and the rights.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::http::StatusCode;
use axum::response::Response;
use dynoxide::Database;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::sync::Semaphore;

use super::execution::{self, Answer};
use super::request::Request;
use super::stream::Streams;
use super::token::Tokens;
use super::wire::{answer, internal_error};
use crate::contain::contain;

/// The database, and the server that answers what only it can.
#[derive(Clone)]
pub struct Backend {
    pub database: Database,
    pub streams: Streams,
    tokens: Tokens,
    /// One request at a time works on the database. The others wait here, where they leave their
    /// thread to other work; waiting for the database's own lock would stop it.
    turn: Arc<Semaphore>,
    server: SocketAddr,
    client: Client<HttpConnector, Body>,
}

impl Backend {
    /// The database with its streams, and its server on this address.
    pub fn new(database: Database, streams: Streams, server: SocketAddr) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            database,
            streams,
            tokens: Tokens::default(),
            turn: Arc::new(Semaphore::new(1)),
            server,
            client: Client::builder(TokioExecutor::new()).build(connector),
        }
    }

    /// The database's answer.
    pub async fn ask(&self, request: &Request) -> Response {
        let turn = self.turn.acquire().await;
        let executed = contain(async { self.execute(request) }).await;
        drop(turn);
        match executed {
            Ok(Some(response)) => response,
            Ok(None) => self.ask_server(request).await,
            Err(panicked) => internal_error(&panicked.to_string()),
        }
    }

    /// The answer from this process; `None` if only the server can answer.
    fn execute(&self, request: &Request) -> Option<Response> {
        let kind = request.ordinary_type()?;
        let body = request.body.as_ref()?;
        let with = (&self.database, &self.tokens);
        let (status, body) = match execution::execute(with, &request.operation, body)? {
            Answer::Success(body) => (StatusCode::OK, body),
            Answer::Refusal(status, body) => (StatusCode::from_u16(status).ok()?, body),
        };
        Some(answer(status, kind, body))
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
