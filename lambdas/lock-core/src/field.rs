//! Strict reading of fields from JSON of other writers: each fault has a stable code.
//!
//! Must not know: which messages exist.
//!
//! Nothing is guessed or repaired. A field of the wrong type is refused even if the message could
//! do without it: its sender does not speak this protocol, and a press that is only half understood
//! could be an unrecognised repetition.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::limits::{TEXT_BYTES_MAX, VERSION_MAX};
use crate::name::NameError;

/// Why a message was refused. A refusal is an answer, not an error: the message is not retried.
///
/// The code (see [`Refusal::code`]) is stable: alarms and tests may look for it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The message is not a JSON object, or its kind is unknown.
    #[error("malformed message: {0}")]
    Malformed(&'static str),
    /// A mandatory field is missing.
    #[error("missing field {0}")]
    MissingField(&'static str),
    /// A field has the wrong type; JSON `null` is a type too.
    #[error("field {field} is not a {wanted}")]
    WrongType {
        /// The name of the field.
        field: &'static str,
        /// The right type: `text`, `whole number below 2^53`, …
        wanted: &'static str,
    },
    /// A text is longer than its limit.
    #[error("field {field} of {bytes} bytes: wanted at most {limit}")]
    Oversize {
        /// The name of the field.
        field: &'static str,
        /// The length of the text, in bytes.
        bytes: usize,
        /// The longest allowed length, in bytes.
        limit: usize,
    },
    /// A word that is not in the field's table.
    #[error("field {field}: unknown word {word:?}")]
    UnknownWord {
        /// The name of the field.
        field: &'static str,
        /// The word that was received.
        word: String,
    },
    /// A request that could open a door and does not say when it was made (C4).
    #[error("missing field requestedAt: an unlock or toggle must say when it was made, in ms")]
    NoTime,
    /// A request to unlock or toggle, on a topic for senders that may only lock.
    #[error("the sender may lock this door and not unlock it")]
    LockOnly,
    /// A lock's or a button's name that breaks the rule for names.
    #[error("field {field}: {cause}")]
    BadName {
        /// The name of the field.
        field: &'static str,
        /// The rule that it breaks.
        cause: NameError,
    },
}

impl Refusal {
    /// The stable code, for logs, events and alarms.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::MissingField(_) => "missing-field",
            Self::WrongType { .. } => "wrong-type",
            Self::Oversize { .. } => "oversize",
            Self::UnknownWord { .. } => "unknown-word",
            Self::BadName { .. } => "bad-name",
            Self::NoTime => "no-time",
            Self::LockOnly => "lock-only",
        }
    }
}

/// Levels of objects below the top that are read field by field if they cannot be parsed whole: a
/// report's fields, and those of its `refused`.
const LEVELS: u32 = 2;

/// Parses the text of an event, field by field if it cannot be parsed whole.
///
/// JSON allows values that cannot be represented here: a number beyond a double, an array nested
/// 200 deep, half a surrogate pair. Such a field becomes an empty list, a type that no field has:
/// its reader refuses it with a code, and the rest of the message still names the sender.
///
/// # Errors
///
/// [`Refusal::Malformed`] if `text` is not a JSON object.
///
/// ```
/// use lock_core::field::parse_event;
/// use lock_core::press::Press;
///
/// let event = parse_event(r#"{"button":"button-1","clickType":1e400}"#)?;
/// assert_eq!(event["button"], "button-1");
/// assert_eq!(Press::parse(&event).unwrap_err().code(), "wrong-type");
/// # Ok::<(), lock_core::field::Refusal>(())
/// ```
pub fn parse_event(text: &str) -> Result<Value, Refusal> {
    let value = read_value(text, LEVELS).unwrap_or_default();
    match value {
        Value::Object(_) => Ok(value),
        _ => Err(Refusal::Malformed("not a JSON object")),
    }
}

/// Parses `text`; `None` if it is not JSON or has a value that cannot be represented.
fn read_value(text: &str, levels: u32) -> Option<Value> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(value);
    }
    // A raw value is only scanned, so its numbers and its depth have no limit.
    let fields: BTreeMap<String, &RawValue> = serde_json::from_str(text).ok()?;
    let field = |(name, raw): (String, &RawValue)| {
        let below = levels.checked_sub(1);
        let whole = || serde_json::from_str(raw.get()).ok();
        let value = below.map_or_else(whole, |below| read_value(raw.get(), below));
        (name, value.unwrap_or_else(|| Value::Array(Vec::new())))
    };
    Some(Value::Object(fields.into_iter().map(field).collect()))
}

/// Reads the name of a lock or button from `field`, or from a topic in its place.
pub(crate) fn parse_name<T: FromStr<Err = NameError>>(
    field: &'static str,
    name: &str,
) -> Result<T, Refusal> {
    name.parse()
        .map_err(|cause| Refusal::BadName { field, cause })
}

/// The fields of one JSON object.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// The fields of `value`.
    ///
    /// # Errors
    ///
    /// [`Refusal::Malformed`] if `value` is not an object.
    pub fn of(value: &'a Value) -> Result<Self, Refusal> {
        value
            .as_object()
            .map(Fields)
            .ok_or(Refusal::Malformed("not a JSON object"))
    }

    /// The raw field, if present.
    pub fn get(self, field: &'static str) -> Option<&'a Value> {
        self.0.get(field)
    }

    /// A text that may be absent.
    pub(crate) fn text_or_none(self, field: &'static str) -> Result<Option<&'a str>, Refusal> {
        match self.0.get(field) {
            None => Ok(None),
            Some(Value::String(text)) if text.len() > TEXT_BYTES_MAX => Err(Refusal::Oversize {
                field,
                bytes: text.len(),
                limit: TEXT_BYTES_MAX,
            }),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Refusal::WrongType {
                field,
                wanted: "text",
            }),
        }
    }

    /// A text that must be there.
    pub(crate) fn text(self, field: &'static str) -> Result<&'a str, Refusal> {
        self.text_or_none(field)?
            .ok_or(Refusal::MissingField(field))
    }

    /// The name of a lock or button that must be there.
    pub(crate) fn name<T: FromStr<Err = NameError>>(
        self,
        field: &'static str,
    ) -> Result<T, Refusal> {
        parse_name(field, self.text(field)?)
    }

    /// A whole number below 2^53 that may be absent; a device may write `7.0` for 7.
    pub(crate) fn number_or_none(self, field: &'static str) -> Result<Option<u64>, Refusal> {
        let Some(value) = self.0.get(field) else {
            return Ok(None);
        };
        let whole = value.as_u64().or_else(|| {
            let number = value.as_f64()?;
            (number.fract() == 0.0 && (0.0..=VERSION_MAX as f64).contains(&number))
                .then_some(number as u64)
        });
        match whole {
            Some(number) if number <= VERSION_MAX => Ok(Some(number)),
            _ => Err(Refusal::WrongType {
                field,
                wanted: "whole number below 2^53",
            }),
        }
    }

    /// A whole number that must be there.
    pub(crate) fn number(self, field: &'static str) -> Result<u64, Refusal> {
        self.number_or_none(field)?
            .ok_or(Refusal::MissingField(field))
    }

    /// One word of an enum, which must be there.
    pub(crate) fn word<T: FromStr>(self, field: &'static str) -> Result<T, Refusal> {
        let word = self.text(field)?;
        word.parse().map_err(|_| Refusal::UnknownWord {
            field,
            word: word.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests;
