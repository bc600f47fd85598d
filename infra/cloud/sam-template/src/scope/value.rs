//! Resolves the functions on text and lists: Sub, Join, Select, Split, Base64, `FindInMap`,
//! `ImportValue`. The scope looks up names.
//!
//! Must not know: what a resource is.

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use super::super::dynamic;
use super::super::error::{Problem, TemplateError, listed};
use super::super::fields::Place;
use super::super::node::{Data, Node, Position};
use super::{Resolved, Scope};

impl Scope<'_> {
    pub(super) fn join(
        &self,
        place: &Place,
        at: Position,
        argument: &Node,
    ) -> Result<Node, TemplateError> {
        let [delimiter, list] = self.arguments(place, at, "Join", argument)?;
        let delimiter = self.text(place, "Join", delimiter)?;
        let texts = self.texts(place, "Join", list)?;
        Ok(Node::string(at, texts.join(&delimiter)))
    }

    pub(super) fn select(
        &self,
        place: &Place,
        at: Position,
        argument: &Node,
    ) -> Result<Node, TemplateError> {
        let [index, list] = self.arguments(place, at, "Select", argument)?;
        let index = self.text(place, "Select", index)?;
        let texts = self.texts(place, "Select", list)?;
        let chosen = index.parse::<usize>().ok().and_then(|i| texts.get(i));
        match chosen {
            Some(text) => Ok(Node::string(at, text)),
            None => {
                let count = texts.len();
                let reason = match self.first_inert(list) {
                    Some((id, kind)) => format!(
                        "the list has {count} items, as {id} is a name only here ({kind}): its \
                         Ref has other parts than in AWS; pass the value as a parameter"
                    ),
                    None => format!("the list has {count} items"),
                };
                Err(place.refused(at, "Select", &index, &reason))
            }
        }
    }

    pub(super) fn sub(
        &self,
        place: &Place,
        at: Position,
        argument: &Node,
    ) -> Result<Node, TemplateError> {
        let mut variables = BTreeMap::new();
        let template = match &argument.data {
            Data::String(text) => text,
            Data::List(_) => {
                let [text, map] = self.arguments(place, at, "Sub", argument)?;
                let Some(entries) = map.entries() else {
                    return Err(place.kind(map.at, "Sub", "text and a map"));
                };
                for entry in entries {
                    let value = self.text(place, "Sub", &entry.value)?;
                    variables.insert(entry.key.as_str(), value);
                }
                match &text.data {
                    Data::String(text) => text,
                    _ => return Err(place.kind(at, "Sub", "text and a map")),
                }
            }
            _ => return Err(place.kind(at, "Sub", "text, or text and a map")),
        };
        let mut output = String::new();
        let mut rest = template.as_str();
        while let Some(start) = rest.find("${") {
            output.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            let Some(end) = after.find('}') else {
                return Err(place.refused(at, "Sub", template, "`${` has no closing `}`"));
            };
            let name = &after[..end];
            if let Some(literal) = name.strip_prefix('!') {
                output.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = variables.get(name.trim()) {
                output.push_str(value);
            } else {
                output.push_str(&self.substituted(place, at, name.trim())?);
            }
            rest = &after[end + 1..];
        }
        output.push_str(rest);
        Ok(Node::string(at, output))
    }

    fn substituted(
        &self,
        place: &Place,
        at: Position,
        name: &str,
    ) -> Result<String, TemplateError> {
        let node = match name.split_once('.') {
            Some((resource, attribute)) => match self.qualified(place, at, name)? {
                Some(generated) => Some(generated),
                None => Some(self.attribute(place, at, resource, attribute)?),
            },
            None => self.reference(place, at, name)?,
        };
        node.as_ref()
            .and_then(Node::as_text)
            .map(str::to_owned)
            .ok_or_else(|| place.refused(at, "Sub", name, "it is not text"))
    }

    pub(super) fn split(
        &self,
        place: &Place,
        at: Position,
        argument: &Node,
    ) -> Result<Node, TemplateError> {
        let [delimiter, text] = self.arguments(place, at, "Split", argument)?;
        let delimiter = self.text(place, "Split", delimiter)?;
        if delimiter.is_empty() {
            return Err(place.refused(at, "Split", "", "the delimiter is empty"));
        }
        let text = self.text(place, "Split", text)?;
        let parts = text.split(&delimiter).map(|part| Node::string(at, part));
        Ok(Node {
            at,
            data: Data::List(parts.collect()),
        })
    }

    pub(super) fn base64(
        &self,
        place: &Place,
        at: Position,
        argument: &Node,
    ) -> Result<Node, TemplateError> {
        let text = self.text(place, "Base64", argument)?;
        Ok(Node::string(at, BASE64_STANDARD.encode(text)))
    }

    pub(super) fn import_value(
        &self,
        place: &Place,
        at: Position,
        argument: &Node,
    ) -> Result<Node, TemplateError> {
        let name = self.text(place, "ImportValue", argument)?;
        dynamic::import_value(place, self.context, at, &name)
    }

    pub(super) fn find_in_map(&self, place: &Place, at: Position, argument: &Node) -> Resolved {
        if let Data::List(items) = &argument.data
            && items.len() == 4
        {
            let advice =
                "the transform AWS::LanguageExtensions is not run; add the key to the mapping";
            let what = "FindInMap with a DefaultValue";
            return Err(place.error(at, Problem::unsupported(what, advice)));
        }
        let [map, top, second] = self.arguments(place, at, "FindInMap", argument)?;
        let map = self.text(place, "FindInMap", map)?;
        let top = self.text(place, "FindInMap", top)?;
        let second = self.text(place, "FindInMap", second)?;
        let Some(mapping) = self.mappings.get(&map) else {
            let known = self.mappings.keys().map(String::as_str);
            return Err(place.error(at, Problem::unknown(&map, "mapping", known)));
        };
        let listed = |node: &Node| {
            let keys = node.entries().unwrap_or_default().iter();
            let keys: Vec<&str> = keys.map(|e| e.key.as_str()).collect();
            listed(&keys, "its keys are", "it has no keys: add this one")
        };
        let what = format!("FindInMap {map}");
        let Some(row) = mapping.get(&top) else {
            return Err(place.refused(at, &what, &top, &listed(mapping)));
        };
        let Some(value) = row.get(&second) else {
            let what = format!("{what}.{top}");
            return Err(place.refused(at, &what, &second, &listed(row)));
        };
        Ok(Some(Node {
            at,
            data: value.data.clone(),
        }))
    }
}
