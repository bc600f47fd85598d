//! The functions of provisioning templates: Ref and five more.
//!
//! Must not know: resources. Source: AWS IoT Core developer guide, "Provisioning templates",
//! intrinsic functions.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// What functions can refer to.
pub struct Scope {
    pub parameters: BTreeMap<String, String>,
    pub mappings: Value,
}

impl Scope {
    /// The value with each function replaced by what it returns.
    pub fn resolve(&self, value: &Value) -> Result<Value, String> {
        match value {
            Value::Object(fields) => {
                let mut entries = fields.iter();
                if let (Some((name, argument)), None) = (entries.next(), entries.next())
                    && (name == "Ref" || name.starts_with("Fn::"))
                {
                    return self.call(name, argument);
                }
                let resolved = fields
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.resolve(value)?)));
                Ok(Value::Object(
                    resolved.collect::<Result<Map<_, _>, String>>()?,
                ))
            }
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            plain => Ok(plain.clone()),
        }
    }

    fn call(&self, name: &str, argument: &Value) -> Result<Value, String> {
        if name == "Ref" {
            let parameter = argument.as_str().ok_or("Ref takes a name")?;
            return Ok(self.parameter(parameter)?.into());
        }
        let argument = self.resolve(argument)?;
        let arguments = argument.as_array().map(Vec::as_slice);
        let returned = match (name, arguments) {
            ("Fn::Join", Some([Value::String(between), Value::Array(parts)])) => {
                let texts: Option<Vec<&str>> = parts.iter().map(Value::as_str).collect();
                texts.map(|texts| texts.join(between.as_str()).into())
            }
            ("Fn::Split", Some([Value::String(between), Value::String(text)])) => {
                Some(text.split(between.as_str()).map(Value::from).collect())
            }
            ("Fn::Select", Some([index, Value::Array(items)])) => {
                let text = index.as_str().and_then(|text| text.parse().ok());
                let index = index.as_u64().or(text);
                let index = index.and_then(|index| usize::try_from(index).ok());
                index.and_then(|index| items.get(index).cloned())
            }
            (
                "Fn::FindInMap",
                Some(
                    [
                        Value::String(map),
                        Value::String(first),
                        Value::String(second),
                    ],
                ),
            ) => self
                .mappings
                .get(map)
                .and_then(|map| map.get(first)?.get(second).cloned()),
            ("Fn::Sub", None) => Some(self.substitute(text(&argument)?, &Map::new())?),
            ("Fn::Sub", Some([Value::String(text), Value::Object(own)])) => {
                Some(self.substitute(text, own)?)
            }
            ("Fn::Join" | "Fn::Split" | "Fn::Select" | "Fn::FindInMap" | "Fn::Sub", _) => None,
            _ => return Err(format!("no function {name} in a provisioning template")),
        };
        returned.ok_or_else(|| format!("{name} has no value for {argument}"))
    }

    fn parameter(&self, name: &str) -> Result<&str, String> {
        let value = self.parameters.get(name).map(String::as_str);
        value.ok_or_else(|| format!("no parameter {name}"))
    }

    /// Replaces `${name}`; `${!name}` stays as `${name}`.
    fn substitute(&self, text: &str, own: &Map<String, Value>) -> Result<Value, String> {
        let mut parts = text.split("${");
        let mut whole = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').ok_or("Fn::Sub: a } is missing")?;
            match (
                name.strip_prefix('!'),
                own.get(name).and_then(Value::as_str),
            ) {
                (Some(kept), _) => whole.push_str(&format!("${{{kept}}}")),
                (None, Some(value)) => whole.push_str(value),
                (None, None) => whole.push_str(self.parameter(name)?),
            }
            whole.push_str(rest);
        }
        Ok(whole.into())
    }
}

fn text(value: &Value) -> Result<&str, String> {
    value
        .as_str()
        .ok_or_else(|| "Fn::Sub takes a text".to_owned())
}
