//! The device's settings, layered as Mongoose OS layers them: defaults of `mos.yml`, `conf1.json`
//! to `conf8.json` of the image, here the command line, and on top `conf9.json` of the device.
//!
//! Must not know: what a setting means.

mod difference;
mod layer;
#[cfg(test)]
mod tests;
mod value;
mod walk;

use std::ffi::CString;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, bail};

pub use self::value::{Value, Values};

/// Vendor layer that the image carries in its file system, if it has one.
const IMAGE_LAYER: Option<&[u8]> = include!(concat!(env!("OUT_DIR"), "/image_layer.rs"));

/// All settings of a device or a library.
#[derive(Debug)]
pub struct Config {
    /// Current values, some of which the firmware may have changed.
    values: Values,
    /// Values without `conf9.json`.
    below: Values,
}

impl Config {
    /// The defaults of `mos.yml` over those of the libraries.
    pub fn defaults() -> Self {
        let values = Values::from(include!(concat!(env!("OUT_DIR"), "/config_table.rs")));
        Self {
            below: values.clone(),
            values,
        }
    }

    /// A section of settings that the firmware gave to a library.
    pub fn of(values: Values) -> Self {
        Self {
            below: Values::new(),
            values,
        }
    }

    /// Applies `conf1.json` to `conf8.json` of the flash directory, with the image's own
    /// `conf1.json` if the flash has none; then `command_line`, keys with values; then
    /// `conf9.json`. Returns the log lines about bad files: as in Mongoose OS, a bad layer does not
    /// stop the boot and keeps its effect up to the error, and no layer is required.
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
            if let Err(complaint) = self.apply(&text) {
                complaints.push(complaint);
                complaints.push(format!("Failed to parse {name}"));
            }
        }
        Ok(complaints)
    }

    /// Applies the settings of a JSON text to the current ones.
    ///
    /// # Errors
    /// What Mongoose OS logs about the text. Settings before the error are applied.
    pub fn apply(&mut self, json: &[u8]) -> Result<(), String> {
        layer::apply(json, &mut self.values)
    }

    /// Sets `key` from text, in the setting's own type.
    ///
    /// # Errors
    /// The key is unknown, or the text does not fit the setting's type.
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

    /// All keys in alphabetical order.
    #[cfg(test)]
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The value of a setting.
    ///
    /// # Panics
    /// The key is declared nowhere.
    pub fn value(&self, key: &str) -> &Value {
        self.values
            .get(key)
            .unwrap_or_else(|| panic!("setting {key} is declared nowhere"))
    }

    /// The text of a setting; empty for another type.
    pub fn text(&self, key: &str) -> &str {
        match self.value(key) {
            Value::Text(text) => text.to_str().unwrap_or_default(),
            _ => "",
        }
    }

    /// The whole number of a setting; a boolean is 0 or 1, as in C.
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

    /// The floating-point value of a setting.
    pub fn double(&self, key: &str) -> f64 {
        match self.value(key) {
            Value::Double(number) => *number,
            _ => self.int(key) as f64,
        }
    }

    /// An `int` of C as a value of the setting's type, whole number or boolean.
    pub fn value_of_int(&self, key: &str, number: i32) -> Value {
        match self.value(key) {
            Value::Bool(_) => Value::Bool(number != 0),
            _ => Value::Int(number.into()),
        }
    }

    /// Replaces a value with one of the same type, as the generated setters do.
    pub fn replace(&mut self, key: &str, value: Value) {
        self.values.insert(key.to_owned(), value);
    }

    /// The text of a `conf9.json` that turns the layers below into the current settings.
    pub fn differences(&self) -> Vec<u8> {
        let all = self.values.iter();
        let changed: Vec<(&str, &Value)> = all
            .filter(|(key, value)| self.below.get(*key) != Some(value))
            .map(|(key, value)| (key.as_str(), value))
            .collect();
        difference::emit(&changed)
    }
}

/// The two sides of `section.key=value`.
///
/// # Errors
/// There is no `=`.
pub fn assignment(text: &str) -> anyhow::Result<(&str, &str)> {
    text.split_once('=')
        .with_context(|| format!("{text:?} is not section.key=value"))
}
