//! The `iot-data` REST API for AWS SDKs: shadows, publishing, retained messages, connections.
//!
//! It publishes through the broker like everyone else. Must not know: MQTT packets. Source: the IoT
//! data plane's API reference and botocore's service model of it.

mod connection;
mod direct;
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

/// Larger bodies are not read; the services' own limits are lower.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

#[derive(Clone)]
pub struct DataPlane {
    pub broker: Broker,
    pub shadows: ShadowService,
    pub callers: Callers,
    pub killer: Killer,
    pub clock: Clock,
}

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
    /// The caller that requests `action` on `resource`.
    fn admit(&self, headers: &HeaderMap, action: &str, resource: &str) -> Result<Caller, ApiError> {
        let caller = self.callers.identify(headers);
        let caller = caller.ok_or_else(ApiError::unknown_key)?;
        tracing::debug!(principal = %caller.principal, action, resource, "data plane call");
        Ok(caller)
    }
}

impl From<Withheld> for ApiError {
    fn from(_: Withheld) -> Self {
        Self::new(503, "ServiceUnavailableException", "shutting down")
    }
}

fn not_allowed(message: &str) -> ApiError {
    ApiError::new(405, "MethodNotAllowedException", message)
}

/// The answer of calls without a result.
fn done() -> Value {
    json!({"message": "OK", "traceId": uuid::Uuid::new_v4().to_string()})
}
