//! Adds resources that are names only, and the notes about what is missing here.
//!
//! Must not know: any type of resource.

use super::Assembly;
use crate::deletion;
use crate::error::{Problem, TemplateError};
use crate::inert::{self, Inert};
use crate::node::{Entry, Position};
use crate::resource::{Action, TopicRule, WithoutEffect};

impl Assembly<'_> {
    /// Adds a resource whose properties are not read.
    pub(super) fn add_inert(
        &mut self,
        entry: &Entry,
        kind: &str,
        name: &str,
        needs: Vec<String>,
        why: Inert,
    ) {
        let resource = deletion::read(entry, name, needs);
        self.template.resources.push(resource);
        self.template.without_effect.push(WithoutEffect {
            logical_id: entry.key.clone(),
            resource_type: kind.to_owned(),
        });
        self.note(entry.at, &entry.key, &inert::note(kind, why));
    }

    /// Adds a sentence for each action of a rule that does nothing.
    pub(super) fn note_actions(&mut self, at: Position, rule: &TopicRule) {
        for action in rule.actions.iter().chain(&rule.error_action) {
            if let Action::Inert { name, .. } = action {
                let text = format!("the action {name} does nothing, as --inert says");
                self.note(at, &rule.logical_id, &text);
            }
        }
    }

    /// Adds a sentence about a resource or output that is less here than in AWS.
    pub(super) fn note(&mut self, at: Position, id: &str, text: &str) {
        let (file, line, column) = (self.file, at.line, at.column);
        let note = format!("{file}:{line}:{column}: {id}: {text}");
        self.template.notes.push(note);
    }
}

/// The error of a resource of this type; an event source that is a name only has no events, so
/// that its mapping is better left out than given a made-up source.
pub(super) fn of_source(kind: &str, error: TemplateError) -> TemplateError {
    const MAPPING: &str = "AWS::Lambda::EventSourceMapping";
    match error {
        TemplateError::Invalid {
            file,
            line,
            column,
            item,
            problem,
        } if kind == MAPPING => {
            let problem = match *problem {
                Problem::InertAttribute {
                    resource,
                    attribute,
                    kind,
                } => Problem::unsupported(
                    format!("event source {resource}.{attribute}"),
                    format!(
                        "{kind} is a name only here, and has no events; --inert {MAPPING} starts \
                         without such mappings"
                    ),
                ),
                other => other,
            };
            TemplateError::Invalid {
                file,
                line,
                column,
                item,
                problem: Box::new(problem),
            }
        }
        other => other,
    }
}

/// Whether a value is missing only because a resource is a name only.
pub(super) fn is_about_inert(error: &TemplateError) -> bool {
    match error {
        TemplateError::Invalid { problem, .. } => {
            matches!(**problem, Problem::InertAttribute { .. })
        }
        _ => false,
    }
}
