//! Finds everything that a template needs as [`Context::inert`], which its refusals name one by
//! one.
//!
//! Must not know: what is refused, and why.

use super::{Context, Template, TemplateError};

/// More rounds than any template has kinds of resources, events and actions.
const ROUNDS_MAX: usize = 200;

/// The types, events and actions that must have no effect for the template in `text` to be read, in
/// the order of its refusals. A refusal for another reason ends the list.
pub fn inert_needed(text: &str, context: &Context) -> Vec<String> {
    let mut context = context.clone();
    let mut needed = Vec::new();
    for _ in 0..ROUNDS_MAX {
        let Err(refused) = Template::parse("", text, &context) else {
            break;
        };
        let Some(kind) = asked(&refused) else {
            break;
        };
        if !context.inert.insert(kind.clone()) {
            break;
        }
        needed.push(kind);
    }
    needed
}

/// What a refusal asks for, unless the template has a mistake.
fn asked(refused: &TemplateError) -> Option<String> {
    let text = refused.to_string();
    if text.contains("did you mean") || text.contains("of this template") {
        return None;
    }
    let (_, rest) = text.split_once("--inert ")?;
    let word = rest.split_whitespace().next()?;
    let kind = word.trim_end_matches([',', ';', '.']);
    Some(kind.to_owned())
}
