//! The device's settings, layered as Mongoose OS layers them: defaults of `mos.yml`, `conf1.json` … `conf8.json` of the
//! image, `conf9.json` of the device, and here the command line above all. It must not know what a setting means.

mod layer;

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

enum Initial {
    Text(&'static str),
    Int(i64),
    Bool(bool),
    Double(f64),
}

const DEFAULTS: &[(&str, Initial)] = include!(concat!(env!("OUT_DIR"), "/config_table.rs"));

/// Vendor layer that the image carries in its file system.
const IMAGE_LAYER: &str = include_str!("../../fs/conf1.json");

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
    values: BTreeMap<String, Value>,
}

impl Config {
    /// The defaults of `mos.yml` over those of the libraries.
    pub fn defaults() -> Self {
        let values = DEFAULTS
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
        Self { values }
    }

    /// Applies `conf1.json` … `conf9.json` of the flash directory; where it has no `conf1.json`, the image's. Returns what
    /// was wrong with them: like Mongoose OS, a bad layer is logged and does not stop the boot, and what it set before the error holds.
    pub fn apply_flash(&mut self, flash: &Path) -> Vec<String> {
        let mut complaints = Vec::new();
        for level in 1..=9 {
            let name = format!("conf{level}.json");
            let text = match fs::read_to_string(flash.join(&name)) {
                Ok(text) => text,
                Err(_) if level == 1 => IMAGE_LAYER.to_owned(),
                Err(_) => continue,
            };
            let result = layer::apply(&text, &mut |key, value| {
                if let Err(e) = self.set(key, value) {
                    complaints.push(format!("{name}: {e}"));
                }
            });
            if let Err(e) = result {
                complaints.push(format!("Failed to parse {name}: {e}"));
            }
        }
        complaints
    }

    /// Sets `key` from text, in the setting's own type.
    ///
    /// # Errors
    /// An unknown key, or text that is not of the setting's type.
    pub fn set(&mut self, key: &str, text: &str) -> Result<()> {
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

    /// Applies one `section.key=value` of the command line.
    ///
    /// # Errors
    /// No `=`, or as [`Config::set`].
    pub fn set_assignment(&mut self, assignment: &str) -> Result<()> {
        let (key, value) = assignment
            .split_once('=')
            .with_context(|| format!("{assignment:?} is not section.key=value"))?;
        self.set(key, value)
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

    /// Replaces a value with one of the same type, as the generated setters do.
    pub fn replace(&mut self, key: &str, value: Value) {
        self.values.insert(key.to_owned(), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mongoose_leaves_open_is_closed_by_default() {
        let config = Config::defaults();
        assert_eq!(config.text("mqtt.server"), "");
        assert_eq!(config.int("mqtt.max_qos"), 1);
        assert_eq!(config.int("mqtt.max_queue_length"), 0);
        assert!(config.flag("mqtt.clean_session"));
        assert!(!config.flag("wifi.ap.enable"));
        assert!(!config.flag("rpc.http_enable"));
        assert_eq!(config.text("lock.power_on"), "locked");
    }

    #[test]
    fn later_layers_win_and_the_command_line_wins_over_all() {
        let flash = tempfile::tempdir().unwrap();
        fs::write(
            flash.path().join("conf5.json"),
            r#"{"lock":{"relock_s":5,"pulse_ms":7}}"#,
        )
        .unwrap();
        fs::write(
            flash.path().join("conf9.json"),
            r#"{"lock":{"relock_s":9}}"#,
        )
        .unwrap();
        let mut config = Config::defaults();
        assert_eq!(config.apply_flash(flash.path()), Vec::<String>::new());
        assert_eq!(config.int("lock.relock_s"), 9);
        assert_eq!(config.int("lock.pulse_ms"), 7);
        assert_eq!(config.text("sntp.server"), "pool.ntp.org");
        config.set_assignment("lock.relock_s=3").unwrap();
        assert_eq!(config.int("lock.relock_s"), 3);
    }

    #[test]
    fn a_bad_layer_is_named_and_what_came_before_the_error_holds() {
        let flash = tempfile::tempdir().unwrap();
        fs::write(flash.path().join("conf2.json"), r#"{"lock":{"relock_s":5}"#).unwrap();
        fs::write(
            flash.path().join("conf9.json"),
            r#"{"lock":{"relock_s":"x","pulse_ms":4}}"#,
        )
        .unwrap();
        let mut config = Config::defaults();
        let complaints = config.apply_flash(flash.path());
        assert_eq!(complaints.len(), 2, "{complaints:?}");
        assert_eq!(
            (config.int("lock.relock_s"), config.int("lock.pulse_ms")),
            (5, 4)
        );
    }

    #[test]
    fn an_unknown_setting_is_refused() {
        let mut config = Config::defaults();
        for bad in ["lock.relocks=1", "lock.relock_s", "lock.relock_s=soon"] {
            assert!(config.set_assignment(bad).is_err(), "{bad}");
        }
    }
}
