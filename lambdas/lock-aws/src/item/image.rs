//! Images in a record of the table's stream, as items. Must not know: what an item holds.
//!
//! Source: Amazon DynamoDB API reference, `AttributeValue`; AWS Lambda developer guide, "Process
//! DynamoDB records with Lambda".

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::Value;

use super::{Item, ItemError};

/// An image as an item. Shape: `{"pk":{"S":"lock#lock-1"},"at":{"N":"1763779512345"},…}`.
///
/// # Errors
///
/// [`ItemError`] for an image or an attribute of another shape.
pub fn item_of_image(image: &Value) -> Result<Item, ItemError> {
    let attributes = image.as_object().ok_or_else(|| malformed("of the image"))?;
    let attributes = attributes.iter();
    attributes
        .map(|(name, value)| Ok((name.clone(), attribute(name, value)?)))
        .collect()
}

fn attribute(name: &str, value: &Value) -> Result<AttributeValue, ItemError> {
    let mut pairs = value.as_object().into_iter().flatten();
    let (Some((kind, value)), None) = (pairs.next(), pairs.next()) else {
        return Err(malformed(name));
    };
    Ok(match (kind.as_str(), value) {
        ("S", Value::String(text)) => AttributeValue::S(text.clone()),
        ("N", Value::String(digits)) => AttributeValue::N(digits.clone()),
        ("BOOL", Value::Bool(bool)) => AttributeValue::Bool(*bool),
        ("NULL", Value::Bool(null)) => AttributeValue::Null(*null),
        ("L", Value::Array(values)) => {
            let values = values.iter().map(|value| attribute(name, value));
            AttributeValue::L(values.collect::<Result<_, _>>()?)
        }
        ("M", map @ Value::Object(_)) => AttributeValue::M(item_of_image(map)?),
        ("B" | "SS" | "NS" | "BS", _) => return Err(ItemError::Type(name.to_owned())),
        _ => return Err(malformed(name)),
    })
}

fn malformed(name: &str) -> ItemError {
    ItemError::Image(name.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_image_is_the_item_that_was_stored() {
        let image = json!({
            "s": {"S": "t"}, "n": {"N": "-7"}, "b": {"BOOL": true}, "z": {"NULL": true},
            "l": {"L": [{"S": "a"}, {"N": "1"}]}, "m": {"M": {"x": {"S": "y"}}}
        });
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let number = |digits: &str| AttributeValue::N(digits.to_owned());
        let map = Item::from([("x".to_owned(), text("y"))]);
        let wanted = [
            ("s", text("t")),
            ("n", number("-7")),
            ("b", AttributeValue::Bool(true)),
            ("z", AttributeValue::Null(true)),
            ("l", AttributeValue::L(vec![text("a"), number("1")])),
            ("m", AttributeValue::M(map)),
        ];
        let wanted: Item = wanted.map(|(name, value)| (name.to_owned(), value)).into();
        assert_eq!(item_of_image(&image).expect("an image"), wanted);
        assert_eq!(item_of_image(&json!({})).expect("an image"), Item::new());
    }

    #[test]
    fn an_attribute_of_another_shape_is_named() {
        for (image, wanted) in [
            (json!([]), "attribute of the image is not DynamoDB JSON"),
            (json!({"a": "t"}), "attribute a is not DynamoDB JSON"),
            (json!({"a": {}}), "attribute a is not DynamoDB JSON"),
            (
                json!({"a": {"S": "t", "N": "1"}}),
                "attribute a is not DynamoDB JSON",
            ),
            (json!({"a": {"N": 1}}), "attribute a is not DynamoDB JSON"),
            (
                json!({"a": {"M": {"b": {"X": 1}}}}),
                "attribute b is not DynamoDB JSON",
            ),
            (
                json!({"a": {"B": "AA=="}}),
                "attribute a has a type that no item here has",
            ),
        ] {
            let error = item_of_image(&image).unwrap_err();
            assert_eq!(error.to_string(), wanted, "{image}");
        }
    }
}
