//! Dynamic references: `{{resolve:service:name}}` in a resolved text; and values of other stacks.
//!
//! The services that hold their values are not here, so each needs a value from outside. None is
//! ever passed on as text. Source: CloudFormation user guide, "Dynamic references".
//!
//! Must not know: functions, resources.

use super::Context;
use super::error::{Problem, TemplateError};
use super::fields::Place;
use super::node::{Data, Entry, Node, Position};

const START: &str = "{{resolve:";
const END: &str = "}}";

/// The key of a reference's value in [`Context::parameters`]: the whole reference.
pub fn reference_key(name: &str) -> String {
    let name = name.strip_prefix(START).unwrap_or(name);
    let name = name.strip_suffix(END).unwrap_or(name);
    format!("{START}{name}{END}")
}

/// The value that was given for the export of another stack: that of the reference `import:NAME`.
pub(super) fn import_value(
    place: &Place,
    context: &Context,
    at: Position,
    name: &str,
) -> Result<Node, TemplateError> {
    match context
        .parameters
        .get(&reference_key(&format!("import:{name}")))
    {
        Some(value) => Ok(Node::string(at, value)),
        None => {
            let advice = format!(
                "other stacks are not known: give the value by --resolve import:{name}=VALUE"
            );
            Err(place.error(at, Problem::unsupported("function ImportValue", advice)))
        }
    }
}

/// Whether this key of [`Context::parameters`] is a reference, and no parameter's name.
pub(super) fn is_reference(key: &str) -> bool {
    key.starts_with(START)
}

/// The node with every reference replaced by its value.
pub(super) fn replace(place: &Place, context: &Context, node: Node) -> Result<Node, TemplateError> {
    let at = node.at;
    let data = match node.data {
        Data::String(text) if text.contains(START) => {
            Data::String(replace_in(place, context, at, &text)?)
        }
        Data::List(items) => {
            let items = items.into_iter();
            let items = items.map(|item| replace(place, context, item));
            Data::List(items.collect::<Result<_, _>>()?)
        }
        Data::Map(entries) => {
            let entries = entries.into_iter().map(|entry| {
                let value = replace(place, context, entry.value)?;
                Ok(Entry { value, ..entry })
            });
            Data::Map(entries.collect::<Result<_, TemplateError>>()?)
        }
        other => other,
    };
    Ok(Node { at, data })
}

fn replace_in(
    place: &Place,
    context: &Context,
    at: Position,
    text: &str,
) -> Result<String, TemplateError> {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(START) {
        let (before, reference) = rest.split_at(start);
        replaced.push_str(before);
        let Some(end) = reference.find(END) else {
            let reason = format!("`{START}` has no closing `{END}`");
            return Err(place.refused(at, "a dynamic reference", text, &reason));
        };
        let (reference, after) = reference.split_at(end + END.len());
        let Some(value) = context.parameters.get(reference) else {
            let name = &reference[START.len()..end];
            let advice =
                format!("nothing here holds its value: give it with --resolve {name}=VALUE");
            let what = format!("dynamic reference {reference}");
            return Err(place.error(at, Problem::unsupported(what, advice)));
        };
        replaced.push_str(value);
        rest = after;
    }
    replaced.push_str(rest);
    Ok(replaced)
}
