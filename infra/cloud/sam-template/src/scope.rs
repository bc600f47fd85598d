//! Resolves CloudFormation's functions: references, text functions and conditions.
//!
//! Must not know: which properties a resource type has.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

mod condition;
mod value;

use super::Context;
use super::advice;
use super::dynamic;
use super::error::{Problem, TemplateError, listed};
use super::fields::Place;
use super::inert::{self, Inert};
use super::node::{Data, Entry, Node, Position};
use super::parameter::Parameter;
use super::section;

/// Everything in a template that an expression can refer to by name.
pub(super) struct Scope<'a> {
    pub context: &'a Context,
    pub parameters: BTreeMap<String, Parameter>,
    pub conditions: BTreeMap<String, &'a Node>,
    /// Mappings as written; they hold only text and lists of text.
    pub mappings: BTreeMap<String, &'a Node>,
    /// The section `Globals`, unresolved.
    pub globals: Option<&'a Node>,
    /// Names of the resources whose condition is false.
    pub not_created: BTreeSet<String>,
    /// Every resource whose condition is true, unresolved.
    pub resources: BTreeMap<String, &'a Node>,
    /// Conditions and resource names being resolved, to detect cycles.
    pub in_progress: RefCell<Vec<String>>,
}

type Resolved = Result<Option<Node>, TemplateError>;

