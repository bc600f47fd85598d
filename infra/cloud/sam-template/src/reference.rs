//! The error of a reference to what is not in the template, at the property that has it.
//!
//! Must not know: which references a type has.

use super::assemble::Assembly;
use super::error::{Problem, TemplateError};
use super::fields::Place;
use super::node::{Data, Node, Position};

/// A property that must name a resource of the template.
#[derive(Clone, Copy)]
pub(super) struct Reference<'a> {
    /// Names of the property.
    pub keys: &'a [&'a str],
    /// Its value.
    pub target: &'a str,
    /// What it must name: `queue or topic`.
    pub kinds: &'static str,
    /// The action that `--inert` would leave out.
    pub inert: Option<&'static str>,
}

impl<'a> Reference<'a> {
    /// A property without which its resource cannot start.
    pub fn new(keys: &'a [&'a str], target: &'a str, kinds: &'static str) -> Self {
        Self {
            keys,
            target,
            kinds,
            inert: None,
        }
    }

    /// The same in an action of this name.
    pub fn inside(self, inert: &'static str) -> Self {
        Self {
            inert: Some(inert),
            ..self
        }
    }

    /// What is wrong with it.
    pub fn problem(&self) -> Problem {
        let without = match self.inert {
            Some(name) => format!("; or --inert {name} starts without {name} actions"),
            None => String::new(),
        };
        Problem::UnknownReference {
            name: self.target.to_owned(),
            kinds: self.kinds,
            hint: format!(": declare it, and refer to it by !GetAtt or !Ref{without}"),
        }
    }

    /// Where the property is in the resolved properties of a resource.
    pub fn position_in(&self, node: &Node) -> Option<Position> {
        match &node.data {
            Data::List(items) => items.iter().find_map(|item| self.position_in(item)),
            Data::Map(entries) => entries.iter().find_map(|entry| {
                let is_named = self.keys.contains(&entry.key.as_str());
                let found = match &entry.value.data {
                    Data::List(items) if is_named => {
                        let mut items = items.iter();
                        items.find(|item| self.is_value(item)).map(|item| item.at)
                    }
                    _ => (is_named && self.is_value(&entry.value)).then_some(entry.at),
                };
                found.or_else(|| self.position_in(&entry.value))
            }),
            _ => None,
        }
    }

    /// A function may have been completed by a qualifier.
    fn is_value(&self, node: &Node) -> bool {
        let rest = node
            .as_text()
            .and_then(|text| self.target.strip_prefix(text));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    }
}

impl Assembly<'_> {
    /// The error for a resource that refers to something outside the template. A property that is
    /// not its own is one of a resource that attaches to it.
    pub fn unresolved(&self, id: &str, reference: Reference<'_>) -> TemplateError {
        let (place, at) = self.place_of(id);
        let own = self.properties_of(id);
        if let Some(at) = own.and_then(|node| reference.position_in(node)) {
            return place.error(at, reference.problem());
        }
        let mut others = self.properties.iter();
        let other = others.find_map(|(id, node)| Some((id, reference.position_in(node)?)));
        match other {
            Some((id, at)) => Place::new(self.file, id).error(at, reference.problem()),
            None => place.error(at, reference.problem()),
        }
    }

    /// The resolved properties of a resource, or the event that it is made of.
    pub fn properties_of(&self, id: &str) -> Option<&Node> {
        if let Some(own) = self.properties.get(id) {
            return Some(own);
        }
        let owners = self.properties.iter();
        let owners =
            owners.filter_map(|(name, node)| Some((id.strip_prefix(name.as_str())?, node)));
        let (event, owner) = owners.min_by_key(|(event, _)| event.len())?;
        let event = owner.get("Events").and_then(|events| events.get(event));
        event.or(Some(owner))
    }
}
