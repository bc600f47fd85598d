//! `GetConnection`, `DeleteConnection` and `ListSubscriptions`.

use std::ops::RangeInclusive;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Value, json};

use super::{DataPlane, done};
use crate::answer::{ApiError, ok};
use crate::broker::lookup::ConnectionRecord;
use crate::parameter::Parameters;

const PAGE_SIZES: RangeInclusive<u64> = 1..=200;
const PAGE_SIZE_DEFAULT: u64 = 20;
const CLIENT_ID_BYTES_MAX: usize = 128;

pub(super) async fn get(
    State(plane): State<DataPlane>,
    Path(client): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    plane.admit(&headers, "iot:GetConnection", &resource(&client))?;
    check_client_id(&client)?;
    let with_sockets = parameters.flag("includeSocketInformation")?;
    let record = plane.broker.connection(&client);
    let record = record.ok_or_else(|| ApiError::not_found("no connection with this client id"))?;
    Ok(ok(&describe(&record, with_sockets)))
}

fn describe(record: &ConnectionRecord, with_sockets: bool) -> Value {
    let mut answer = json!({
        "clientId": record.client_id,
        "connected": record.is_connected,
        "cleanSession": record.session_expiry_s == 0,
        "sessionExpiry": record.session_expiry_s,
        "keepAliveDuration": record.keep_alive_s,
    });
    if let Some(thing) = &record.thing {
        answer["thingName"] = json!(thing);
    }
    if record.is_connected {
        answer["connectedSince"] = json!(record.connected_at_ms);
    }
    if let Some((at_ms, reason)) = record.ended {
        answer["disconnectedSince"] = json!(at_ms);
        answer["disconnectReason"] = json!(reason);
    }
    if with_sockets {
        answer["sourceIp"] = json!(record.source.ip().to_string());
        answer["sourcePort"] = json!(record.source.port());
        if let Some(target) = record.target {
            answer["targetIp"] = json!(target.ip().to_string());
            answer["targetPort"] = json!(target.port());
        }
    }
    answer
}

pub(super) async fn delete(
    State(plane): State<DataPlane>,
    Path(client): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    plane.admit(&headers, "iot:DeleteConnection", &resource(&client))?;
    check_client_id(&client)?;
    let clean = parameters.flag("cleanSession")?;
    let with_will = !parameters.flag("preventWillMessage")?;
    if plane.broker.disconnect(&client, clean, with_will) {
        Ok(ok(&done()))
    } else {
        Err(ApiError::not_found("no client with this id is connected"))
    }
}

pub(super) async fn list_subscriptions(
    State(plane): State<DataPlane>,
    Path(client): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    plane.admit(&headers, "iot:ListSubscriptions", &resource(&client))?;
    check_client_id(&client)?;
    let page = parameters.page("maxResults", PAGE_SIZES, PAGE_SIZE_DEFAULT)?;
    let all = plane.broker.subscriptions_of(&client);
    let all = all.ok_or_else(|| ApiError::not_found("no session with this client id"))?;
    let rows = all.into_iter().map(|(filter, qos)| {
        let row = json!({"topicFilter": filter, "qos": qos});
        (filter, row)
    });
    Ok(ok(&page.answer("subscriptions", rows)?))
}

pub(super) fn resource(client: &str) -> String {
    format!("client/{client}")
}

pub(super) fn check_client_id(client: &str) -> Result<(), ApiError> {
    if client.starts_with('$') || client.is_empty() || client.len() > CLIENT_ID_BYTES_MAX {
        let message = "a client id has 1 to 128 bytes and does not begin with $";
        return Err(ApiError::invalid(message));
    }
    Ok(())
}
