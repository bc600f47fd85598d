//! A message as it is saved, with its MQTT 5 properties.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mqtt_protocol_core::mqtt::packet::{
    ContentType, CorrelationData, PayloadFormat, PayloadFormatIndicator, Property, Qos,
    ResponseTopic, UserProperty,
};
use serde::{Deserialize, Serialize};

use super::{Message, Origin};

/// A saved message:
/// `{"topic":"a/b","payload":"e30=","qos":1,"retain":false,"expiresAtMs":null,"properties":[…],…}`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MessageRecord {
    topic: String,
    /// In base64.
    payload: String,
    qos: u8,
    retain: bool,
    expires_at_ms: Option<u64>,
    properties: Vec<PropertyRecord>,
    client: Option<String>,
    principal: Option<String>,
    is_will: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum PropertyRecord {
    ContentType(String),
    ResponseTopic(String),
    /// In base64.
    CorrelationData(String),
    /// Whether the payload is text.
    Text(bool),
    User(String, String),
}

impl MessageRecord {
    pub fn of(message: &Message) -> Self {
        Self {
            topic: message.topic.clone(),
            payload: STANDARD.encode(&message.payload),
            qos: message.qos as u8,
            retain: message.retain,
            expires_at_ms: message.expires_at_ms,
            properties: message.properties.iter().filter_map(write).collect(),
            client: message.origin.client.clone(),
            principal: message.origin.principal.clone(),
            is_will: message.is_will,
        }
    }

    /// The saved message, without the parts that are damaged.
    pub fn into_message(self) -> Message {
        Message {
            topic: self.topic,
            payload: STANDARD.decode(self.payload).unwrap_or_default().into(),
            qos: match self.qos {
                0 => Qos::AtMostOnce,
                _ => Qos::AtLeastOnce,
            },
            retain: self.retain,
            expires_at_ms: self.expires_at_ms,
            properties: self.properties.into_iter().filter_map(read).collect(),
            origin: Origin {
                client: self.client,
                principal: self.principal,
                ..Origin::default()
            },
            is_will: self.is_will,
        }
    }
}

fn write(property: &Property) -> Option<PropertyRecord> {
    Some(match property {
        Property::ContentType(v) => PropertyRecord::ContentType(v.val().to_owned()),
        Property::ResponseTopic(v) => PropertyRecord::ResponseTopic(v.val().to_owned()),
        Property::CorrelationData(v) => PropertyRecord::CorrelationData(STANDARD.encode(v.val())),
        Property::PayloadFormatIndicator(v) => PropertyRecord::Text(v.val() == 1),
        Property::UserProperty(v) => PropertyRecord::User(v.key().to_owned(), v.val().to_owned()),
        _ => return None,
    })
}

fn read(record: PropertyRecord) -> Option<Property> {
    let property = match record {
        PropertyRecord::ContentType(v) => ContentType::new(v).map(Property::from),
        PropertyRecord::ResponseTopic(v) => ResponseTopic::new(v).map(Property::from),
        PropertyRecord::CorrelationData(v) => {
            CorrelationData::new(STANDARD.decode(v).ok()?).map(Property::from)
        }
        PropertyRecord::Text(is_text) => PayloadFormatIndicator::new(if is_text {
            PayloadFormat::String
        } else {
            PayloadFormat::Binary
        })
        .map(Property::from),
        PropertyRecord::User(key, value) => UserProperty::new(key, value).map(Property::from),
    };
    property.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_back_as_it_was_written() {
        let message = Message {
            topic: "a/b".to_owned(),
            payload: vec![0, 255].into(),
            qos: Qos::AtLeastOnce,
            retain: true,
            expires_at_ms: Some(7),
            properties: vec![
                ContentType::new("text/plain").unwrap().into(),
                ResponseTopic::new("r").unwrap().into(),
                CorrelationData::new(vec![1, 2]).unwrap().into(),
                PayloadFormatIndicator::new(PayloadFormat::String)
                    .unwrap()
                    .into(),
                UserProperty::new("k", "v").unwrap().into(),
            ],
            origin: Origin {
                client: Some("c".to_owned()),
                principal: Some("p".to_owned()),
                ..Origin::default()
            },
            is_will: true,
        };
        let text = serde_json::to_string(&MessageRecord::of(&message)).unwrap();
        let record: MessageRecord = serde_json::from_str(&text).unwrap();
        let back = record.into_message();
        assert_eq!(back.payload, message.payload);
        assert_eq!(back.properties, message.properties);
        assert_eq!(back.origin.client, message.origin.client);
        assert_eq!(back.origin.principal, message.origin.principal);
        assert_eq!(
            (
                back.topic,
                back.qos,
                back.retain,
                back.expires_at_ms,
                back.is_will
            ),
            ("a/b".to_owned(), Qos::AtLeastOnce, true, Some(7), true)
        );
    }
}
