//! Checks the outer form of a template: its sections, mappings and resource attributes.
//!
//! Must not know: any resource type, or what a name stands for.

use std::collections::BTreeMap;

use super::advice;
use super::deletion::DeletionPolicy;
use super::error::{Problem, TemplateError, nearest};
use super::fields::Place;
use super::node::{Data, Entry, Node, Position};

const SECTIONS: [&str; 11] = [
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Globals",
    "Resources",
    "Outputs",
];

/// Sections that are text, or that nothing here evaluates.
const NOT_MAPS: [&str; 4] = [
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
];

/// Sections whose names become part of the stack.
const NAMED: [&str; 3] = ["Parameters", "Resources", "Outputs"];

/// The only supported transform.
const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

/// Attributes of a resource.
const RESOURCE_KEYS: [&str; 9] = [
    "Type",
    "Properties",
    "Condition",
    "Metadata",
    "DependsOn",
    "CreationPolicy",
    "DeletionPolicy",
    "UpdatePolicy",
    "UpdateReplacePolicy",
];

/// An attribute that SAM drops from its own types, and `CloudFormation` refuses in others.
const NAME: &str = "Name";

/// Checks the template's outermost keys and its transform.
pub(super) fn check(place: &Place, root: &Node) -> Result<(), TemplateError> {
    let Some(sections) = root.entries() else {
        return Err(place.kind(root.at, "the template", "a map"));
    };
    for section in sections {
        let name = section.key.as_str();
        if let Some(advice) = advice::section(name) {
            let problem = Problem::unsupported(format!("section {name}"), advice);
            return Err(place.error(section.at, problem));
        }
        if !SECTIONS.contains(&name) {
            return Err(unknown_key(place, section, "section", &SECTIONS));
        }
        if !NOT_MAPS.contains(&name) {
            check_section(place, section)?;
        }
    }
    let transforms = match root.get("Transform").map(|node| (node, &node.data)) {
        Some((_, Data::List(items))) => items.as_slice(),
        Some((one, _)) => std::slice::from_ref(one),
        None => &[],
    };
    for transform in transforms {
        if transform.as_text() != Some(TRANSFORM) {
            let given = transform.as_text().unwrap_or("a macro with parameters");
            let reason = format!("only {TRANSFORM} is supported; expand the others yourself");
            return Err(place.refused(transform.at, "Transform", given, &reason));
        }
    }
    Ok(())
}

/// A section is a map. Its names are letters and digits, and a macro is not run.
fn check_section(place: &Place, section: &Entry) -> Result<(), TemplateError> {
    let name = section.key.as_str();
    let entries = match &section.value.data {
        Data::Map(entries) => entries.as_slice(),
        Data::Null => return Ok(()),
        Data::Call(function, _) => {
            let place = Place::new(&place.file, name);
            return Err(call_refused(&place, section.value.at, function));
        }
        _ => return Err(place.kind(section.value.at, name, "a map")),
    };
    for entry in entries {
        let place = Place::new(&place.file, &entry.key);
        refuse_call(&Place::new(&place.file, name), entry)?;
        if NAMED.contains(&name) {
            check_id(&place, entry.at, &entry.key)?;
        }
    }
    Ok(())
}

/// Checks the logical id of an item, or the part of one that SAM makes of an event's name.
///
/// Source: `CloudFormation` user guide, "Resources": a logical id is alphanumeric.
pub(super) fn check_id(place: &Place, at: Position, id: &str) -> Result<(), TemplateError> {
    if !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Ok(());
    }
    let reason = "CloudFormation accepts letters and digits only: rename it, and what refers to it";
    Err(place.refused(at, "the logical id", id, reason))
}

/// Refuses a key that is a function next to other keys, such as a macro.
pub(super) fn refuse_call(place: &Place, entry: &Entry) -> Result<(), TemplateError> {
    match entry.key.strip_prefix("Fn::") {
        Some(function) => Err(call_refused(place, entry.at, function)),
        None => Ok(()),
    }
}

fn call_refused(place: &Place, at: Position, function: &str) -> TemplateError {
    let what = format!("function {function}");
    place.error(at, Problem::unsupported(what, advice::function(function)))
}

/// The error for a key that is not in `known`.
fn unknown_key(place: &Place, entry: &Entry, what: &str, known: &[&str]) -> TemplateError {
    let advice = match nearest(&entry.key, known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("expected one of {}", known.join(", ")),
    };
    let name = format!("{} ({what})", entry.key);
    place.error(entry.at, Problem::UnknownProperty { name, advice })
}

/// The entries of a section, by name.
pub(super) fn entries_by_name(section: Option<&Node>) -> BTreeMap<String, &Node> {
    section
        .and_then(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|e| (e.key.clone(), &e.value))
        .collect()
}

/// Reads the mappings and checks their form: two levels of keys, then text or lists of text.
pub(super) fn read_mappings<'a>(
    place: &dyn Fn(&str) -> Place,
    section: Option<&'a Node>,
) -> Result<BTreeMap<String, &'a Node>, TemplateError> {
    let mappings = entries_by_name(section);
    let is_scalar = |node: &Node| node.as_text().is_some();
    for (name, mapping) in &mappings {
        let wrong = |node: &Node| {
            place(name).kind(
                node.at,
                "a mapping",
                "two levels of keys over text or lists of text",
            )
        };
        for row in mapping.entries().ok_or_else(|| wrong(mapping))? {
            for cell in row.value.entries().ok_or_else(|| wrong(&row.value))? {
                let is_valid = match &cell.value.data {
                    Data::List(items) => items.iter().all(is_scalar),
                    _ => is_scalar(&cell.value),
                };
                if !is_valid {
                    return Err(wrong(&cell.value));
                }
            }
        }
    }
    Ok(mappings)
}

/// Checks the attributes of a resource.
pub(super) fn check_attributes(place: &Place, resource: &Node) -> Result<(), TemplateError> {
    for part in resource.entries().unwrap_or_default() {
        let name = part.key.as_str();
        if name == NAME && place.kind.starts_with("AWS::Serverless::") {
            continue;
        }
        refuse_call(place, part)?;
        if !RESOURCE_KEYS.contains(&name) {
            return Err(unknown_key(
                place,
                part,
                "attribute of a resource",
                &RESOURCE_KEYS,
            ));
        }
        if ["DeletionPolicy", "UpdateReplacePolicy"].contains(&name) {
            let given = part.value.as_text().unwrap_or_default();
            let known = DeletionPolicy::ALL.map(DeletionPolicy::as_str);
            if !known.contains(&given) {
                let reason = format!("it must be one of {}", known.join(", "));
                return Err(place.refused(part.value.at, name, given, &reason));
            }
        }
    }
    Ok(())
}
