//! Every name that a template mentions, in both branches of each If and in resources that are not
//! created: each must exist, and no resource may depend on itself. CloudFormation refuses such a
//! template before it creates anything ("Unresolved resource dependencies", "Circular dependency
//! between resources").

use std::collections::{BTreeMap, BTreeSet};

use super::alias::split_qualified;
use super::error::{Problem, TemplateError};
use super::fields::Place;
use super::identity::is_generated_api;
use super::node::{Data, Entry, Node, Position};

/// The names that a template declares.
pub(super) struct Names<'a> {
    parameters: BTreeSet<&'a str>,
    conditions: BTreeSet<&'a str>,
    /// Type by logical id.
    resources: BTreeMap<&'a str, &'a str>,
}

/// Logical ids of the resources that each resource depends on.
pub(super) type Dependencies = BTreeMap<String, Vec<String>>;

/// The resources that each resource depends on, with the place of the reference.
type Needs<'a> = BTreeMap<&'a str, Vec<(&'a str, Position)>>;

impl<'a> Names<'a> {
    /// The names in the sections of `root`.
    pub fn of(root: &'a Node) -> Self {
        let keys = |section: &str| {
            let entries = root.get(section).and_then(Node::entries);
            let entries = entries.unwrap_or_default().iter();
            entries.map(|e| e.key.as_str()).collect()
        };
        let resources = root.get("Resources").and_then(Node::entries);
        let resources = resources.unwrap_or_default().iter().map(|entry| {
            let kind = entry.value.get("Type").and_then(Node::as_text);
            (entry.key.as_str(), kind.unwrap_or_default())
        });
        Names {
            parameters: keys("Parameters"),
            conditions: keys("Conditions"),
            resources: resources.collect(),
        }
    }

    /// Checks every resource and output; `place` says where an item is. Returns the resources that
    /// each resource depends on.
    pub fn check(
        &self,
        root: &'a Node,
        place: &dyn Fn(&str) -> Place,
    ) -> Result<Dependencies, TemplateError> {
        let section = |name: &str| root.get(name).and_then(Node::entries).unwrap_or_default();
        let mut needs = Needs::new();
        for resource in section("Resources") {
            let mut mentioned = Vec::new();
            let place = place(&resource.key);
            for part in resource.value.entries().unwrap_or_default() {
                match part.key.as_str() {
                    "DependsOn" => self.add_depends_on(&place, &part.value, &mut mentioned)?,
                    "Properties" => self.properties(&place, &part.value, &mut mentioned)?,
                    _ => {}
                }
            }
            needs.insert(&resource.key, mentioned);
        }
        for output in section("Outputs") {
            self.walk(&place(&output.key), &output.value, &mut Vec::new())?;
        }
        self.check_cycles(&needs, place)?;
        let owned = |names: Vec<(&str, Position)>| {
            let names: BTreeSet<&str> = names.into_iter().map(|(name, _)| name).collect();
            names.into_iter().map(str::to_owned).collect()
        };
        let needs = needs.into_iter();
        Ok(needs
            .map(|(id, names)| (id.to_owned(), owned(names)))
            .collect())
    }

    /// Events and the deployment group are separate resources that depend on the function, not the
    /// reverse.
    fn properties(
        &self,
        place: &Place,
        properties: &'a Node,
        mentioned: &mut Vec<(&'a str, Position)>,
    ) -> Result<(), TemplateError> {
        match properties.entries() {
            Some(entries) => entries.iter().try_for_each(|entry: &Entry| {
                let is_apart = ["Events", "DeploymentPreference"].contains(&entry.key.as_str());
                let before = mentioned.len();
                self.walk(place, &entry.value, mentioned)?;
                if is_apart {
                    mentioned.truncate(before);
                }
                Ok(())
            }),
            None => self.walk(place, properties, mentioned),
        }
    }

    fn add_depends_on(
        &self,
        place: &Place,
        node: &'a Node,
        mentioned: &mut Vec<(&'a str, Position)>,
    ) -> Result<(), TemplateError> {
        let items = match &node.data {
            Data::List(items) => items.as_slice(),
            _ => std::slice::from_ref(node),
        };
        for item in items {
            let Data::String(name) = &item.data else {
                return Err(place.kind(item.at, "DependsOn", "a logical id, or a list of them"));
            };
            if !self.resources.contains_key(name.as_str()) {
                let known = self.resources.keys().copied();
                return Err(place.error(item.at, Problem::unknown(name, "resource", known)));
            }
            mentioned.push((name, item.at));
        }
        Ok(())
    }

    fn walk(
        &self,
        place: &Place,
        node: &'a Node,
        mentioned: &mut Vec<(&'a str, Position)>,
    ) -> Result<(), TemplateError> {
        match &node.data {
            Data::List(items) => items
                .iter()
                .try_for_each(|i| self.walk(place, i, mentioned)),
            Data::Map(entries) => entries
                .iter()
                .try_for_each(|e| self.walk(place, &e.value, mentioned)),
            Data::Call(name, argument) => match (name.as_str(), &argument.data) {
                ("Ref", Data::String(name)) => {
                    let name = split_qualified(name).map_or(name.as_str(), |(id, _)| id);
                    self.add_mention(place, node.at, name, mentioned)
                }
                ("GetAtt", Data::String(path)) => {
                    let name = path.split('.').next().unwrap_or_default();
                    self.add_mention(place, node.at, name, mentioned)
                }
                ("GetAtt", Data::List(items)) => match items.first().map(|n| &n.data) {
                    Some(Data::String(name)) => self.add_mention(place, node.at, name, mentioned),
                    _ => Ok(()),
                },
                ("Sub", _) => self.sub(place, argument, mentioned),
                ("If", Data::List(items)) => {
                    if let Some(Data::String(name)) = items.first().map(|n| &n.data)
                        && !self.conditions.contains(name.as_str())
                    {
                        let known = self.conditions.iter().copied();
                        let problem = Problem::unknown(name, "condition", known);
                        return Err(place.error(node.at, problem));
                    }
                    items
                        .iter()
                        .try_for_each(|i| self.walk(place, i, mentioned))
                }
                _ => self.walk(place, argument, mentioned),
            },
            _ => Ok(()),
        }
    }

    fn sub(
        &self,
        place: &Place,
        argument: &'a Node,
        mentioned: &mut Vec<(&'a str, Position)>,
    ) -> Result<(), TemplateError> {
        let (text, own) = match &argument.data {
            Data::List(items) => (items.first(), items.get(1)),
            _ => (Some(argument), None),
        };
        if let Some(own) = own {
            self.walk(place, own, mentioned)?;
        }
        let Some(Data::String(text)) = text.map(|n| &n.data) else {
            return Ok(());
        };
        for part in text.split("${").skip(1) {
            let name = part.split('}').next().unwrap_or_default().trim();
            let of_own = own.is_some_and(|map| map.get(name).is_some());
            if !name.starts_with('!') && !of_own {
                let name = name.split('.').next().unwrap_or_default();
                self.add_mention(place, argument.at, name, mentioned)?;
            }
        }
        Ok(())
    }

    fn add_mention(
        &self,
        place: &Place,
        at: Position,
        name: &'a str,
        mentioned: &mut Vec<(&'a str, Position)>,
    ) -> Result<(), TemplateError> {
        let of_function = name
            .strip_suffix("Role")
            .and_then(|id| self.resources.get(id));
        if self.resources.contains_key(name) {
            mentioned.push((name, at));
            return Ok(());
        }
        let has_function = || {
            let mut kinds = self.resources.values();
            kinds.any(|kind| *kind == "AWS::Serverless::Function")
        };
        if name.starts_with("AWS::")
            || self.parameters.contains(name)
            || of_function == Some(&"AWS::Serverless::Function")
            || (is_generated_api(name) && has_function())
        {
            return Ok(());
        }
        let known = self.resources.keys().chain(&self.parameters).copied();
        Err(place.error(at, Problem::unknown(name, "parameter or resource", known)))
    }

    fn check_cycles(
        &self,
        needs: &Needs<'a>,
        place: &dyn Fn(&str) -> Place,
    ) -> Result<(), TemplateError> {
        let mut settled = BTreeSet::new();
        for start in needs.keys() {
            if let Some((ring, at)) = find_cycle(start, needs, &mut settled, &mut Vec::new()) {
                let problem = Problem::Circular(ring.join(", "));
                return Err(place(ring[0]).error(at, problem));
            }
        }
        Ok(())
    }
}

/// A cycle reachable from `name`, with the reference that closes it; names in `settled` reach none.
fn find_cycle<'a>(
    name: &'a str,
    needs: &Needs<'a>,
    settled: &mut BTreeSet<&'a str>,
    path: &mut Vec<&'a str>,
) -> Option<(Vec<&'a str>, Position)> {
    if settled.contains(name) {
        return None;
    }
    path.push(name);
    for (next, at) in needs.get(name)? {
        if let Some(start) = path.iter().position(|passed| passed == next) {
            let mut ring = path[start..].to_vec();
            // The last resource holds the reference: report it first.
            ring.rotate_right(1);
            return Some((ring, *at));
        }
        if let Some(found) = find_cycle(next, needs, settled, path) {
            return Some(found);
        }
    }
    path.pop();
    settled.insert(name);
    None
}
