//! Whether a request has the plain form: members of the item operations, each of its own type.
//!
//! The database reads a plain request the same way with and without its server. Its server has
//! further rules for other requests: members of the wrong type, values of several types, numbers
//! that are refused, and the parameters before expressions. Must not know: the tables.

use serde_json::Value;

/// Digits of the longest number.
const DIGITS_MAX: usize = 38;

/// Whether an object consists of known members, each of its own type.
pub fn is_plain(request: &Value) -> bool {
    let members = request.as_object();
    members.is_some_and(|members| members.iter().all(|(name, value)| is_member(name, value)))
}

fn is_member(name: &str, value: &Value) -> bool {
    match name {
        "TableName"
        | "IndexName"
        | "ConditionExpression"
        | "FilterExpression"
        | "KeyConditionExpression"
        | "ProjectionExpression"
        | "UpdateExpression"
        | "ReturnValues"
        | "ReturnValuesOnConditionCheckFailure"
        | "ReturnConsumedCapacity"
        | "ReturnItemCollectionMetrics"
        | "Select"
        | "ClientRequestToken" => value.is_string(),
        "ConsistentRead" | "ScanIndexForward" => value.is_boolean(),
        "Limit" | "Segment" | "TotalSegments" => is_count(value),
        "ExpressionAttributeNames" => are_members(value, Value::is_string),
        "Key" | "Item" | "ExclusiveStartKey" | "ExpressionAttributeValues" => {
            are_members(value, is_value)
        }
        "Keys" => are_elements(value, |key| are_members(key, is_value)),
        "Put" | "Update" | "Delete" | "ConditionCheck" | "Get" | "PutRequest" | "DeleteRequest" => {
            is_plain(value)
        }
        "TransactItems" => are_elements(value, is_plain),
        "RequestItems" => are_members(value, |of_table| {
            is_plain(of_table) || are_elements(of_table, is_plain)
        }),
        _ => false,
    }
}

fn are_members(object: &Value, accepts: impl Fn(&Value) -> bool) -> bool {
    let members = object.as_object();
    members.is_some_and(|members| members.values().all(accepts))
}

fn are_elements(list: &Value, accepts: impl Fn(&Value) -> bool) -> bool {
    let elements = list.as_array();
    elements.is_some_and(|elements| elements.iter().all(accepts))
}

fn is_count(value: &Value) -> bool {
    value.as_u64().is_some_and(|n| i32::try_from(n).is_ok())
}

/// Whether it is a typed value: an object with one member, which names the type.
fn is_value(value: &Value) -> bool {
    let Some(members) = value.as_object().filter(|members| members.len() == 1) else {
        return false;
    };
    members.iter().all(|(kind, inner)| match kind.as_str() {
        "S" | "B" => inner.is_string(),
        "N" => is_number(inner),
        "BOOL" => inner.is_boolean(),
        "NULL" => *inner == Value::Bool(true),
        "SS" | "BS" => are_elements(inner, Value::is_string),
        "NS" => are_elements(inner, is_number),
        "L" => are_elements(inner, is_value),
        "M" => are_members(inner, is_value),
        _ => false,
    })
}

/// Whether it is a number without an exponent, short enough for every operation.
fn is_number(value: &Value) -> bool {
    let Some(text) = value.as_str() else {
        return false;
    };
    let text = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    is_digits(whole) && is_digits(fraction) && whole.len() + fraction.len() <= DIGITS_MAX
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_is_plain_if_each_member_is_known_and_has_its_type() {
        let key = json!({"id": {"S": "a"}});
        for (request, expected) in [
            (json!({"TableName": "t", "Key": key}), true),
            (json!({"TableName": "t", "Key": key, "Limit": 7}), true),
            (json!({"TableName": 1, "Key": key}), false),
            (json!({"Key": {"id": "a"}}), false),
            (json!({"Key": {"id": {}}}), false),
            (json!({"Key": {"id": {"S": "a", "N": "1"}}}), false),
            (json!({"Key": {"id": {"X": "a"}}}), false),
            (json!({"Key": key, "AttributesToGet": ["a"]}), false),
            (json!({"Key": key, "ConsistentRead": "true"}), false),
            (json!({"Key": key, "ConsistentRead": null}), false),
            (json!({"Limit": -1}), false),
            (json!({"Limit": 1.5}), false),
            (json!({"Limit": 3_000_000_000_u64}), false),
            (
                json!({"Item": {"a": {"L": [{"M": {"b": {"NULL": true}}}]}}}),
                true,
            ),
            (
                json!({"Item": {"a": {"L": [{"M": {"b": {"NULL": false}}}]}}}),
                false,
            ),
            (json!({"Item": {"a": {"BOOL": "true"}}}), false),
            (
                json!({"TransactItems": [{"Put": {"Item": key}}, {"Get": {"Key": key}}]}),
                true,
            ),
            (
                json!({"TransactItems": [{"Put": {"Item": key, "Expected": {}}}]}),
                false,
            ),
            (json!({"TransactItems": {"Put": {}}}), false),
            (json!({"RequestItems": {"t": {"Keys": [key]}}}), true),
            (
                json!({"RequestItems": {"t": [{"PutRequest": {"Item": key}}]}}),
                true,
            ),
            (json!({"RequestItems": {"t": "x"}}), false),
            (json!([]), false),
        ] {
            assert_eq!(is_plain(&request), expected, "{request}");
        }
    }

    #[test]
    fn a_number_is_plain_if_no_operation_refuses_it() {
        for (text, expected) in [
            ("0", true),
            ("-12.50", true),
            ("12345678901234567890123456789012345678", false),
            ("1234567890123456789012345678901234567", true),
            ("1e3", false),
            ("+1", false),
            (".5", false),
            ("5.", false),
            ("-", false),
            ("", false),
            ("1.2.3", false),
            ("1 ", false),
        ] {
            assert_eq!(is_number(&text.into()), expected, "{text}");
        }
    }
}
