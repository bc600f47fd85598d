//! The `iot-data` REST API: shadows and publishing, as AWS SDKs speak it.
//!
//! Must not know MQTT connections: it publishes through the broker like everyone else.

pub mod thing_shadow;

use std::collections::HashMap;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::{any, get, post};
use mqtt_protocol_core::mqtt::packet::{ContentType, Property, Qos, ResponseTopic};
use serde_json::{Value, json};

use crate::answer::{ApiError, ok};
use crate::broker::Broker;
use crate::broker::message::{Message, Origin, PAYLOAD_BYTES_MAX};
use crate::broker::topic;
use crate::caller::{Caller, Callers};
use crate::clock::Clock;
use crate::fault::{Call, CallEffect, Step};
use crate::kill::{Killer, Withheld};
use crate::shadow::{Name, Operation, ShadowError};
use thing_shadow::ShadowService;

const MESSAGE_EXPIRY_S: std::ops::RangeInclusive<u64> = 1..=604_800;

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

type Parameters = Query<HashMap<String, String>>;

/// All routes of the API.
pub fn router(plane: DataPlane) -> Router {
    Router::new()
        .route("/things/{thing}/shadow", any(shadow))
        .route(
            "/api/things/shadow/ListNamedShadowsForThing/{thing}",
            get(list_named_shadows),
        )
        .route("/topics/{*topic}", post(publish))
        .fallback(async || ApiError::new(404, "UnknownOperationException", "no such operation"))
        .layer(DefaultBodyLimit::max(PAYLOAD_BYTES_MAX * 2))
        .with_state(plane)
}

impl DataPlane {
    fn identify(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let caller = self.callers.identify(headers);
        caller.ok_or_else(ApiError::stranger)
    }
}

impl From<Withheld> for ApiError {
    fn from(_: Withheld) -> ApiError {
        ApiError::new(503, "ServiceUnavailableException", "shutting down")
    }
}

async fn shadow(
    State(plane): State<DataPlane>,
    Path(thing): Path<String>,
    Query(parameters): Parameters,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let caller = plane.identify(&headers)?;
    let operation = match method {
        Method::GET => Operation::Get,
        Method::POST => Operation::Update,
        Method::DELETE => Operation::Delete,
        _ => {
            let message = "this method is not allowed on a shadow";
            return Err(ApiError::new(405, "MethodNotAllowedException", message));
        }
    };
    let shadow = parameters.get("name").filter(|n| !n.is_empty()).cloned();
    let name = Name { thing, shadow };
    let fate = match operation {
        Operation::Get => plane.killer.fate_of(&caller, Call::Shadow),
        _ => None,
    };
    match fate {
        Some(CallEffect::LostRequest) => return Err(plane.killer.withhold().await.into()),
        Some(CallEffect::Throttle) => {
            let message = "The rate exceeds the limit.";
            return Err(ApiError::new(429, "ThrottlingException", message));
        }
        _ => {}
    }
    let document = plane.shadows.call(operation, &name, &body)?;
    if fate == Some(CallEffect::LostAnswer) {
        return Err(plane.killer.withhold().await.into());
    }
    Ok(ok(&document))
}

impl From<ShadowError> for ApiError {
    fn from(error: ShadowError) -> ApiError {
        let kind = match error.code {
            400 => "InvalidRequestException",
            401 => "UnauthorizedException",
            403 => "ForbiddenException",
            404 => "ResourceNotFoundException",
            409 => "ConflictException",
            413 => "RequestEntityTooLargeException",
            415 => "UnsupportedDocumentEncodingException",
            429 => "ThrottlingException",
            _ => "InternalFailureException",
        };
        ApiError::new(error.code, kind, &error.message)
    }
}

async fn list_named_shadows(
    State(plane): State<DataPlane>,
    Path(thing): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    plane.identify(&headers)?;
    let names = plane.shadows.named_shadows_of(&thing);
    let answer: Value = json!({"results": names, "timestamp": plane.clock.now_s()});
    Ok(ok(&answer))
}

async fn publish(
    State(plane): State<DataPlane>,
    Path(name): Path<String>,
    Query(parameters): Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let caller = plane.identify(&headers)?;
    let invalid = |message: &str| ApiError::new(400, "InvalidRequestException", message);
    topic::check_topic(&name).map_err(|e| invalid(&e.to_string()))?;
    if body.len() > PAYLOAD_BYTES_MAX {
        return Err(invalid("payload is larger than 128 KB"));
    }
    let qos = match parameters.get("qos").map(String::as_str) {
        None | Some("0") => Qos::AtMostOnce,
        Some("1") => Qos::AtLeastOnce,
        Some(_) => return Err(invalid("qos is neither 0 nor 1")),
    };
    let retain = parameters.get("retain").is_some_and(|v| v == "true");
    if retain && name.starts_with('$') {
        return Err(invalid("a reserved topic cannot be retained"));
    }
    let expires_at_ms = match parameters.get("messageExpiry") {
        None => None,
        Some(seconds) => {
            let seconds: u64 = seconds
                .parse()
                .map_err(|_| invalid("messageExpiry is not a number of seconds"))?;
            let seconds = seconds.clamp(*MESSAGE_EXPIRY_S.start(), *MESSAGE_EXPIRY_S.end());
            Some(plane.clock.now_ms() + seconds * 1000)
        }
    };
    plane.killer.strike(&caller, Step::BeforePublish).await?;
    let fate = plane.killer.fate_of(&caller, Call::Publish);
    if fate == Some(CallEffect::LostRequest) {
        return Err(plane.killer.withhold().await.into());
    }
    plane.broker.publish(Message {
        topic: name,
        payload: body.to_vec().into(),
        qos,
        retain,
        expires_at_ms,
        properties: properties(&parameters),
        origin: Origin {
            client: None,
            principal: Some(caller.principal.clone()),
            slot: None,
        },
        is_will: false,
    });
    plane.killer.strike(&caller, Step::AfterPublish).await?;
    if fate == Some(CallEffect::LostAnswer) {
        return Err(plane.killer.withhold().await.into());
    }
    Ok(ok(
        &json!({"message": "OK", "traceId": uuid::Uuid::new_v4().to_string()}),
    ))
}

/// The MQTT 5 properties that travel with a message; one that MQTT cannot carry is left out, as it would be there.
fn properties(parameters: &HashMap<String, String>) -> Vec<Property> {
    let content_type = parameters
        .get("contentType")
        .and_then(|v| ContentType::new(v).ok())
        .map(Property::from);
    let response_topic = parameters
        .get("responseTopic")
        .and_then(|v| ResponseTopic::new(v).ok())
        .map(Property::from);
    content_type.into_iter().chain(response_topic).collect()
}
