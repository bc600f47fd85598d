//! `GetRetainedMessage` and `ListRetainedMessages`.
//!
//! Must not know how messages are retained.

use std::ops::RangeInclusive;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::parameter::Parameters;
use super::{DataPlane, not_found, page, property};
use crate::answer::{ApiError, ok};
use crate::broker::lookup::{Retained, qos_number};

/// How many topics one answer may hold.
const PAGE_SIZES: RangeInclusive<u64> = 1..=200;

pub(super) async fn get(
    State(plane): State<DataPlane>,
    Path(topic): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    plane.admit(
        &headers,
        "iot:GetRetainedMessage",
        &format!("topic/{topic}"),
    )?;
    let retained = plane.broker.retained_message(&topic);
    let Retained {
        message,
        stored_at_ms,
    } = retained.ok_or_else(|| not_found("no message is retained on this topic"))?;
    let user_properties = property::user_properties_blob(&message.properties);
    Ok(ok(&json!({
        "topic": message.topic,
        "payload": STANDARD.encode(&message.payload),
        "qos": qos_number(message.qos),
        "lastModifiedTime": stored_at_ms,
        "userProperties": user_properties,
    })))
}

pub(super) async fn list(
    State(plane): State<DataPlane>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    plane.admit(&headers, "iot:ListRetainedMessages", "*")?;
    let size = parameters.number("maxResults", PAGE_SIZES)?;
    let size = size.unwrap_or(*PAGE_SIZES.end());
    let all = plane.broker.retained_messages();
    let token = parameters.text("nextToken");
    let (part, next_token) = page::page(all, |r| r.message.topic.as_str(), size, token)?;
    let topics: Vec<Value> = part.iter().map(summary).collect();
    let mut answer = json!({"retainedTopics": topics});
    page::add_token(&mut answer, next_token);
    Ok(ok(&answer))
}

fn summary(retained: &Retained) -> Value {
    json!({
        "topic": retained.message.topic,
        "payloadSize": retained.message.payload.len(),
        "qos": qos_number(retained.message.qos),
        "lastModifiedTime": retained.stored_at_ms,
    })
}
