//! The device's settings, layered as Mongoose OS layers them: defaults of `mos.yml`, `conf1.json` … `conf8.json` of the
//! image, here the command line, and `conf9.json` of the device above all. It must not know what a setting means.

mod difference;
mod layer;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

enum Initial {
    Text(&'static str),
    Int(i64),
    Bool(bool),
    Double(f64),
}

const DEFAULTS: &[(&str, Initial)] = include!(concat!(env!("OUT_DIR"), "/config_table.rs"));

/// Vendor layer that the image carries in its file system, if it has one.
const IMAGE_LAYER: Option<&[u8]> = include!(concat!(env!("OUT_DIR"), "/image_layer.rs"));

/// One setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text, kept as C sees it.
    Text(CString),
    /// Whole number.
    Int(i64),
    /// Boolean.
    Bool(bool),
    /// Floating point.
    Double(f64),
}

/// All settings by their dotted key.
#[derive(Debug)]
pub struct Config {
    /// As they are, which the firmware may have changed.
    values: BTreeMap<String, Value>,
    /// As they would be without `conf9.json`.
    below: BTreeMap<String, Value>,
}

impl Config {
    /// The defaults of `mos.yml` over those of the libraries.
    pub fn defaults() -> Self {
        let values: BTreeMap<String, Value> = DEFAULTS
            .iter()
            .map(|(key, initial)| {
                let value = match initial {
                    Initial::Text(v) => {
                        Value::Text(CString::new(*v).expect("mos.yml holds no NUL"))
                    }
                    Initial::Int(v) => Value::Int(*v),
                    Initial::Bool(v) => Value::Bool(*v),
                    Initial::Double(v) => Value::Double(*v),
                };
                ((*key).to_owned(), value)
            })
            .collect();
        Self {
            below: values.clone(),
            values,
        }
    }

    /// Settings that are those of no device: a section that the firmware gave to a library.
    pub fn of(values: BTreeMap<String, Value>) -> Self {
        Self {
            below: BTreeMap::new(),
            values,
        }
    }

    /// Applies `conf1.json` … `conf8.json` of the flash directory, where it has no `conf1.json` the image's; then `command_line`,
    /// keys with values; then `conf9.json`. Returns what the log says of the files: like Mongoose OS, a bad layer does not stop the
    /// boot, what it set before the error holds, and none is needed.
    ///
    /// # Errors
    /// As [`Config::set`], for the command line.
    pub fn apply_layers(
        &mut self,
        flash: &Path,
        command_line: &[(&str, &str)],
    ) -> anyhow::Result<Vec<String>> {
        let mut complaints = Vec::new();
        for level in 1..=9 {
            if level == 9 {
                for (key, text) in command_line {
                    self.set(key, text)?;
                }
                self.below = self.values.clone();
            }
            let name = format!("conf{level}.json");
            let image = IMAGE_LAYER.filter(|_| level == 1).map(<[u8]>::to_vec);
            let Some(text) = fs::read(flash.join(&name)).ok().or(image) else {
                continue;
            };
            if let Err(complaint) = layer::apply(&text, self) {
                complaints.push(complaint);
                complaints.push(format!("Failed to parse {name}"));
            }
        }
        Ok(complaints)
    }

    /// `Config.Set`: takes the settings of a JSON text over those there are.
    ///
    /// # Errors
    /// What Mongoose OS says of it; what stood before the error is taken.
    pub fn take(&mut self, json: &[u8]) -> Result<(), String> {
        layer::apply(json, self)
    }

    /// Sets `key` from text, in the setting's own type.
    ///
    /// # Errors
    /// An unknown key, or text that is not of the setting's type.
    pub fn set(&mut self, key: &str, text: &str) -> anyhow::Result<()> {
        let Some(value) = self.values.get_mut(key) else {
            bail!("no setting {key}");
        };
        let wrong = || format!("setting {key}: {text:?} is not of its type");
        *value = match value {
            Value::Text(_) => Value::Text(CString::new(text).with_context(wrong)?),
            Value::Int(_) => Value::Int(text.parse().with_context(wrong)?),
            Value::Bool(_) => Value::Bool(text.parse().with_context(wrong)?),
            Value::Double(_) => Value::Double(text.parse().with_context(wrong)?),
        };
        Ok(())
    }

    /// All keys.
    #[cfg(test)]
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The setting's value.
    pub fn value(&self, key: &str) -> &Value {
        self.values
            .get(key)
            .unwrap_or_else(|| panic!("setting {key} is declared nowhere"))
    }

    /// Text of a setting; empty where it is empty or of another type.
    pub fn text(&self, key: &str) -> &str {
        match self.value(key) {
            Value::Text(text) => text.to_str().unwrap_or_default(),
            _ => "",
        }
    }

    /// Whole number of a setting; booleans are 0 and 1, as in C.
    pub fn int(&self, key: &str) -> i64 {
        match self.value(key) {
            Value::Int(number) => *number,
            Value::Bool(flag) => i64::from(*flag),
            Value::Double(number) => *number as i64,
            Value::Text(_) => 0,
        }
    }

    /// Whether a setting is true or not 0.
    pub fn flag(&self, key: &str) -> bool {
        self.int(key) != 0
    }

    /// Floating-point value of a setting.
    pub fn double(&self, key: &str) -> f64 {
        match self.value(key) {
            Value::Double(number) => *number,
            _ => self.int(key) as f64,
        }
    }

    /// What an `int` of C means for a setting: its type knows booleans.
    pub fn integer(&self, key: &str, number: i32) -> Value {
        match self.value(key) {
            Value::Bool(_) => Value::Bool(number != 0),
            _ => Value::Int(number.into()),
        }
    }

    /// Replaces a value with one of the same type, as the generated setters do; a save will write it.
    pub fn replace(&mut self, key: &str, value: Value) {
        self.values.insert(key.to_owned(), value);
    }
}

/// The two sides of one `section.key=value` of the command line.
///
/// # Errors
/// No `=`.
pub fn assignment(text: &str) -> anyhow::Result<(&str, &str)> {
    text.split_once('=')
        .with_context(|| format!("{text:?} is not section.key=value"))
}
