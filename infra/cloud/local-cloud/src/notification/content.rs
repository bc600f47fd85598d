//! What is published: a message with its subject and attributes, and SNS's rules for them.
//!
//! Source: SNS API reference, `Publish`; SNS developer guide, "Amazon SNS message attributes".

use std::collections::BTreeMap;

/// Largest message with its attributes, bytes.
const BYTES_MAX: usize = 256 * 1024;
/// Longest subject, characters.
const SUBJECT_CHARS_MAX: usize = 100;
const NAME_CHARS_MAX: usize = 256;

/// The value of a message attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// `String`, `String.Array`, `Number` or `Binary`, perhaps with a label: `Number.byte`.
    pub data_type: String,
    /// Its text; a binary value is in base64.
    pub value: String,
}

/// A message to publish.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    pub subject: Option<String>,
    pub message: String,
    /// Attributes by name.
    pub attributes: BTreeMap<String, Attribute>,
}

impl Attribute {
    /// The data type without its label.
    pub fn kind(&self) -> &str {
        match self.data_type.as_str() {
            "String.Array" => "String.Array",
            other => other.split('.').next().unwrap_or_default(),
        }
    }
}

impl Content {
    /// Checks it; the error is what SNS says after "Invalid parameter: ".
    pub fn check(&self) -> Result<(), String> {
        if self.message.is_empty() {
            return Err("Empty message".to_owned());
        }
        if self.subject.as_deref().is_some_and(|s| !is_subject(s)) {
            return Err("Subject".to_owned());
        }
        let attributes = self.attributes.iter();
        let attribute_bytes: usize = attributes
            .map(|(name, a)| name.len() + a.data_type.len() + a.value.len())
            .sum();
        if self.message.len() + attribute_bytes > BYTES_MAX {
            return Err("Message too long".to_owned());
        }
        for (name, attribute) in &self.attributes {
            check_attribute(name, attribute)?;
        }
        Ok(())
    }

    /// The values of the attributes by name.
    pub fn attribute_values(&self) -> BTreeMap<String, String> {
        let attributes = self.attributes.iter();
        attributes
            .map(|(name, attribute)| (name.clone(), attribute.value.clone()))
            .collect()
    }
}

/// At most 100 characters of ASCII, none of them a control character, the first no space.
fn is_subject(text: &str) -> bool {
    let first = text.chars().next();
    first.is_some_and(|c| c.is_ascii_graphic())
        && text.len() <= SUBJECT_CHARS_MAX
        && text.chars().all(|c| matches!(c, ' '..='~'))
}

fn check_attribute(name: &str, attribute: &Attribute) -> Result<(), String> {
    let is_in_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let is_name = !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.chars().all(is_in_name);
    if !is_name || name.starts_with('.') || name.ends_with('.') || name.contains("..") {
        return Err(format!(
            "Invalid message attribute name {name}: use letters, digits, '_', '-' and single dots"
        ));
    }
    if !matches!(
        attribute.kind(),
        "String" | "String.Array" | "Number" | "Binary"
    ) {
        let kind = &attribute.data_type;
        return Err(format!(
            "The message attribute '{name}' has an invalid message attribute type '{kind}', the \
             set of supported type prefixes is Binary, Number, and String."
        ));
    }
    if attribute.value.is_empty() {
        return Err(format!(
            "The message attribute '{name}' must contain non-empty message attribute value."
        ));
    }
    if attribute.kind() == "Number" && attribute.value.parse::<f64>().is_err() {
        let value = &attribute.value;
        return Err(format!(
            "Could not cast message attribute '{name}' value '{value}' to number."
        ));
    }
    Ok(())
}
