//! Parameters: defaults, overrides and the constraints a template puts on them.
//!
//! Must not know: where a parameter is used.

use std::collections::BTreeMap;

use regex_lite::Regex;

use super::Context;
use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::node::{Data, Entry, Node, Position, is_number};

/// The value of a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Parameter {
    Text(String),
    Number(String),
    List(Vec<String>),
}

impl Parameter {
    pub fn node(&self, at: Position) -> Node {
        let data = match self {
            Parameter::Text(text) => Data::String(text.clone()),
            Parameter::Number(text) => Data::Number(text.clone()),
            Parameter::List(items) => {
                Data::List(items.iter().map(|text| Node::string(at, text)).collect())
            }
        };
        Node { at, data }
    }
}

/// Reads the `Parameters` section and applies the overrides of `context`.
pub(super) fn read(
    file: &str,
    section: Option<&Node>,
    context: &Context,
) -> Result<BTreeMap<String, Parameter>, TemplateError> {
    let entries = section.and_then(Node::entries).unwrap_or_default();
    if let Some(name) = context
        .parameters
        .keys()
        .find(|name| !entries.iter().any(|e| &e.key == *name))
    {
        return Err(TemplateError::UnknownParameter {
            file: file.to_owned(),
            name: name.clone(),
            declared: entries
                .iter()
                .map(|e| e.key.as_str())
                .collect::<Vec<_>>()
                .join(", "),
        });
    }
    entries
        .iter()
        .map(|entry| {
            let value = one(file, entry, context.parameters.get(&entry.key))?;
            Ok((entry.key.clone(), value))
        })
        .collect()
}

fn one(file: &str, entry: &Entry, given: Option<&String>) -> Result<Parameter, TemplateError> {
    let place = Place {
        file: file.to_owned(),
        item: entry.key.clone(),
        kind: String::new(),
    };
    let mut fields = Fields::new(place.clone(), "", entry.value.clone())?;
    let kind = fields.need_text("Type")?;
    let default = fields.text("Default")?;
    let value = given.cloned().or(default).ok_or_else(|| {
        place.error(
            entry.at,
            Problem::Missing("Default, or --parameter NAME=VALUE,".to_owned()),
        )
    })?;
    let secret = fields.boolean("NoEcho")?.unwrap_or(false);
    let explained = fields.text("ConstraintDescription")?;
    let refuse = |reason: &str| {
        let shown = if secret { "****" } else { &value };
        let reason = explained.as_deref().unwrap_or(reason);
        place.refused(entry.at, "the value", shown, reason)
    };
    let items: Vec<String> = match kind.as_str() {
        "String" | "Number" => vec![value.clone()],
        "CommaDelimitedList" | "List<Number>" => {
            value.split(',').map(|v| v.trim().to_owned()).collect()
        }
        other => {
            let reason = "there is no such value here: use String, Number, CommaDelimitedList or List<Number>";
            return Err(place.refused(entry.at, "Type", other, reason));
        }
    };
    if kind.contains("Number") && !items.iter().all(|item| is_number(item)) {
        return Err(refuse("it is not a number"));
    }
    constraints(&mut fields, &items).map_err(|problem| match problem {
        Broken::Rule(reason) => refuse(&reason),
        Broken::Template(error) => error,
    })?;
    fields.accept(&["Description"]);
    fields.finish()?;
    Ok(match kind.as_str() {
        "String" => Parameter::Text(value),
        "Number" => Parameter::Number(value),
        _ => Parameter::List(items),
    })
}

enum Broken {
    Rule(String),
    Template(TemplateError),
}

impl From<TemplateError> for Broken {
    fn from(error: TemplateError) -> Self {
        Broken::Template(error)
    }
}

fn constraints(fields: &mut Fields, items: &[String]) -> Result<(), Broken> {
    if let Some(allowed) = fields.list("AllowedValues")? {
        let allowed: Vec<&str> = allowed.iter().filter_map(Node::as_text).collect();
        if !items.iter().all(|item| allowed.contains(&item.as_str())) {
            return Err(Broken::Rule(format!("allowed are {}", allowed.join(", "))));
        }
    }
    if let Some(pattern) = fields.text("AllowedPattern")? {
        let regex = Regex::new(&format!("^(?:{pattern})$")).map_err(|e| {
            Broken::Rule(format!("AllowedPattern {pattern:?} is not supported: {e}"))
        })?;
        if !items.iter().all(|item| regex.is_match(item)) {
            return Err(Broken::Rule(format!("it must match {pattern}")));
        }
    }
    let number = |text: &str| text.parse::<f64>().unwrap_or(f64::NAN);
    for (key, least) in [("MinValue", true), ("MaxValue", false)] {
        let Some(bound) = fields.text(key)? else {
            continue;
        };
        if !is_number(&bound) {
            return Err(Broken::Rule(format!("{key} {bound:?} is not a number")));
        }
        let holds = |value: f64| {
            if least {
                value >= number(&bound)
            } else {
                value <= number(&bound)
            }
        };
        if !items.iter().all(|item| holds(number(item))) {
            return Err(Broken::Rule(format!("{key} is {bound}")));
        }
    }
    let shortest = fields.integer("MinLength", 0..=4096)?.unwrap_or(0);
    let longest = fields.integer("MaxLength", 0..=4096)?.unwrap_or(4096);
    let long = |text: &String| text.chars().count() as u64;
    if !items
        .iter()
        .all(|item| (shortest..=longest).contains(&long(item)))
    {
        return Err(Broken::Rule(format!(
            "its length must lie in {shortest} to {longest}"
        )));
    }
    Ok(())
}
