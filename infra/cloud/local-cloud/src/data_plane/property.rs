//! MQTT 5 properties in REST requests: query parameters, and headers in base64.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_protocol_core::mqtt::packet::{Property, UserProperty};
use serde_json::{Map, Value, json};

use crate::answer::ApiError;
use crate::broker::message::parse_property;
use crate::parameter::Parameters;

const USER_PROPERTIES: &str = "x-amz-mqtt5-user-properties";
const PAYLOAD_FORMAT: &str = "x-amz-mqtt5-payload-format-indicator";
const USER_PROPERTIES_FORM: &str = "base64 of a JSON array of objects with text values";
const CORRELATION_DATA: &str = "x-amz-mqtt5-correlation-data";

/// The properties of the request's message.
pub(super) fn read(
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Vec<Property>, ApiError> {
    let mut properties: Vec<Property> = Vec::new();
    for (name, value) in [
        ("PayloadFormatIndicator", header(headers, PAYLOAD_FORMAT)?),
        ("ContentType", parameters.text("contentType")),
        ("ResponseTopic", parameters.text("responseTopic")),
        ("CorrelationData", header(headers, CORRELATION_DATA)?),
    ] {
        let Some(value) = value else {
            continue;
        };
        if name == "ResponseTopic" {
            iot_topic::check_topic(value)
                .map_err(|error| ApiError::invalid(&format!("responseTopic: {error}")))?;
        }
        properties.push(parse_property(name, value).map_err(|form| refuse(name, form))?);
    }
    if let Some(encoded) = header(headers, USER_PROPERTIES)? {
        let refusal = || refuse("UserProperties", USER_PROPERTIES_FORM);
        for (key, value) in user_properties(encoded).ok_or_else(refusal)? {
            let property = UserProperty::new(key, value).map_err(|_| refusal())?;
            properties.push(property.into());
        }
    }
    Ok(properties)
}

/// The user properties of a message as the API returns them, if it has any.
pub(super) fn user_properties_blob(properties: &[Property]) -> Option<String> {
    let pairs = properties.iter().filter_map(|property| match property {
        Property::UserProperty(pair) => Some(json!({pair.key(): pair.val()})),
        _ => None,
    });
    let list: Vec<Value> = pairs.collect();
    (!list.is_empty()).then(|| STANDARD.encode(Value::from(list).to_string()))
}

/// `[{"name": "value"}, …]`, base64-encoded.
fn user_properties(encoded: &str) -> Option<Vec<(String, String)>> {
    let bytes = STANDARD.decode(encoded).ok()?;
    let objects: Vec<Map<String, Value>> = serde_json::from_slice(&bytes).ok()?;
    let pairs = objects.into_iter().flatten();
    pairs
        .map(|(key, value)| Some((key, value.as_str()?.to_owned())))
        .collect()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Result<Option<&'a str>, ApiError> {
    let value = headers.get(name).map(|value| value.to_str());
    let value = value.transpose();
    value.map_err(|_| refuse(name, "text that MQTT can carry"))
}

/// REST's names begin with a small letter.
fn refuse(name: &str, form: &str) -> ApiError {
    let (first, rest) = name.split_at(1);
    let first = first.to_lowercase();
    ApiError::invalid(&format!("{first}{rest} is not {form}"))
}
