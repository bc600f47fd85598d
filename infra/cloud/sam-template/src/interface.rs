//! Checks the section `Metadata`: how a console groups and labels the parameters.
//!
//! CloudFormation ignores what it does not know there. A name without a parameter is refused here,
//! because a group would lack it.
//!
//! Must not know: values of parameters.

use std::collections::BTreeSet;

use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::node::{Node, Position};

const INTERFACE: &str = "AWS::CloudFormation::Interface";

/// Checks the section `Metadata` against the template's parameters.
pub(super) fn check(place: Place, root: &Node) -> Result<(), TemplateError> {
    let Some(node) = root
        .get("Metadata")
        .and_then(|metadata| metadata.get(INTERFACE))
    else {
        return Ok(());
    };
    let parameters = root.get("Parameters").and_then(Node::entries);
    let parameters: Vec<&str> = parameters
        .unwrap_or_default()
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    let known = |name: &str, at: Position| {
        if parameters.contains(&name) {
            return Ok(());
        }
        let problem = Problem::unknown(name, "parameter", parameters.iter().copied());
        Err(place.error(at, problem))
    };
    let mut interface = Fields::new(place.clone(), INTERFACE, node.clone())?;
    let mut grouped = BTreeSet::new();
    for mut group in interface.maps("ParameterGroups")? {
        read_label(&mut group)?;
        for member in group.list("Parameters")?.unwrap_or_default() {
            let name = member.as_text().unwrap_or_default();
            known(name, member.at)?;
            if !grouped.insert(name.to_owned()) {
                let reason = "another group has it already";
                return Err(place.refused(member.at, "Parameters", name, reason));
            }
        }
        group.finish()?;
    }
    if let Some(labels) = interface.map("ParameterLabels")? {
        for entry in labels.rest() {
            known(&entry.key, entry.at)?;
            let mut label = Fields::new(place.clone(), &entry.key, entry.value)?;
            label.need_text("default")?;
            label.finish()?;
        }
    }
    interface.finish()
}

fn read_label(group: &mut Fields) -> Result<(), TemplateError> {
    if let Some(mut label) = group.map("Label")? {
        label.need_text("default")?;
        label.finish()?;
    }
    Ok(())
}
