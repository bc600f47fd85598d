//! Resolves CloudFormation's functions: what a name stands for, and which branch a condition takes.
//!
//! Must not know: which properties a resource type has.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::Context;
use super::error::{Problem, TemplateError};
use super::fields::Place;
use super::node::{Data, Entry, Node};
use super::parameter::Parameter;

/// All names of one template.
pub(super) struct Scope<'a> {
    pub context: &'a Context,
    pub parameters: BTreeMap<String, Parameter>,
    pub conditions: BTreeMap<String, &'a Node>,
    /// Every resource whose condition holds, unresolved.
    pub resources: BTreeMap<String, &'a Node>,
    /// Conditions and resource names being resolved, against rings.
    pub in_progress: RefCell<Vec<String>>,
}

type Resolved = Result<Option<Node>, TemplateError>;

impl Scope<'_> {
    /// The node with every function replaced; none where it stands for `AWS::NoValue`.
    pub fn resolve(&self, place: &Place, node: &Node) -> Resolved {
        let data = match &node.data {
            Data::Call(name, argument) => return self.call(place, node.line, name, argument),
            Data::List(items) => Data::List(self.items(place, items)?),
            Data::Map(entries) => {
                let mut resolved = Vec::with_capacity(entries.len());
                for entry in entries {
                    if let Some(value) = self.resolve(place, &entry.value)? {
                        resolved.push(Entry {
                            key: entry.key.clone(),
                            line: entry.line,
                            value,
                        });
                    }
                }
                Data::Map(resolved)
            }
            scalar => scalar.clone(),
        };
        Ok(Some(Node {
            line: node.line,
            data,
        }))
    }

    fn items(&self, place: &Place, items: &[Node]) -> Result<Vec<Node>, TemplateError> {
        items
            .iter()
            .filter_map(|item| self.resolve(place, item).transpose())
            .collect()
    }

    fn call(&self, place: &Place, line: usize, name: &str, argument: &Node) -> Resolved {
        match name {
            "Ref" => self.reference(place, line, self.word(place, line, "Ref", argument)?),
            "Sub" => self.sub(place, line, argument).map(Some),
            "GetAtt" => self.get_att(place, line, argument).map(Some),
            "Join" => self.join(place, line, argument).map(Some),
            "Select" => self.select(place, line, argument).map(Some),
            "If" => {
                let [condition, yes, no] = self.arguments(place, line, "If", argument)?;
                let condition = self.word(place, line, "If", condition)?;
                let holds = self.condition(place, line, condition)?;
                self.resolve(place, if holds { yes } else { no })
            }
            other => Err(place.error(line, Problem::UnsupportedFunction(other.to_owned()))),
        }
    }

    /// A function's argument that must be written out as text.
    fn word<'n>(
        &self,
        place: &Place,
        line: usize,
        function: &str,
        node: &'n Node,
    ) -> Result<&'n str, TemplateError> {
        match &node.data {
            Data::String(text) => Ok(text),
            _ => Err(place.kind(line, function, "a name")),
        }
    }

    fn arguments<'n, const N: usize>(
        &self,
        place: &Place,
        line: usize,
        function: &str,
        argument: &'n Node,
    ) -> Result<&'n [Node; N], TemplateError> {
        let expected = match N {
            1 => "a list of one item",
            2 => "a list of two items",
            _ => "a list of three items",
        };
        match &argument.data {
            Data::List(items) => items.as_slice().try_into().ok(),
            _ => None,
        }
        .ok_or_else(|| place.kind(line, function, expected))
    }

    fn text(&self, place: &Place, function: &str, node: &Node) -> Result<String, TemplateError> {
        self.resolve(place, node)?
            .as_ref()
            .and_then(Node::as_text)
            .map(str::to_owned)
            .ok_or_else(|| place.kind(node.line, function, "text"))
    }

    fn texts(
        &self,
        place: &Place,
        function: &str,
        node: &Node,
    ) -> Result<Vec<String>, TemplateError> {
        match self.resolve(place, node)?.map(|n| n.data) {
            Some(Data::List(items)) => items
                .iter()
                .map(|item| self.text(place, function, item))
                .collect(),
            _ => Err(place.kind(node.line, function, "a list")),
        }
    }

    fn get_att(&self, place: &Place, line: usize, argument: &Node) -> Result<Node, TemplateError> {
        let (resource, attribute) = match &argument.data {
            Data::String(text) => text.split_once('.'),
            Data::List(items) => match items.as_slice() {
                [resource, attribute] => resource.as_text().zip(attribute.as_text()),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| place.kind(line, "GetAtt", "a resource and an attribute"))?;
        self.attribute(place, line, resource, attribute)
    }

    fn join(&self, place: &Place, line: usize, argument: &Node) -> Result<Node, TemplateError> {
        let [delimiter, list] = self.arguments(place, line, "Join", argument)?;
        let delimiter = self.text(place, "Join", delimiter)?;
        let texts = self.texts(place, "Join", list)?;
        Ok(Node::string(line, texts.join(&delimiter)))
    }

    fn select(&self, place: &Place, line: usize, argument: &Node) -> Result<Node, TemplateError> {
        let [index, list] = self.arguments(place, line, "Select", argument)?;
        let index = self.text(place, "Select", index)?;
        let texts = self.texts(place, "Select", list)?;
        let chosen = index.parse::<usize>().ok().and_then(|i| texts.get(i));
        match chosen {
            Some(text) => Ok(Node::string(line, text)),
            None => {
                let reason = format!("the list has {} items", texts.len());
                Err(place.refused(line, "Select", &index, &reason))
            }
        }
    }

    fn sub(&self, place: &Place, line: usize, argument: &Node) -> Result<Node, TemplateError> {
        let mut variables = BTreeMap::new();
        let template = match &argument.data {
            Data::String(text) => text,
            Data::List(_) => {
                let [text, map] = self.arguments(place, line, "Sub", argument)?;
                let Some(entries) = map.entries() else {
                    return Err(place.kind(map.line, "Sub", "text and a map"));
                };
                for entry in entries {
                    let value = self.text(place, "Sub", &entry.value)?;
                    variables.insert(entry.key.as_str(), value);
                }
                match &text.data {
                    Data::String(text) => text,
                    _ => return Err(place.kind(line, "Sub", "text and a map")),
                }
            }
            _ => return Err(place.kind(line, "Sub", "text, or text and a map")),
        };
        let mut output = String::new();
        let mut rest = template.as_str();
        while let Some(start) = rest.find("${") {
            output.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            let Some(end) = after.find('}') else {
                return Err(place.refused(line, "Sub", template, "`${` has no end"));
            };
            let name = &after[..end];
            if let Some(literal) = name.strip_prefix('!') {
                output.push_str(&format!("${{{literal}}}"));
            } else if let Some(value) = variables.get(name.trim()) {
                output.push_str(value);
            } else {
                output.push_str(&self.substituted(place, line, name.trim())?);
            }
            rest = &after[end + 1..];
        }
        output.push_str(rest);
        Ok(Node::string(line, output))
    }

    fn substituted(&self, place: &Place, line: usize, name: &str) -> Result<String, TemplateError> {
        let node = match name.split_once('.') {
            Some((resource, attribute)) => Some(self.attribute(place, line, resource, attribute)?),
            None => self.reference(place, line, name)?,
        };
        node.as_ref()
            .and_then(Node::as_text)
            .map(str::to_owned)
            .ok_or_else(|| place.refused(line, "Sub", name, "it does not stand for text"))
    }

    /// What `!Ref name` stands for.
    pub fn reference(&self, place: &Place, line: usize, name: &str) -> Resolved {
        let context = self.context;
        let pseudo = match name {
            "AWS::StackName" => Some(context.stack_name.clone()),
            "AWS::Region" => Some(context.region.clone()),
            "AWS::AccountId" => Some(context.account.clone()),
            "AWS::Partition" => Some("aws".to_owned()),
            "AWS::URLSuffix" => Some("amazonaws.com".to_owned()),
            "AWS::NoValue" => return Ok(None),
            _ => None,
        };
        if let Some(value) = pseudo {
            return Ok(Some(Node::string(line, value)));
        }
        if let Some(parameter) = self.parameters.get(name) {
            return Ok(Some(parameter.node(line)));
        }
        let identity = self.identity(place, line, name)?;
        Ok(Some(Node::string(line, identity.reference)))
    }

    fn attribute(
        &self,
        place: &Place,
        line: usize,
        resource: &str,
        attribute: &str,
    ) -> Result<Node, TemplateError> {
        let identity = self.identity(place, line, resource)?;
        identity
            .attributes
            .into_iter()
            .find(|(name, _)| *name == attribute)
            .map(|(_, value)| Node::string(line, value))
            .ok_or_else(|| {
                place.error(
                    line,
                    Problem::UnknownAttribute {
                        resource: resource.to_owned(),
                        attribute: attribute.to_owned(),
                    },
                )
            })
    }

    /// Runs `work` unless `name` is being resolved already.
    pub fn guarded<T>(
        &self,
        place: &Place,
        line: usize,
        name: &str,
        work: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.in_progress.borrow().iter().any(|n| n == name) {
            return Err(place.error(line, Problem::Circular(name.to_owned())));
        }
        self.in_progress.borrow_mut().push(name.to_owned());
        let result = work();
        self.in_progress.borrow_mut().pop();
        result
    }

    /// Whether the condition `name` holds.
    pub fn condition(&self, place: &Place, line: usize, name: &str) -> Result<bool, TemplateError> {
        let Some(node) = self.conditions.get(name) else {
            return Err(place.error(line, Problem::UnknownReference(name.to_owned())));
        };
        self.guarded(place, line, name, || self.holds(place, node))
    }

    fn holds(&self, place: &Place, node: &Node) -> Result<bool, TemplateError> {
        let line = node.line;
        if let Some([entry]) = node.entries()
            && entry.key == "Condition"
        {
            let name = self.word(place, line, "Condition", &entry.value)?;
            return self.condition(place, line, name);
        }
        let Data::Call(name, argument) = &node.data else {
            return Err(place.kind(line, "condition", "a condition function"));
        };
        match name.as_str() {
            "Condition" => {
                let name = self.word(place, line, "Condition", argument)?;
                self.condition(place, line, name)
            }
            "Equals" => {
                let [left, right] = self.arguments(place, line, "Equals", argument)?;
                Ok(self.text(place, "Equals", left)? == self.text(place, "Equals", right)?)
            }
            "Not" => {
                let [inner] = self.arguments(place, line, "Not", argument)?;
                Ok(!self.holds(place, inner)?)
            }
            "And" | "Or" => {
                let Data::List(items) = &argument.data else {
                    return Err(place.kind(line, name, "a list of conditions"));
                };
                let mut results = Vec::with_capacity(items.len());
                for item in items {
                    results.push(self.holds(place, item)?);
                }
                Ok(if name == "And" {
                    results.iter().all(|r| *r)
                } else {
                    results.iter().any(|r| *r)
                })
            }
            other => Err(place.error(line, Problem::UnsupportedFunction(other.to_owned()))),
        }
    }
}
