//! Parses MQTT 5 properties from the text in REST requests and republish actions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mqtt_protocol_core::mqtt::packet::{
    ContentType, CorrelationData, PayloadFormat, PayloadFormatIndicator, Property, ResponseTopic,
};

/// Parses a property by AWS's name for it; the error says what form the value must have.
pub fn parse_property(name: &str, value: &str) -> Result<Property, &'static str> {
    const TEXT: &str = "text that MQTT can carry";
    let property = match name {
        "PayloadFormatIndicator" => PayloadFormatIndicator::new(match value {
            "UNSPECIFIED_BYTES" => PayloadFormat::Binary,
            "UTF8_DATA" => PayloadFormat::String,
            _ => return Err("UNSPECIFIED_BYTES or UTF8_DATA"),
        })
        .map(Property::from),
        "ContentType" => ContentType::new(value).map(Property::from),
        "ResponseTopic" => ResponseTopic::new(value).map(Property::from),
        _ => {
            CorrelationData::new(STANDARD.decode(value).map_err(|_| "base64")?).map(Property::from)
        }
    };
    property.map_err(|_| TEXT)
}
