//! The files that are flashed with the program, all those in `firmware/fs`: only a device's own
//! files belong there. And the example of a device's settings, which must not be flashed.
//!
//! Must not know: what a setting means, or which values it may have.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Violation;
use super::manifest;
use super::tree::Tree;

/// The folder that `filesystem` in the manifest names.
const IMAGE: &str = "firmware/fs";
/// Example of a device's own settings, as `mos` writes them.
const EXAMPLE: &str = "firmware/conf9.example.json";

/// Length of the longest name of a file in the flash.
const NAME_CHARS_MAX: usize = 31;

/// Every mistake in these files.
pub fn check(tree: &Tree) -> Vec<Violation> {
    // The rule for the manifest reports why it cannot be read.
    let declared = manifest::declared(tree).unwrap_or_default();
    let mut violations = Vec::new();
    for path in tree.files_below(IMAGE) {
        let name = &path[IMAGE.len() + 1..];
        let mut found = belongs(name);
        if is_layer(name) {
            found.extend(layer(tree, path, &declared));
        }
        violations.extend(found.into_iter().map(|what| Violation::new(path, what)));
    }
    let mut found = layer(tree, EXAMPLE, &declared);
    found.extend(example(tree));
    violations.extend(found.into_iter().map(|what| Violation::new(EXAMPLE, what)));
    violations
}

/// Whether it is a layer of settings, `conf1.json` to `conf9.json`. The build writes `conf0.json`.
fn is_layer(name: &str) -> bool {
    name.strip_prefix("conf")
        .and_then(|rest| rest.strip_suffix(".json"))
        .is_some_and(|level| matches!(level.as_bytes(), [b'1'..=b'9']))
}

/// Why a file of that name must not be flashed.
fn belongs(name: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if !is_layer(name) && !name.ends_with(".pem") && !name.ends_with(".key") || name.contains('/') {
        wrong.push(
            "is flashed to every device; only conf1.json to conf9.json, .pem and .key belong here"
                .to_owned(),
        );
    }
    if name.len() > NAME_CHARS_MAX {
        wrong.push(format!(
            "the flash holds file names of at most {NAME_CHARS_MAX} characters"
        ));
    }
    wrong
}

/// Undeclared settings, which the device ignores, and malformed JSON, after which it ignores the
/// rest.
fn layer(tree: &Tree, path: &str, declared: &BTreeSet<String>) -> Vec<String> {
    let Some(text) = tree.text(path) else {
        return vec!["is missing".to_owned()];
    };
    match serde_json::from_str(text) {
        Ok(Value::Object(settings)) => leaves("", &Value::Object(settings))
            .into_iter()
            .filter(|key| !declared.contains(key))
            .map(|key| format!("{key}: is not a declared setting"))
            .collect(),
        Ok(_) => vec!["is not a JSON object".to_owned()],
        Err(e) => vec![format!("is not JSON: {e}")],
    }
}

/// The dotted keys of all values that are not objects.
fn leaves(prefix: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, member)| leaves(&format!("{prefix}{name}."), member))
            .collect(),
        _ => vec![prefix.trim_end_matches('.').to_owned()],
    }
}

/// Mistakes in the example: it must name the device once and hold no secret.
fn example(tree: &Tree) -> Vec<String> {
    let text = tree.text(EXAMPLE).unwrap_or_default();
    let Ok(settings) = serde_json::from_str::<Value>(text) else {
        // layer() reports it.
        return Vec::new();
    };
    let mut wrong = Vec::new();
    if settings["device"]["id"].as_str().is_none_or(str::is_empty) {
        wrong.push("device.id: is not set".to_owned());
    }
    for (key, value) in [
        ("aws", &settings["aws"]),
        ("mqtt.client_id", &settings["mqtt"]["client_id"]),
    ] {
        if !value.is_null() {
            wrong.push(format!("{key}: would outlive a later change of device.id"));
        }
    }
    if settings["wifi"]["sta"]["pass"] != "" {
        wrong.push("wifi.sta.pass: is not empty; delete the password".to_owned());
    }
    for key in ["ssl_cert", "ssl_key"] {
        let name = settings["mqtt"][key].as_str().unwrap_or_default();
        if !name.ends_with(".pem") || name.len() > NAME_CHARS_MAX {
            wrong.push(format!(
                "mqtt.{key}: {name:?} does not end in .pem or has more than {NAME_CHARS_MAX} \
                 characters"
            ));
        }
    }
    wrong
}

#[cfg(test)]
mod tests;
