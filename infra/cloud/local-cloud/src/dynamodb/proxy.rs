//! In front of the database: knows the caller, and ends a function's process, refuses its call or loses it where a fault
//! says so.
//!
//! Must not know what is in a request beyond the operation's name; which rights it needs, `need.rs` says.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::uri::{PathAndQuery, Scheme};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde_json::{Value, json};

use super::need::{self, Tables};
use super::refusal::{self, REQUEST_BYTES_MAX};
use crate::caller::Caller;
use crate::fault::{Call, CallEffect, Step};
use crate::guard::refusal_of_dynamodb;
use crate::iam::Iam;
use crate::kill::{Killer, Withheld};

const CONTENT_TYPE: &str = "application/x-amz-json-1.0";

/// What the proxy needs.
#[derive(Clone)]
pub struct Proxy {
    backend: SocketAddr,
    client: Client<HttpConnector, Body>,
    iam: Iam,
    tables: Arc<Tables>,
    killer: Killer,
}

impl Proxy {
    /// A proxy for the database at `backend`.
    pub fn new(backend: SocketAddr, iam: Iam, tables: Tables, killer: Killer) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        Self {
            backend,
            client: Client::builder(TokioExecutor::new()).build(connector),
            iam,
            tables: Arc::new(tables),
            killer,
        }
    }
}

/// Everything goes through.
pub fn router(proxy: Proxy) -> Router {
    Router::new().fallback(forward).with_state(proxy)
}

async fn forward(State(proxy): State<Proxy>, request: Request) -> Response {
    let Some(caller) = request.extensions().get::<Caller>().cloned() else {
        return unreachable("nobody has signed this request");
    };
    let (request, tables) = match permitted(&proxy, &caller, request).await {
        Ok(permitted) => permitted,
        Err(refusal) => return refusal,
    };
    match carry_out(&proxy, &caller, request, &tables).await {
        Ok(response) => response,
        Err(Withheld) => unreachable("shutting down"),
    }
}

/// The request again, if the caller has the rights that it needs, and the tables that it names.
async fn permitted(
    proxy: &Proxy,
    caller: &Caller,
    request: Request,
) -> Result<(Request, Vec<String>), Response> {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, REQUEST_BYTES_MAX).await else {
        return Err(unreachable("the body ended early"));
    };
    let operation = operation(&parts.headers).unwrap_or_default();
    let mut tables = Vec::new();
    // Whatever the database itself will say of a body that is none, it needs no right.
    if let Ok(parsed) = serde_json::from_slice::<Value>(&body) {
        let needs = need::needs(operation, &parsed, &proxy.tables);
        let needs = match (needs, &caller.function) {
            (Ok(needs), _) => needs,
            // The operator has every right, also to what is not known here.
            (Err(_), None) => Vec::new(),
            (Err(problem), Some(_)) => {
                let kind = "com.amazon.coral.validate#ValidationException";
                return Err(refusal_of_dynamodb(kind, "message", &problem));
            }
        };
        proxy.iam.check(caller, &needs).map_err(|denial| {
            refusal_of_dynamodb(
                "com.amazon.coral.service#AccessDeniedException",
                "Message",
                &denial.to_string(),
            )
        })?;
        tables.extend(needs.iter().filter_map(|need| need.table()));
        tables.dedup();
    }
    Ok((Request::from_parts(parts, Body::from(body)), tables))
}

async fn carry_out(
    proxy: &Proxy,
    caller: &Caller,
    mut request: Request,
    tables: &[String],
) -> Result<Response, Withheld> {
    let call = operation(request.headers()).and_then(Call::of_operation);
    let mut fate = None;
    if let Some(call) = call {
        let step = match call {
            Call::Read => Step::BeforeRead,
            _ => Step::BeforeCommit,
        };
        proxy.killer.strike(caller, step).await?;
        let asked = (operation(request.headers()), tables);
        fate = proxy.killer.fate_of_operation(caller, call, asked).await;
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
    let target = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(proxy.backend.to_string())
        .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
        .build();
    match target {
        Ok(target) => *request.uri_mut() = target,
        Err(error) => return Ok(unreachable(&error.to_string())),
    }
    match proxy.client.request(request).await {
        Ok(response) => {
            if call == Some(Call::Commit) && response.status().is_success() {
                proxy.killer.strike(caller, Step::AfterCommit).await?;
            }
            if fate == Some(CallEffect::LostAnswer) {
                return Err(proxy.killer.withhold().await);
            }
            Ok(response.map(Body::new))
        }
        Err(error) => Ok(unreachable(&error.to_string())),
    }
}

/// The operation that a request names.
pub(super) fn operation(headers: &HeaderMap) -> Option<&str> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    target.rsplit_once('.').map(|(_, operation)| operation)
}

fn unreachable(error: &str) -> Response {
    tracing::error!(error, "forward to dynamodb");
    refuse(
        StatusCode::INTERNAL_SERVER_ERROR,
        "com.amazonaws.dynamodb.v20120810#InternalServerError",
        error,
    )
}

fn refuse(status: StatusCode, kind: &str, message: &str) -> Response {
    answer(status, &json!({"__type": kind, "message": message}))
}

/// An answer as the database's own, with this body.
pub(super) fn answer(status: StatusCode, body: &Value) -> Response {
    let body = body.to_string();
    let content_type = HeaderValue::from_static(CONTENT_TYPE);
    (
        status,
        [(axum::http::header::CONTENT_TYPE, content_type)],
        body,
    )
        .into_response()
}
