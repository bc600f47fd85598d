//! MQTT 5 headers: of a message, for use in SQL, and of a republish action.
//!
//! Must not know: statements. Source: AWS IoT developer guide, "Republish".

use mqtt_protocol_core::mqtt::packet::{PayloadFormat, Property, UserProperty};
use serde_json::Value;

use super::substitution::Substitution;
use super::{Engine, Rule};
use crate::broker::message::{Message, parse_property};
use iot_sql::{Headers, Statement};

/// Longest header before substitution.
const HEADER_CHARACTERS_MAX: usize = 1024;
const USER_PROPERTIES_MAX: usize = 100;

const NAMES: [&str; 5] = [
    "PayloadFormatIndicator",
    "ContentType",
    "ResponseTopic",
    "CorrelationData",
    "MessageExpiry",
];

pub fn headers_of(message: &Message) -> Headers {
    let mut headers = Headers::default();
    for property in &message.properties {
        match property {
            Property::PayloadFormatIndicator(format) => {
                let is_text = format.val() == PayloadFormat::String as u8;
                headers.payload_format = Some(if is_text {
                    "UTF8_DATA"
                } else {
                    "UNSPECIFIED_BYTES"
                });
            }
            Property::ContentType(value) => headers.content_type = Some(value.val().to_owned()),
            Property::ResponseTopic(value) => headers.response_topic = Some(value.val().to_owned()),
            Property::CorrelationData(value) => {
                headers.correlation_data = Some(value.val().to_vec());
            }
            Property::UserProperty(pair) => {
                headers
                    .user
                    .push((pair.key().to_owned(), pair.val().to_owned()));
            }
            _ => {}
        }
    }
    headers
}

pub struct RepublishHeaders {
    /// By AWS's name.
    plain: Vec<(&'static str, Substitution)>,
    user: Vec<(Substitution, Substitution)>,
}

#[derive(Default)]
pub struct Resolved {
    pub properties: Vec<Property>,
    pub expiry_s: Option<u64>,
}

impl RepublishHeaders {
    /// Compiles `Headers` of a template; the error says what is wrong.
    pub fn compile(headers: &Value, statement: &Statement) -> Result<Self, String> {
        let entries = headers.as_object().ok_or("Headers: a map expected")?;
        let mut compiled = Self {
            plain: Vec::new(),
            user: Vec::new(),
        };
        for (key, value) in entries {
            if key == "UserProperties" {
                compiled.user = user_properties(value, statement)?;
                continue;
            }
            let name = NAMES.iter().find(|name| *name == key);
            let name = name.ok_or_else(|| format!("Headers: {key} is unknown"))?;
            let value = match value {
                Value::String(text) => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return Err(format!("Headers.{key}: text expected")),
            };
            let substitution = parse_header(&format!("Headers.{key}"), &value, statement)?;
            if let Some(literal) = substitution.literal() {
                parse_value(name, literal)?;
            }
            compiled.plain.push((name, substitution));
        }
        Ok(compiled)
    }

    pub fn calls_out(&self) -> bool {
        let user = self.user.iter().flat_map(|(key, value)| [key, value]);
        let mut all = self.plain.iter().map(|(_, value)| value).chain(user);
        all.any(Substitution::calls_out)
    }

    pub async fn resolve(
        &self,
        engine: &Engine,
        rule: &Rule,
        message: &Message,
    ) -> Result<Resolved, String> {
        let mut resolved = Resolved::default();
        for (name, value) in &self.plain {
            let value = value.resolve(engine, rule, message).await?;
            match parse_value(name, &value)? {
                Header::Property(property) => resolved.properties.push(property),
                Header::ExpiryS(seconds) => resolved.expiry_s = Some(seconds),
            }
        }
        for (key, value) in &self.user {
            let key = key.resolve(engine, rule, message).await?;
            let value = value.resolve(engine, rule, message).await?;
            let pair = UserProperty::new(key.as_str(), value.as_str());
            let pair = pair.map_err(|e| format!("user property {key}: {e}"))?;
            resolved.properties.push(Property::UserProperty(pair));
        }
        Ok(resolved)
    }
}

fn parse_header(name: &str, text: &str, statement: &Statement) -> Result<Substitution, String> {
    if text.chars().count() > HEADER_CHARACTERS_MAX {
        return Err(format!(
            "{name}: {HEADER_CHARACTERS_MAX} characters at most"
        ));
    }
    Substitution::parse(text, statement).map_err(|e| format!("{name}: {e}"))
}

fn user_properties(
    value: &Value,
    statement: &Statement,
) -> Result<Vec<(Substitution, Substitution)>, String> {
    let pairs = value.as_array().ok_or("UserProperties: a list expected")?;
    if !(1..=USER_PROPERTIES_MAX).contains(&pairs.len()) {
        return Err(format!("UserProperties: 1 to {USER_PROPERTIES_MAX}"));
    }
    let text = |pair: &Value, key: &str| {
        let text = pair.get(key).and_then(Value::as_str);
        let text =
            text.ok_or_else(|| format!("UserProperties: Key and Value expected in {pair}"))?;
        parse_header("UserProperties", text, statement)
    };
    let read = |pair: &Value| Ok((text(pair, "Key")?, text(pair, "Value")?));
    pairs.iter().map(read).collect()
}

enum Header {
    Property(Property),
    ExpiryS(u64),
}

fn parse_value(name: &str, value: &str) -> Result<Header, String> {
    let wrong = |form: &str| format!("header {name} {value:?}: {form} expected");
    if name == "MessageExpiry" {
        let seconds = value.parse().map_err(|_| wrong("a number of seconds"))?;
        return Ok(Header::ExpiryS(seconds));
    }
    parse_property(name, value)
        .map(Header::Property)
        .map_err(wrong)
}
