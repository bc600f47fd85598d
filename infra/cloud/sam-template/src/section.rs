//! Checks the outer form of a template: its sections, mappings and resource attributes.
//!
//! Must not know: any resource type, or what a name stands for.

use std::collections::BTreeMap;

use super::advice;
use super::deletion::DeletionPolicy;
use super::error::{Problem, TemplateError, nearest};
use super::fields::Place;
use super::node::{Data, Entry, Node};

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
