//! Functions on the message, its publisher and the rule.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::super::json;
use super::super::number::Number;
use super::super::scope::Scope;
use super::super::value::{self, Object, Value};
use super::{Arguments, Function, function, text_of};

pub(super) const FUNCTIONS: &[Function] = &[
    function("topic", 0, 1, topic),
    function("timestamp", 0, 0, |s, _| Some(Value::int(s.input.now_ms))),
    function("clientid", 0, 0, |s, _| {
        Some(Value::text(s.input.client_id.unwrap_or("n/a")))
    }),
    function("principal", 0, 0, |s, _| s.input.principal.map(Value::text)),
    function("sourceip", 0, 0, |s, _| s.input.source_ip.map(Value::text)),
    function("accountid", 0, 0, |s, _| Some(Value::text(s.input.account))),
    function("sql_version", 0, 0, |s, _| {
        Some(Value::text(s.version.name()))
    }),
    function("newuuid", 0, 0, |s, _| Some(Value::text(uuid(s)))),
    // Undefined unless the message came over MQTT.
    function("traceid", 0, 0, |s, _| {
        s.input.client_id?;
        Some(Value::text(uuid(s)))
    }),
    function("rand", 0, 0, |s, _| {
        // A double holds 53 bits exactly.
        let bits = (s.draw() >> 75) as f64;
        Number::from_double(bits / 2_f64.powi(53)).map(Value::Number)
    }),
    function("get_mqtt_property", 1, 1, property),
    function("get_user_properties", 0, 1, user_properties),
];

fn uuid(scope: &mut Scope<'_, '_>) -> String {
    let bytes = scope.draw().to_be_bytes();
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

fn topic(scope: &mut Scope<'_, '_>, arguments: Arguments<'_>) -> Option<Value> {
    // With Basic Ingest the first three levels belong to the rule and are hidden.
    let topic = match scope.input.topic.strip_prefix("$aws/rules/") {
        Some(rest) => rest.split_once('/').map_or("", |(_, topic)| topic),
        None => scope.input.topic,
    };
    let Some(argument) = arguments.first() else {
        return Some(Value::text(topic));
    };
    let index = value::to_int(argument.as_ref()?)?;
    let index = usize::try_from(index.checked_sub(1)?).ok()?;
    topic.split('/').nth(index).map(Value::text)
}

fn property(scope: &mut Scope<'_, '_>, arguments: Arguments<'_>) -> Option<Value> {
    let headers = scope.input.headers;
    let text = |text: &Option<String>| text.clone().map(Value::Text);
    match text_of(arguments, 0)?.as_str() {
        "format_indicator" => headers.payload_format.map(Value::text),
        "content_type" => text(&headers.content_type),
        "response_topic" => text(&headers.response_topic),
        "correlation_data" => headers
            .correlation_data
            .as_ref()
            .map(|bytes| Value::Text(BASE64.encode(bytes))),
        _ => None,
    }
}

/// The values of one key, or every pair as an object.
fn user_properties(scope: &mut Scope<'_, '_>, arguments: Arguments<'_>) -> Option<Value> {
    let user = &scope.input.headers.user;
    let Some(argument) = arguments.first() else {
        let pairs = user.iter().map(|(key, value)| {
            Value::Object(Object::from([(key.clone(), Value::text(value.clone()))]))
        });
        return Some(Value::Array(pairs.collect()));
    };
    let key = json::to_text(argument.as_ref()?)?;
    let values = user.iter().filter(|(name, _)| *name == key);
    Some(Value::Array(
        values
            .map(|(_, value)| Value::text(value.clone()))
            .collect(),
    ))
}
