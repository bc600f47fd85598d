//! `SendDirectMessage`: to one client, subscribed or not, with its acknowledgement if requested.
//!
//! Such messages reach no rule and do not wait for an offline client. Must not know: sessions,
//! packets. Source: AWS IoT developer guide, direct messaging.

use std::ops::RangeInclusive;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use mqtt_protocol_core::mqtt::packet::Qos;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::time::timeout;

use super::connection::{check_client_id, resource};
use super::{DataPlane, done, property};
use crate::answer::{ApiError, ok};
use crate::broker::Receipt;
use crate::broker::message::{Message, Origin, PAYLOAD_BYTES_MAX};
use crate::parameter::Parameters;

const TIMEOUT_S: RangeInclusive<u64> = 1..=15;
const TIMEOUT_S_DEFAULT: u64 = 5;

pub(super) async fn send(
    State(plane): State<DataPlane>,
    Path(client): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let caller = plane.admit(&headers, "iot:SendDirectMessage", &resource(&client))?;
    check_client_id(&client)?;
    let name = parameters.text("topic").unwrap_or_default();
    iot_topic::check_topic(name).map_err(|error| ApiError::invalid(&error.to_string()))?;
    if body.len() > PAYLOAD_BYTES_MAX {
        let message = "The payload exceeds the maximum size allowed";
        return Err(ApiError::new(
            413,
            "RequestEntityTooLargeException",
            message,
        ));
    }
    let is_confirmed = parameters.flag("confirmation")?;
    let patience_s = if is_confirmed {
        parameters.number("timeout", TIMEOUT_S)?
    } else {
        None
    };
    let message = Message {
        qos: if is_confirmed {
            Qos::AtLeastOnce
        } else {
            Qos::AtMostOnce
        },
        properties: property::read(&parameters, &headers)?,
        origin: Origin {
            principal: Some(caller.principal),
            ..Origin::default()
        },
        ..Message::from_cloud(name.to_owned(), body.to_vec())
    };
    let receipts = plane.broker.send_direct(&client, message);
    let receipts =
        receipts.ok_or_else(|| ApiError::not_found("no client with this id is connected"))?;
    let patience = Duration::from_secs(patience_s.unwrap_or(TIMEOUT_S_DEFAULT));
    let wanted = if is_confirmed {
        Receipt::Acknowledged
    } else {
        Receipt::Sent
    };
    match timeout(patience, wait_for(receipts, wanted)).await {
        Ok(answer) => answer,
        Err(_) => Err(unconfirmed("the client did not accept the message in time")),
    }
}

async fn wait_for(
    mut receipts: UnboundedReceiver<Receipt>,
    wanted: Receipt,
) -> Result<Response, ApiError> {
    let mut is_sent = false;
    while let Some(receipt) = receipts.recv().await {
        is_sent |= receipt == Receipt::Sent;
        if receipt == wanted {
            return Ok(ok(&done()));
        }
        if receipt == Receipt::Skipped {
            let message = "the client's policies do not allow this topic, \
                or the packet is too large for the client";
            return Err(ApiError::new(403, "ForbiddenException", message));
        }
    }
    Err(if is_sent {
        unconfirmed("the client left before it acknowledged the message")
    } else {
        ApiError::not_found("the client left before the message was sent")
    })
}

fn unconfirmed(message: &str) -> ApiError {
    ApiError::new(504, "GatewayTimeoutException", message)
}
