//! `GetRetainedMessage` and `ListRetainedMessages`.

use std::ops::RangeInclusive;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{DataPlane, property};
use crate::answer::{ApiError, ok};
use crate::broker::lookup::Retained;
use crate::parameter::Parameters;

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
    } = retained.ok_or_else(|| ApiError::not_found("no message is retained on this topic"))?;
    let user_properties = property::user_properties_blob(&message.properties);
    Ok(ok(&json!({
        "topic": message.topic,
        "payload": STANDARD.encode(&message.payload),
        "qos": message.qos as u8,
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
    let page = parameters.page("maxResults", PAGE_SIZES, *PAGE_SIZES.end())?;
    let rows = plane
        .broker
        .retained_messages()
        .into_iter()
        .map(|retained| {
            let message = retained.message;
            let row = json!({
                "topic": message.topic,
                "payloadSize": message.payload.len(),
                "qos": message.qos as u8,
                "lastModifiedTime": retained.stored_at_ms,
            });
            (message.topic.clone(), row)
        });
    Ok(ok(&page.answer("retainedTopics", rows)?))
}
