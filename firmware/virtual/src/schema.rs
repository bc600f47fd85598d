//! Reads `config_schema` as Mongoose OS does and generates the same C accessors. Used by build.rs.
//!
//! Must not know: what a setting means.

#[cfg(test)]
#[path = "schema/tests.rs"] // For build.rs, which includes this file by its path.
mod tests;

use std::collections::BTreeMap;

use saphyr::{LoadableYamlNode, Yaml};

/// Type and default of one setting.
#[derive(Clone, Debug, PartialEq)]
pub enum Default {
    /// `s`: text; an empty one is NULL to C.
    Text(String),
    /// `i`: whole number, `int` to C.
    Int(i64),
    /// `b`: boolean, `int` to C.
    Bool(bool),
    /// `d`: floating point, `double` to C.
    Double(f64),
}

/// The declared settings by their dotted key.
pub type Schema = BTreeMap<String, Default>;

/// Adds the entries of a manifest's `config_schema` to `schema`: `["key", "type", default]`
/// declares, `["key", default]` overrides what a library declared.
///
/// # Errors
/// The manifest is not YAML, or an entry has an unknown type, a default of another type or nothing
/// to override. The text names the entry.
pub fn extend(schema: &mut Schema, manifest: &str) -> Result<(), String> {
    let documents = Yaml::load_from_str(manifest).map_err(|e| format!("not YAML: {e}"))?;
    let entries = documents
        .first()
        .and_then(|d| d.as_mapping_get("config_schema"))
        .and_then(Yaml::as_sequence)
        .ok_or("no config_schema")?;
    for entry in entries {
        let parts = entry
            .as_sequence()
            .ok_or("config_schema: an entry is not a list")?;
        let key = parts
            .first()
            .and_then(Yaml::as_str)
            .ok_or("config_schema: an entry has no key")?;
        add(schema, key, &parts[1..]).map_err(|e| format!("config_schema: {key}: {e}"))?;
    }
    Ok(())
}

fn add(schema: &mut Schema, key: &str, rest: &[Yaml<'_>]) -> Result<(), String> {
    let values: Vec<&Yaml<'_>> = rest.iter().filter(|v| v.as_mapping().is_none()).collect();
    let declared = match (schema.get(key), values.as_slice()) {
        (None, [kind, ..]) if kind.as_str() == Some("o") => return Ok(()),
        (None, [kind]) => blank(kind.as_str().unwrap_or_default())?,
        (None, [kind, value]) => coerce(&blank(kind.as_str().unwrap_or_default())?, value)?,
        (Some(known), [value]) => coerce(known, value)?,
        (Some(_), _) => return Err("declared twice".into()),
        (None, _) => return Err("neither a declaration nor an override".into()),
    };
    schema.insert(key.to_owned(), declared);
    Ok(())
}

fn blank(kind: &str) -> Result<Default, String> {
    match kind {
        "s" => Ok(Default::Text(String::new())),
        "i" => Ok(Default::Int(0)),
        "b" => Ok(Default::Bool(false)),
        "d" => Ok(Default::Double(0.0)),
        _ => Err(format!(
            "{kind:?} is not a type, or no library declares the setting"
        )),
    }
}

fn coerce(kind: &Default, value: &Yaml<'_>) -> Result<Default, String> {
    match kind {
        Default::Text(_) => value.as_str().map(|v| Default::Text(v.to_owned())),
        Default::Int(_) => value.as_integer().map(Default::Int),
        Default::Bool(_) => value.as_bool().map(Default::Bool),
        Default::Double(_) => value
            .as_floating_point()
            .or_else(|| value.as_integer().map(|v| v as f64))
            .map(Default::Double),
    }
    .ok_or_else(|| format!("default {value:?} is not of its type"))
}

/// The section that a library takes as a whole, from the app or the configuration.
const SECTION: &str = "mqtt.";

/// Word for a setting's type in the names of the shim's functions, and the type in C.
fn c_type(default: &Default) -> (&'static str, &'static str) {
    match default {
        Default::Text(_) => ("text", "const char *"),
        Default::Int(_) | Default::Bool(_) => ("int", "int "),
        Default::Double(_) => ("double", "double "),
    }
}

/// The section as a struct: its declaration, and C code that fills it from the configuration or
/// offers its members to the shim. The offer returns whether the struct is the configuration's own.
fn section(schema: &Schema) -> (String, String) {
    let (mut members, mut view, mut offer) = (String::new(), String::new(), String::new());
    for (key, default) in schema {
        let Some(name) = key.strip_prefix(SECTION) else {
            continue;
        };
        let (kind, c) = c_type(default);
        members += &format!("  {c}{name};\n");
        view += &format!("  s_mqtt.{name} = mgos_sys_config_get_mqtt_{name}();\n");
        offer += &format!("  shim_mqtt_offer_{kind}(\"{key}\", section->{name});\n");
    }
    let header = format!(
        "struct mgos_config_mqtt {{\n{members}}};
const struct mgos_config_mqtt *mgos_sys_config_get_mqtt(void);
"
    );
    let source = format!(
        "static struct mgos_config_mqtt s_mqtt;
const struct mgos_config_mqtt *mgos_sys_config_get_mqtt(void) {{
{view}  return &s_mqtt;
}}
bool shim_mqtt_offer(const struct mgos_config_mqtt *section) {{
{offer}  return section == &s_mqtt;
}}
"
    );
    (header, source)
}

/// Start of the generated source: the functions of the shim that it calls or defines.
const PROTOTYPES: &str = "/*! Generated from config_schema. */
#include <stdbool.h>
#include \"mgos_config.h\"
const char *shim_config_text(const char *key);
int shim_config_int(const char *key);
double shim_config_double(const char *key);
void shim_config_set_text(const char *key, const char *v);
void shim_config_set_int(const char *key, int v);
void shim_config_set_double(const char *key, double v);
void shim_mqtt_offer_text(const char *key, const char *v);
void shim_mqtt_offer_int(const char *key, int v);
void shim_mqtt_offer_double(const char *key, double v);
bool shim_mqtt_offer(const struct mgos_config_mqtt *section);
";

/// Header and source of the accessors, with the names and types that Mongoose OS generates.
pub fn accessors(schema: &Schema) -> (String, String) {
    let mut header = String::from("/*! Generated from config_schema. */\n#pragma once\n");
    let mut source = String::from(PROTOTYPES);
    for (key, default) in schema {
        let name = key.replace('.', "_");
        let (kind, c) = c_type(default);
        let get = format!("{c}mgos_sys_config_get_{name}(void)");
        let set = format!("void mgos_sys_config_set_{name}({c}v)");
        header += &format!("{get};\n{set};\n");
        source += &format!("{get} {{ return shim_config_{kind}(\"{key}\"); }}\n");
        source += &format!("{set} {{ shim_config_set_{kind}(\"{key}\", v); }}\n");
    }
    let (struct_header, struct_source) = section(schema);
    (header + &struct_header, source + &struct_source)
}

/// The defaults as a Rust array of keys and values, which config.rs includes.
#[allow(
    dead_code,
    reason = "the tests include this file without the build script"
)]
pub fn table(schema: &Schema) -> String {
    let rows = schema.iter().map(|(key, default)| {
        let value = match default {
            Default::Text(v) => format!("Text(c{v:?}.into())"),
            Default::Int(v) => format!("Int({v})"),
            Default::Bool(v) => format!("Bool({v})"),
            Default::Double(v) => format!("Double({v:?})"),
        };
        format!("    ({key:?}.to_owned(), Value::{value}),\n")
    });
    format!("[\n{}]\n", rows.collect::<String>())
}
