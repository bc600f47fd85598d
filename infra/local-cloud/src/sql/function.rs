//! The built-in functions that are supported; an unknown name is refused when a statement is parsed.
//!
//! Must not know: operators, statements.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use regex_lite::Regex;
use serde_json::Value;

use super::evaluate::Scope;
use super::value::{self, Numeric};

type Arguments<'a> = &'a [Option<Value>];
type Apply = fn(&mut Scope<'_, '_>, Arguments<'_>) -> Option<Value>;

/// A built-in function.
#[derive(Clone, Copy, Debug)]
pub(super) struct Function {
    /// Name in lower case; SQL does not mind the case.
    pub name: &'static str,
    /// Least and largest number of arguments.
    pub arity: (usize, usize),
    pub apply: Apply,
}

const MANY: usize = 64;

const fn function(name: &'static str, least: usize, most: usize, apply: Apply) -> Function {
    Function {
        name,
        arity: (least, most),
        apply,
    }
}

const FUNCTIONS: &[Function] = &[
    // The message.
    function("topic", 0, 1, topic),
    function("timestamp", 0, 0, |s, _| Some(Value::from(s.input.now_ms))),
    function("clientid", 0, 0, |s, _| {
        Some(Value::from(s.input.client_id.unwrap_or("n/a")))
    }),
    function("principal", 0, 0, |s, _| s.input.principal.map(Value::from)),
    function("accountid", 0, 0, |s, _| Some(Value::from(s.input.account))),
    function("newuuid", 0, 0, |s, _| {
        Some(Value::String((s.input.new_uuid)()))
    }),
    // Undefined unless the message came over MQTT.
    function("traceid", 0, 0, |s, _| {
        s.input.client_id?;
        Some(Value::String((s.input.new_uuid)()))
    }),
    // Presence.
    function("isundefined", 1, 1, |_, a| {
        Some(Value::Bool(a[0].is_none()))
    }),
    function("isnull", 1, 1, |_, a| {
        Some(Value::Bool(a[0] == Some(Value::Null)))
    }),
    function("get", 2, 2, |_, a| get(a[0].as_ref()?, a[1].as_ref()?)),
    function("encode", 2, 2, |_, a| {
        let text = value::to_text(a[0].as_ref()?)?;
        base64_scheme(a).then(|| Value::String(BASE64.encode(text)))
    }),
    function("decode", 2, 2, decode),
    // Strings.
    function("concat", 0, MANY, |_, a| concat(a)),
    function("substring", 2, 3, |_, a| substring(a)),
    function("lower", 1, 1, |_, a| map(a, |s| s.to_lowercase())),
    function("upper", 1, 1, |_, a| map(a, |s| s.to_uppercase())),
    function("trim", 1, 1, |_, a| {
        map(a, |s| s.trim_matches([' ', '\t']).to_owned())
    }),
    function("ltrim", 1, 1, |_, a| {
        map(a, |s| s.trim_start_matches([' ', '\t']).to_owned())
    }),
    function("rtrim", 1, 1, |_, a| {
        map(a, |s| s.trim_end_matches([' ', '\t']).to_owned())
    }),
    function("length", 1, 1, |_, a| {
        Some(Value::from(text(a, 0)?.chars().count()))
    }),
    function("numbytes", 1, 1, |_, a| {
        Some(Value::from(text(a, 0)?.len()))
    }),
    function("startswith", 2, 2, |_, a| {
        Some(Value::Bool(text(a, 0)?.starts_with(&text(a, 1)?)))
    }),
    function("endswith", 2, 2, |_, a| {
        Some(Value::Bool(text(a, 0)?.ends_with(&text(a, 1)?)))
    }),
    function("indexof", 2, 2, |_, a| {
        Some(index_of(&text(a, 0)?, &text(a, 1)?))
    }),
    function("replace", 3, 3, |_, a| {
        Some(Value::String(
            text(a, 0)?.replace(&text(a, 1)?, &text(a, 2)?),
        ))
    }),
    function("regexp_matches", 2, 2, |_, a| {
        let regex = Regex::new(&text(a, 1)?).ok()?;
        Some(Value::Bool(regex.is_match(&text(a, 0)?)))
    }),
    function("regexp_replace", 3, 3, |_, a| {
        let regex = Regex::new(&text(a, 1)?).ok()?;
        let replaced = regex
            .replace_all(&text(a, 0)?, text(a, 2)?.as_str())
            .into_owned();
        Some(Value::String(replaced))
    }),
    // Numbers.
    function("abs", 1, 1, |_, a| number(a, f64::abs)),
    function("ceil", 1, 1, |_, a| number(a, f64::ceil)),
    function("floor", 1, 1, |_, a| number(a, f64::floor)),
    function("round", 1, 1, |_, a| number(a, f64::round)),
    function("sign", 1, 1, |_, a| {
        number(a, |x| if x == 0.0 { 0.0 } else { x.signum() })
    }),
    function("sqrt", 1, 1, |_, a| number(a, f64::sqrt)),
];

/// The function with this name, in any case.
pub(super) fn find(name: &str) -> Option<Function> {
    FUNCTIONS
        .iter()
        .find(|function| function.name.eq_ignore_ascii_case(name))
        .copied()
}

fn text(arguments: Arguments<'_>, index: usize) -> Option<String> {
    value::to_text(arguments.get(index)?.as_ref()?)
}

fn map(arguments: Arguments<'_>, change: fn(&str) -> String) -> Option<Value> {
    text(arguments, 0).map(|text| Value::String(change(&text)))
}

fn number(arguments: Arguments<'_>, change: fn(f64) -> f64) -> Option<Value> {
    let number = value::to_numeric(arguments[0].as_ref()?)?;
    Numeric::Decimal(change(number.as_f64())).to_json()
}

fn topic(scope: &mut Scope<'_, '_>, arguments: Arguments<'_>) -> Option<Value> {
    // With Basic Ingest the first three levels are the rule's and are not seen.
    let topic = match scope.input.topic.strip_prefix("$aws/rules/") {
        Some(rest) => rest.split_once('/').map_or("", |(_, topic)| topic),
        None => scope.input.topic,
    };
    let Some(argument) = arguments.first() else {
        return Some(Value::from(topic));
    };
    let index = value::to_int(argument.as_ref()?)?;
    let index = usize::try_from(index.checked_sub(1)?).ok()?;
    topic.split('/').nth(index).map(Value::from)
}

fn get(from: &Value, key: &Value) -> Option<Value> {
    let index = || usize::try_from(value::to_int(key)?).ok();
    match from {
        Value::Array(items) => items.get(index()?).cloned(),
        Value::String(text) => text
            .chars()
            .nth(index()?)
            .map(|c| Value::from(c.to_string())),
        Value::Object(object) => object.get(key.as_str()?).cloned(),
        _ => None,
    }
}

fn base64_scheme(arguments: Arguments<'_>) -> bool {
    arguments[1].as_ref().and_then(Value::as_str) == Some("base64")
}

fn decode(_: &mut Scope<'_, '_>, arguments: Arguments<'_>) -> Option<Value> {
    let encoded = arguments[0].as_ref()?.as_str()?;
    if !base64_scheme(arguments) {
        return None;
    }
    let decoded = BASE64
        .decode(encoded)
        .ok()
        .and_then(|b| String::from_utf8(b).ok());
    // A JSON document becomes addressable, other text stays text, what cannot be decoded is Null.
    Some(match decoded {
        None => Value::Null,
        Some(text) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
    })
}

fn concat(arguments: Arguments<'_>) -> Option<Value> {
    match arguments {
        [] => None,
        [one] => one.clone(),
        many if many.iter().flatten().any(Value::is_array) => {
            let mut all = Vec::new();
            for argument in many {
                match argument.clone()? {
                    Value::Array(items) => all.extend(items),
                    other => all.push(other),
                }
            }
            Some(Value::Array(all))
        }
        many if many.iter().flatten().any(Value::is_string) => {
            let texts: Option<Vec<String>> = (0..many.len()).map(|i| text(many, i)).collect();
            Some(Value::String(texts?.concat()))
        }
        _ => None,
    }
}

fn substring(arguments: Arguments<'_>) -> Option<Value> {
    let text = text(arguments, 0)?;
    let length = text.chars().count();
    let bound = |index: usize| {
        // The reference's examples cut decimals off: 2.745 counts as 2.
        let at = value::to_numeric(arguments[index].as_ref()?)?
            .as_f64()
            .trunc();
        Some(at.clamp(0.0, length as f64) as usize)
    };
    let start = bound(1)?;
    let end = if arguments.len() > 2 {
        bound(2)?
    } else {
        length
    };
    let part = text.chars().skip(start).take(end.saturating_sub(start));
    Some(Value::String(part.collect()))
}

fn index_of(text: &str, part: &str) -> Value {
    match text.find(part) {
        Some(at) => Value::from(text[..at].chars().count()),
        None => Value::from(-1),
    }
}
