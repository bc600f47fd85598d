//! `Publish`: a message with all its MQTT 5 properties.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use mqtt_protocol_core::mqtt::packet::Qos;

use super::{DataPlane, done, property};
use crate::answer::{ApiError, ok};
use crate::broker::message::{Message, Origin, PAYLOAD_BYTES_MAX};
use crate::fault::{Call, CallEffect, Step};
use crate::parameter::Parameters;

/// Range that a message expiry is clamped to, in seconds.
const MESSAGE_EXPIRY_S: std::ops::RangeInclusive<u64> = 1..=604_800;

pub(super) async fn publish(
    State(plane): State<DataPlane>,
    Path(name): Path<String>,
    parameters: Parameters,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let resource = format!("topic/{name}");
    let caller = plane.admit(&headers, "iot:Publish", &resource)?;
    iot_topic::check_topic(&name).map_err(|e| ApiError::invalid(&e.to_string()))?;
    if body.len() > PAYLOAD_BYTES_MAX {
        return Err(ApiError::invalid("payload is larger than 128 KB"));
    }
    let qos = match parameters.number("qos", 0..=1)? {
        Some(1) => Qos::AtLeastOnce,
        _ => Qos::AtMostOnce,
    };
    let retain = parameters.flag("retain")?;
    if !iot_topic::is_open_to_publishers(&name, retain) {
        return Err(ApiError::invalid(if retain {
            "a reserved topic cannot be retained"
        } else {
            "this reserved topic does not accept messages"
        }));
    }
    if retain {
        plane.admit(&headers, "iot:RetainPublish", &resource)?;
    }
    let expiry_s = parameters.number("messageExpiry", 0..=u64::MAX)?;
    let expires_at_ms = expiry_s.map(|seconds| {
        let seconds = seconds.clamp(*MESSAGE_EXPIRY_S.start(), *MESSAGE_EXPIRY_S.end());
        plane.clock.now_ms() + seconds * 1000
    });
    let properties = property::read(&parameters, &headers)?;
    plane.killer.strike(&caller, Step::BeforePublish).await?;
    let fate = plane.killer.fate_of(&caller, Call::Publish).await;
    if fate == Some(CallEffect::LostRequest) {
        return Err(plane.killer.withhold().await.into());
    }
    plane.broker.publish(Message {
        topic: name,
        payload: body.to_vec().into(),
        qos,
        retain,
        expires_at_ms,
        properties,
        origin: Origin {
            principal: Some(caller.principal.clone()),
            ..Origin::default()
        },
        is_will: false,
    });
    plane.killer.strike(&caller, Step::AfterPublish).await?;
    if fate == Some(CallEffect::LostAnswer) {
        return Err(plane.killer.withhold().await.into());
    }
    Ok(ok(&done()))
}