impl Scope<'_> {
    /// The node with every function replaced, and then every dynamic reference, as a function may
    /// compose one; `None` for `AWS::NoValue`.
    pub fn resolve(&self, place: &Place, node: &Node) -> Resolved {
        self.resolve_functions(place, node)?
            .map(|node| dynamic::replace(place, self.context, node))
            .transpose()
    }

    fn resolve_functions(&self, place: &Place, node: &Node) -> Resolved {
        let data = match &node.data {
            Data::Call(name, argument) => return self.call(place, node.at, name, argument),
            Data::List(items) => Data::List(self.items(place, items)?),
            Data::Map(entries) => {
                let mut resolved = Vec::with_capacity(entries.len());
                for entry in entries {
                    // One alone was parsed as a function.
                    section::refuse_call(place, entry)?;
                    if let Some(value) = self.resolve_functions(place, &entry.value)? {
                        resolved.push(Entry {
                            key: entry.key.clone(),
                            at: entry.at,
                            value,
                        });
                    }
                }
                Data::Map(resolved)
            }
            scalar => scalar.clone(),
        };
        Ok(Some(Node { at: node.at, data }))
    }

    fn items(&self, place: &Place, items: &[Node]) -> Result<Vec<Node>, TemplateError> {
        items
            .iter()
            .filter_map(|item| self.resolve_functions(place, item).transpose())
            .collect()
    }

    fn call(&self, place: &Place, at: Position, name: &str, argument: &Node) -> Resolved {
        match name {
            "Ref" => self.reference(place, at, self.literal(place, at, "Ref", argument)?),
            "Sub" => self.sub(place, at, argument).map(Some),
            "GetAtt" => self.get_att(place, at, argument).map(Some),
            "Join" => self.join(place, at, argument).map(Some),
            "Select" => self.select(place, at, argument).map(Some),
            "If" => {
                let [condition, yes, no] = self.arguments(place, at, "If", argument)?;
                let condition = self.literal(place, at, "If", condition)?;
                let holds = self.condition(place, at, condition)?;
                self.resolve_functions(place, if holds { yes } else { no })
            }
            "Split" => self.split(place, at, argument).map(Some),
            "Base64" => self.base64(place, at, argument).map(Some),
            "FindInMap" => self.find_in_map(place, at, argument),
            "ImportValue" => self.import_value(place, at, argument).map(Some),
            other => {
                let what = format!("function {other}");
                Err(place.error(at, Problem::unsupported(what, advice::function(other))))
            }
        }
    }

    /// The text of an argument that must be literal, such as the name in a `Ref`.
    fn literal<'n>(
        &self,
        place: &Place,
        at: Position,
        function: &str,
        node: &'n Node,
    ) -> Result<&'n str, TemplateError> {
        match &node.data {
            Data::String(text) => Ok(text),
            _ => Err(place.kind(at, function, "a name")),
        }
    }

    fn arguments<'n, const N: usize>(
        &self,
        place: &Place,
        at: Position,
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
        .ok_or_else(|| place.kind(at, function, expected))
    }

    fn text(&self, place: &Place, function: &str, node: &Node) -> Result<String, TemplateError> {
        self.resolve_functions(place, node)?
            .as_ref()
            .and_then(Node::as_text)
            .map(str::to_owned)
            .ok_or_else(|| place.kind(node.at, function, "text"))
    }

    fn texts(
        &self,
        place: &Place,
        function: &str,
        node: &Node,
    ) -> Result<Vec<String>, TemplateError> {
        match self.resolve_functions(place, node)?.map(|n| n.data) {
            Some(Data::List(items)) => items
                .iter()
                .map(|item| self.text(place, function, item))
                .collect(),
            _ => Err(place.kind(node.at, function, "a list")),
        }
    }

    fn get_att(&self, place: &Place, at: Position, argument: &Node) -> Result<Node, TemplateError> {
        let (resource, attribute) = match &argument.data {
            Data::String(text) => text.split_once('.'),
            Data::List(items) => match items.as_slice() {
                [resource, attribute] => resource.as_text().zip(attribute.as_text()),
                _ => None,
            },
            _ => None,
        }
        .ok_or_else(|| place.kind(at, "GetAtt", "a resource and an attribute"))?;
        self.attribute(place, at, resource, attribute)
    }

    /// The value of `!Ref name`.
    pub fn reference(&self, place: &Place, at: Position, name: &str) -> Resolved {
        let context = self.context;
        let pseudo = match name {
            "AWS::StackName" => Some(context.stack_name.clone()),
            "AWS::Region" => Some(context.region.clone()),
            "AWS::AccountId" => Some(context.account.clone()),
            "AWS::Partition" => Some("aws".to_owned()),
            "AWS::URLSuffix" => Some("amazonaws.com".to_owned()),
            "AWS::StackId" => Some(format!(
                "arn:aws:cloudformation:{}:{}:stack/{}/local",
                context.region, context.account, context.stack_name
            )),
            "AWS::NoValue" => return Ok(None),
            name if name.starts_with("AWS::") => {
                let advice = "use AWS::AccountId, NoValue, Partition, Region, StackId, StackName \
                              or URLSuffix";
                let problem = Problem::unsupported(format!("pseudo parameter {name}"), advice);
                return Err(place.error(at, problem));
            }
            _ => None,
        };
        if let Some(value) = pseudo {
            return Ok(Some(Node::string(at, value)));
        }
        if let Some(parameter) = self.parameters.get(name) {
            return Ok(Some(parameter.node(at)));
        }
        if let Some(generated) = self.qualified(place, at, name)? {
            return Ok(Some(generated));
        }
        let identity = self.identity(place, at, name)?;
        Ok(Some(Node::string(at, identity.reference)))
    }

    fn attribute(
        &self,
        place: &Place,
        at: Position,
        resource: &str,
        attribute: &str,
    ) -> Result<Node, TemplateError> {
        let identity = self.identity(place, at, resource)?;
        let own = identity.attributes.iter();
        if let Some((_, value)) = own.clone().find(|(name, _)| *name == attribute) {
            return Ok(Node::string(at, value));
        }
        let node = self.resources.get(resource).and_then(|r| r.get("Type"));
        let kind = node.and_then(Node::as_text).unwrap_or_default();
        let (resource, attribute) = (resource.to_owned(), attribute.to_owned());
        let problem = match Inert::of(kind, self.context) {
            Some(Inert::Asked) => {
                let value = inert::made_up(kind, &identity.name, &attribute, self.context);
                return Ok(Node::string(at, value));
            }
            Some(Inert::ByDefault) => Problem::InertAttribute {
                resource,
                attribute,
                kind: kind.to_owned(),
            },
            None => Problem::UnknownAttribute {
                resource,
                attribute,
                known: {
                    let names: Vec<&str> = own.map(|(name, _)| *name).collect();
                    listed(&names, "it has:", "it has none: use !Ref")
                },
            },
        };
        Err(place.error(at, problem))
    }

    /// The first resource in the node whose `Ref` is invented, as it is a name only, and its type.
    fn first_inert<'n>(&'n self, node: &'n Node) -> Option<(&'n str, &'n str)> {
        match &node.data {
            Data::Call(name, argument) if name == "Ref" => {
                let id = argument.as_text()?;
                let kind = self.resources.get(id)?.get("Type")?.as_text()?;
                Inert::of(kind, self.context).map(|_| (id, kind))
            }
            Data::Call(_, argument) => self.first_inert(argument),
            Data::List(items) => items.iter().find_map(|item| self.first_inert(item)),
            Data::Map(entries) => entries.iter().find_map(|one| self.first_inert(&one.value)),
            _ => None,
        }
    }

    /// Runs `work`; fails if `name` is already being resolved.
    pub fn guarded<T>(
        &self,
        place: &Place,
        at: Position,
        name: &str,
        work: impl FnOnce() -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.in_progress.borrow().iter().any(|n| n == name) {
            return Err(place.error(at, Problem::Circular(name.to_owned())));
        }
        self.in_progress.borrow_mut().push(name.to_owned());
        let result = work();
        self.in_progress.borrow_mut().pop();
        result
    }
}
