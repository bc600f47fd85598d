//! The proxy in front of the database: checks the caller's rights, and injects faults.
//!
//! Must not know: what is in a request beyond the operation's name; `need.rs` knows the rights.
use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::header::CONTENT_LENGTH;
use axum::http::uri::{PathAndQuery, Scheme};
use axum::response::Response;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::Value;

use super::need::{self, Tables};
use super::stream::Streams;
use super::wire::{REQUEST_BYTES_MAX, internal_error, operation};
use super::written::{Written, items_written};
use super::{Backend, refusal, translate};
use crate::answer::aws_json_error;
use crate::caller::Caller;
use crate::event::{EventBus, EventKind};
use crate::fault::{Call, CallEffect, Step};
use crate::iam::Iam;
use crate::kill::{Killer, Withheld};

#[derive(Clone)]
pub struct Proxy {
    backend: SocketAddr,
    client: Client<HttpConnector, Body>,
    iam: Iam,
    tables: Arc<Tables>,
    killer: Killer,
    streams: Streams,
    events: EventBus,
}

/// What a request concerns.
#[derive(Default)]
struct Concern {
    /// The tables that it names.
    tables: Vec<String>,
    /// What it writes if it succeeds.
    written: Written,
}

impl Proxy {
    pub fn new(
        backend: Backend,
        iam: Iam,
        tables: Tables,
        killer: Killer,
        events: EventBus,
    ) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            backend: backend.address,
            client: Client::builder(TokioExecutor::new()).build(connector),
            iam,
            tables: Arc::new(tables),
            killer,
            streams: backend.streams,
            events,
        }
    }

    /// Sends a request to the database, and reports what it wrote. Both go on if the caller leaves.
    async fn send(&self, request: Request, written: Written) -> Result<Response, String> {
        let proxy = self.clone();
        let sending = tokio::spawn(async move {
            let response = proxy.client.request(request).await;
            let response = response.map_err(|error| error.to_string())?;
            if response.status().is_success() {
                for (table, keys) in written {
                    proxy.events.emit(EventKind::Written { table, keys });
                }
            }
            Ok(response.map(Body::new))
        });
        sending.await.map_err(|error| error.to_string())?
    }
}

pub fn router(proxy: Proxy) -> Router {
    Router::new().fallback(forward).with_state(proxy)
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return internal_error("the request has no caller");
    };
    let (request, concern) = match authorise(&proxy, &caller, request).await {
        Ok(authorised) => authorised,
        Err(refusal) => return refusal,
    };
    match carry_out(&proxy, &caller, request, concern).await {
        Ok(response) => response,
        Err(Withheld) => internal_error("shutting down"),
    }
}

/// The request, if the caller has the rights that it needs, and what it concerns.
async fn authorise(
    proxy: &Proxy,
    caller: &Caller,
    request: Request,
) -> Result<(Request, Concern), Response> {
    let (mut parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_BYTES_MAX).await else {
        return Err(internal_error("the body ended early"));
    };
    let operation = operation(&parts.headers).unwrap_or_default();
    let mut concern = Concern::default();
    // A malformed body needs no right: the database refuses it.
    if let Ok(parsed) = serde_json::from_slice::<Value>(&body) {
        let needs = need::needs(operation, &parsed, &proxy.tables);
        let needs = match needs {
            Ok(needs) => needs,
            // The operator may do everything, even operations unknown here.
            Err(_) if caller.is_operator() => Vec::new(),
            Err(problem) => {
                let kind = "com.amazon.coral.validate#ValidationException";
                return Err(aws_json_error(kind, "message", &problem));
            }
        };
        proxy.iam.check(caller, &needs).map_err(|denial| {
            aws_json_error(
                "com.amazon.coral.service#AccessDeniedException",
                "Message",
                &denial.to_string(),
            )
        })?;
        concern.tables = needs.iter().filter_map(|need| need.table()).collect();
        concern.tables.dedup();
        concern.written = items_written(operation, &parsed, &proxy.tables);
    }
    let named = operation.to_owned();
    let translated = translate::translate_request(&named, body.clone());
    if translated != body {
        // The connection to the database counts the length again.
        parts.headers.remove(CONTENT_LENGTH);
    }
    Ok((Request::from_parts(parts, Body::from(translated)), concern))
}

async fn carry_out(
    proxy: &Proxy,
    caller: &Caller,
    mut request: Request,
    concern: Concern,
) -> Result<Response, Withheld> {
    let call = operation(request.headers()).and_then(Call::of_operation);
    let mut fate = None;
    if let Some(call) = call {
        let step = match call {
            Call::Read => Step::BeforeRead,
            _ => Step::BeforeCommit,
        };
        proxy.killer.strike(caller, step).await?;
        let target = (operation(request.headers()), &concern.tables[..]);
        fate = proxy.killer.fate_of_operation(caller, call, target).await;
    }
    match fate {
        None | Some(CallEffect::Slow(_) | CallEffect::LostAnswer | CallEffect::CutAnswer) => {}
        Some(CallEffect::LostRequest | CallEffect::CutRequest) => {
            return Err(proxy.killer.withhold().await);
        }
        Some(CallEffect::Conflict) => return Ok(refusal::conflict(request).await),
        Some(CallEffect::Throttle) => return Ok(refusal::throttle(request).await),
        Some(CallEffect::Exceed) => return Ok(refusal::exceed(request).await),
    }
    let path = request.uri().path_and_query().cloned();
    let uri = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(proxy.backend.to_string())
        .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
        .build();
    match uri {
        Ok(uri) => *request.uri_mut() = uri,
        Err(error) => return Ok(internal_error(&error.to_string())),
    }
    let named = operation(request.headers()).unwrap_or_default().to_owned();
    match proxy.send(request, concern.written).await {
        Ok(response) => {
            if call != Some(Call::Read) {
                proxy.streams.wake();
            }
            if call == Some(Call::Commit) && response.status().is_success() {
                proxy.killer.strike(caller, Step::AfterCommit).await?;
            }
            if fate == Some(CallEffect::LostAnswer) {
                return Err(proxy.killer.withhold().await);
            }
            if !translate::is_needed(&named) || !response.status().is_success() {
                return Ok(response);
            }
            Ok(translate::translate(&named, response, &proxy.tables).await)
        }
        Err(error) => Ok(internal_error(&error)),
    }
}
