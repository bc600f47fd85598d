//! The `iot-data` REST API, as AWS SDKs speak it: shadows, publishing, retained messages, connections.
//!
//! *Source*: the IoT data plane's API reference and botocore's service model of it. Must not know MQTT packets: it
//! publishes through the broker like everyone else.

mod connection;
mod direct;
mod page;
mod parameter;
mod property;
mod publish;
mod retained;
mod shadow_call;
pub mod thing_shadow;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::HeaderMap;
use axum::routing::{any, get, post};
use serde_json::{Value, json};

use crate::answer::ApiError;
use crate::broker::Broker;
use crate::caller::{Caller, Callers};
use crate::clock::Clock;
use crate::kill::{Killer, Withheld};
use thing_shadow::ShadowService;

/// Larger bodies are not even read; what a service takes is less.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// What the data plane needs.
#[derive(Clone)]
pub struct DataPlane {
    /// Where messages go.
    pub broker: Broker,
    /// Where shadows are.
    pub shadows: ShadowService,
    /// Who may call.
    pub callers: Callers,
    /// Ends functions where a fault says so.
    pub killer: Killer,
    /// The time.
    pub clock: Clock,
}

/// All routes of the API.
pub fn router(plane: DataPlane) -> Router {
    let named_shadows = "/api/things/shadow/ListNamedShadowsForThing/{thing}";
    Router::new()
        .route("/things/{thing}/shadow", any(shadow_call::shadow))
        .route(named_shadows, get(shadow_call::list_named_shadows))
        .route("/topics/{*topic}", post(publish::publish))
        .route("/retainedMessage/{*topic}", get(retained::get))
        .route("/retainedMessage", get(retained::list))
        .route(
            "/connections/{client}",
            get(connection::get).delete(connection::delete),
        )
        .route(
            "/connections/{client}/subscriptions",
            get(connection::list_subscriptions),
        )
        .route("/connections/{client}/messages", post(direct::send))
        .fallback(async || ApiError::new(404, "UnknownOperationException", "no such operation"))
        .method_not_allowed_fallback(async || not_allowed("this method is not allowed here"))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(plane)
}

impl DataPlane {
    /// The caller, who wants to do `action` on `resource`.
    fn admit(&self, headers: &HeaderMap, action: &str, resource: &str) -> Result<Caller, ApiError> {
        let caller = self.callers.identify(headers);
        let caller = caller.ok_or_else(ApiError::stranger)?;
        tracing::debug!(principal = %caller.principal, action, resource, "data plane call");
        Ok(caller)
    }
}

impl From<Withheld> for ApiError {
    fn from(_: Withheld) -> Self {
        Self::new(503, "ServiceUnavailableException", "shutting down")
    }
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidRequestException", message)
}

fn not_found(message: &str) -> ApiError {
    ApiError::new(404, "ResourceNotFoundException", message)
}

fn not_allowed(message: &str) -> ApiError {
    ApiError::new(405, "MethodNotAllowedException", message)
}

/// The answer of calls that have nothing else to say.
fn done() -> Value {
    json!({"message": "OK", "traceId": uuid::Uuid::new_v4().to_string()})
}
