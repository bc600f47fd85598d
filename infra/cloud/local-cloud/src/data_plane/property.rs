//! MQTT 5 properties in REST requests: query parameters, and headers in base64.

use axum::http::HeaderMap;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_protocol_core::mqtt::packet::{
    ContentType, CorrelationData, PayloadFormat, PayloadFormatIndicator, Property, ResponseTopic,
    UserProperty,
};
use serde_json::{Map, Value, json};

use crate::answer::ApiError;
use crate::parameter::Parameters;

const USER_PROPERTIES: &str = "x-amz-mqtt5-user-properties";
const PAYLOAD_FORMAT: &str = "x-amz-mqtt5-payload-format-indicator";
const CORRELATION_DATA: &str = "x-amz-mqtt5-correlation-data";

/// The properties of the request's message.
pub(super) fn read(
    parameters: &Parameters,
    headers: &HeaderMap,
) -> Result<Vec<Property>, ApiError> {
    let mut properties: Vec<Property> = Vec::new();
    if let Some(format) = header(headers, PAYLOAD_FORMAT)? {
        let format = match format {
            "UNSPECIFIED_BYTES" => PayloadFormat::Binary,
            "UTF8_DATA" => PayloadFormat::String,
            _ => return Err(refuse("payloadFormatIndicator")),
        };
        let property = PayloadFormatIndicator::new(format);
        properties.push(
            property
                .map_err(|_| refuse("payloadFormatIndicator"))?
                .into(),
        );
    }
    if let Some(text) = parameters.text("contentType") {
        let property = ContentType::new(text).map_err(|_| refuse("contentType"))?;
        properties.push(property.into());
    }
    if let Some(text) = parameters.text("responseTopic") {
        iot_topic::check_topic(text)
            .map_err(|error| ApiError::invalid(&format!("responseTopic: {error}")))?;
        let property = ResponseTopic::new(text).map_err(|_| refuse("responseTopic"))?;
        properties.push(property.into());
    }
    if let Some(encoded) = header(headers, CORRELATION_DATA)? {
        let bytes = STANDARD
            .decode(encoded)
            .map_err(|_| refuse("correlationData"))?;
        let property = CorrelationData::new(bytes).map_err(|_| refuse("correlationData"))?;
        properties.push(property.into());
    }
    if let Some(encoded) = header(headers, USER_PROPERTIES)? {
        for (key, value) in user_properties(encoded).ok_or_else(|| refuse("userProperties"))? {
            let property = UserProperty::new(key, value).map_err(|_| refuse("userProperties"))?;
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
    value.transpose().map_err(|_| refuse(name))
}

fn refuse(name: &str) -> ApiError {
    let form = match name {
        "payloadFormatIndicator" => "UNSPECIFIED_BYTES or UTF8_DATA",
        "correlationData" => "base64",
        "userProperties" => "base64 of a JSON array of objects with text values",
        _ => "text that MQTT can carry",
    };
    ApiError::invalid(&format!("{name} is not {form}"))
}
