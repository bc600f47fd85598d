//! Functions on arrays and objects, and on Undefined and Null.

use super::super::value::{self, Object, Value};
use super::{Arguments, Function, MANY, function, newer, text_of};

/// Largest array that `transform` produces, bytes.
const TRANSFORMED_BYTES_MAX: usize = 128 * 1024;

pub(super) const FUNCTIONS: &[Function] = &[
    newer("isundefined", 1, 1, |_, a| {
        Some(Value::Bool(a[0].is_none()))
    }),
    function("isnull", 1, 1, |_, a| {
        Some(Value::Bool(a[0] == Some(Value::Null)))
    }),
    // A default of Undefined is as good as none.
    newer("get_or_default", 1, 2, |_, a| match &a[0] {
        None | Some(Value::Null) => a.get(1)?.clone(),
        Some(value) => Some(value.clone()),
    }),
    function("get", 2, 2, |_, a| get(a[0].as_ref()?, a[1].as_ref()?)),
    function("concat", 0, MANY, |_, a| concat(a)),
    newer("transform", 3, 3, |_, a| transform(a)),
];

fn get(from: &Value, key: &Value) -> Option<Value> {
    let index = || usize::try_from(value::to_int(key)?).ok();
    match (from, key) {
        (Value::Array(items), _) => items.get(index()?).cloned(),
        (Value::Text(text), _) => text.chars().nth(index()?).map(Value::text),
        (Value::Object(entries), Value::Text(key)) => entries.get(key).cloned(),
        _ => None,
    }
}

fn concat(arguments: Arguments<'_>) -> Option<Value> {
    let some_are = |kind: fn(&Value) -> bool| arguments.iter().flatten().any(kind);
    match arguments {
        [] => None,
        [one] => one.clone(),
        many if some_are(|v| matches!(v, Value::Array(_))) => {
            let mut all = Vec::new();
            for argument in many {
                match argument.clone()? {
                    Value::Array(items) => all.extend(items),
                    other => all.push(other),
                }
            }
            Some(Value::Array(all))
        }
        many if some_are(|v| matches!(v, Value::Text(_))) => {
            let texts: Option<Vec<String>> = (0..many.len()).map(|i| text_of(many, i)).collect();
            Some(Value::Text(texts?.concat()))
        }
        _ => None,
    }
}

/// Adds the attributes of an object to each object of an array.
fn transform(arguments: Arguments<'_>) -> Option<Value> {
    let (Some(Value::Text(mode)), Some(added), Some(Value::Array(items))) =
        (&arguments[0], &arguments[1], &arguments[2])
    else {
        return None;
    };
    let Value::Object(entries) = added else {
        return None;
    };
    let weight = added.weight().checked_mul(items.len())?;
    if mode != "enrichArray" || weight > TRANSFORMED_BYTES_MAX {
        return None;
    }
    let enrich = |item: &Value| match item {
        Value::Object(own) => {
            let mut enriched: Object = own.clone();
            enriched.extend(entries.clone());
            Some(Value::Object(enriched))
        }
        _ => None,
    };
    let enriched: Option<Vec<Value>> = items.iter().map(enrich).collect();
    enriched.map(Value::Array)
}
