//! Walks a template's sections and puts the typed resources together.
//!
//! Must not know: the properties of any one resource type that has a reader of its own.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::node::{Data, Entry, Node};
use super::resource::{Permission, Queue, SnsTopic, WithoutEffect};
use super::scope::Scope;
use super::{Action, Context, Template, function, parameter, role, rule, schedule, table};

const SECTIONS: [&str; 9] = [
    "AWSTemplateFormatVersion",
    "Transform",
    "Description",
    "Metadata",
    "Parameters",
    "Conditions",
    "Globals",
    "Resources",
    "Outputs",
];

/// Attributes of a resource beside its properties.
const RESOURCE_KEYS: [&str; 7] = [
    "Type",
    "Properties",
    "Condition",
    "Metadata",
    "DependsOn",
    "DeletionPolicy",
    "UpdateReplacePolicy",
];

/// Types that are valid and change nothing here; their references are still resolved, so that a wrong one is found.
const WITHOUT_EFFECT: [&str; 2] = ["AWS::Logs::LogGroup", "AWS::CloudWatch::Alarm"];

/// Queue properties that change nothing for a queue that only collects failures.
const QUEUE_ACCEPTED: [&str; 6] = [
    "QueueName",
    "MessageRetentionPeriod",
    "SqsManagedSseEnabled",
    "KmsMasterKeyId",
    "VisibilityTimeout",
    "Tags",
];

pub(super) fn template(
    file: &str,
    root: &Node,
    context: &Context,
) -> Result<Template, TemplateError> {
    let place = |item: &str| Place {
        file: file.to_owned(),
        item: item.to_owned(),
    };
    let Some(sections) = root.entries() else {
        return Err(place("template").kind(root.line, "the template", "a map"));
    };
    for section in sections {
        if !SECTIONS.contains(&section.key.as_str()) {
            let problem = Problem::UnsupportedProperty(section.key.clone());
            return Err(place("template").error(section.line, problem));
        }
    }
    let mut scope = Scope {
        context,
        parameters: parameter::read(file, root.get("Parameters"), context)?,
        conditions: named(root.get("Conditions")),
        resources: BTreeMap::new(),
        in_progress: RefCell::default(),
    };
    let Some(resources) = root.get("Resources").and_then(Node::entries) else {
        let problem = Problem::Missing("Resources".to_owned());
        return Err(place("template").error(root.line, problem));
    };
    let mut active = Vec::new();
    for resource in resources {
        if applies(&scope, &place(&resource.key), resource)? {
            active.push(resource);
        }
    }
    scope.resources = active.iter().map(|e| (e.key.clone(), &e.value)).collect();
    let globals = function::globals(file, root.get("Globals"))?;
    let mut assembly = Assembly {
        scope,
        globals,
        template: Template::default(),
        permissions: Vec::new(),
    };
    for resource in active {
        assembly.resource(place(&resource.key), resource)?;
    }
    let outputs = root.get("Outputs").and_then(Node::entries);
    for output in outputs.unwrap_or_default() {
        assembly.output(place(&output.key), output)?;
    }
    assembly.attach_permissions()?;
    assembly.check_actions(&place)?;
    Ok(assembly.template)
}

fn named(section: Option<&Node>) -> BTreeMap<String, &Node> {
    section
        .and_then(Node::entries)
        .unwrap_or_default()
        .iter()
        .map(|e| (e.key.clone(), &e.value))
        .collect()
}

/// Whether the `Condition` of a resource or output holds.
fn applies(scope: &Scope<'_>, place: &Place, entry: &Entry) -> Result<bool, TemplateError> {
    match entry.value.get("Condition") {
        None => Ok(true),
        Some(node) => match &node.data {
            Data::String(name) => scope.condition(place, node.line, name),
            _ => Err(place.kind(node.line, "Condition", "the name of a condition")),
        },
    }
}

struct Assembly<'a> {
    scope: Scope<'a>,
    globals: Option<&'a Node>,
    template: Template,
    /// Each permission with its place, its line and the function it names.
    permissions: Vec<(Place, usize, String, Permission)>,
}

impl Assembly<'_> {
    fn resource(&mut self, place: Place, entry: &Entry) -> Result<(), TemplateError> {
        let node = &entry.value;
        for part in node.entries().unwrap_or_default() {
            if !RESOURCE_KEYS.contains(&part.key.as_str()) {
                let problem = Problem::UnsupportedProperty(part.key.clone());
                return Err(place.error(part.line, problem));
            }
        }
        let Some(kind) = node.get("Type").and_then(Node::as_text) else {
            return Err(place.error(entry.line, Problem::Missing("Type".to_owned())));
        };
        let id = entry.key.as_str();
        let identity = self.scope.identity(&place, entry.line, id)?;
        let mut fields = self.properties(&place, entry, kind)?;
        match kind {
            "AWS::Serverless::Function" => {
                let stack_name = &self.scope.context.stack_name;
                let schedules = schedule::events((id, &identity), stack_name, &mut fields)?;
                self.template.schedules.extend(schedules);
                let metadata = self.metadata(&place, node)?;
                let own_role = self.scope.role_of_function(id);
                let function = function::read(id, identity, own_role, metadata, fields)?;
                self.template.functions.push(function);
            }
            "AWS::Lambda::Permission" => {
                let line = entry.line;
                let (function, permission) = function::permission(id, fields)?;
                self.permissions.push((place, line, function, permission));
            }
            "AWS::DynamoDB::Table" => {
                let table = table::read(id, identity, fields)?;
                self.template.tables.push(table);
            }
            "AWS::IAM::Role" => {
                let role = role::read(id, identity, fields)?;
                self.template.roles.push(role);
            }
            "AWS::IoT::TopicRule" => {
                let rule = rule::read(id, identity, fields)?;
                self.template.rules.push(rule);
            }
            "AWS::Scheduler::Schedule" => {
                let schedule = schedule::read(id, identity, fields)?;
                self.template.schedules.push(schedule);
            }
            "AWS::IoT::Policy" => self.policy(identity.name, fields)?,
            "AWS::SQS::Queue" => {
                let arn = identity.arn().to_owned();
                self.template.queues.push(Queue {
                    logical_id: id.to_owned(),
                    name: identity.name,
                    arn,
                    url: identity.reference,
                });
                only(fields, &QUEUE_ACCEPTED)?;
            }
            "AWS::SNS::Topic" => {
                let arn = identity.arn().to_owned();
                self.template.topics.push(SnsTopic {
                    logical_id: id.to_owned(),
                    name: identity.name,
                    arn,
                });
                only(
                    fields,
                    &["TopicName", "DisplayName", "KmsMasterKeyId", "Tags"],
                )?;
            }
            kind if WITHOUT_EFFECT.contains(&kind) => {
                self.template.without_effect.push(WithoutEffect {
                    logical_id: id.to_owned(),
                    resource_type: kind.to_owned(),
                });
            }
            other => {
                return Err(place.error(entry.line, Problem::UnsupportedType(other.to_owned())));
            }
        }
        Ok(())
    }

    fn metadata(&self, place: &Place, resource: &Node) -> Result<Option<Fields>, TemplateError> {
        let Some(metadata) = resource.get("Metadata") else {
            return Ok(None);
        };
        self.scope
            .resolve(place, metadata)?
            .map(|node| Fields::new(place.clone(), "Metadata", node))
            .transpose()
    }

    /// The resource's resolved properties, a function's with the global ones below them.
    fn properties(
        &self,
        place: &Place,
        entry: &Entry,
        kind: &str,
    ) -> Result<Fields, TemplateError> {
        let none = Node {
            line: entry.line,
            data: Data::Map(Vec::new()),
        };
        let own = entry.value.get("Properties").unwrap_or(&none);
        let merged = match self.globals {
            Some(globals) if kind == "AWS::Serverless::Function" => function::merged(globals, own),
            _ => own.clone(),
        };
        let resolved = self.scope.resolve(place, &merged)?.unwrap_or(none);
        Fields::new(place.clone(), "", resolved)
    }

    fn policy(&mut self, name: String, mut fields: Fields) -> Result<(), TemplateError> {
        let document = fields
            .json("PolicyDocument")
            .ok_or_else(|| fields.missing("PolicyDocument"))?;
        only(fields, &["PolicyName", "Tags"])?;
        self.template.iot_policies.insert(name, document);
        Ok(())
    }

    fn output(&mut self, place: Place, entry: &Entry) -> Result<(), TemplateError> {
        if !applies(&self.scope, &place, entry)? {
            return Ok(());
        }
        let resolved = self.scope.resolve(&place, &entry.value)?;
        let Some(node) = resolved else {
            return Ok(());
        };
        let mut fields = Fields::new(place, "", node)?;
        let value = fields.need_text("Value")?;
        only(fields, &["Description", "Export", "Condition"])?;
        self.template.outputs.insert(entry.key.clone(), value);
        Ok(())
    }

    fn attach_permissions(&mut self) -> Result<(), TemplateError> {
        for (place, line, target, permission) in std::mem::take(&mut self.permissions) {
            let function = self
                .template
                .functions
                .iter_mut()
                .find(|f| f.arn == target || f.name == target);
            match function {
                Some(function) => function.permissions.push(permission),
                None => return Err(place.error(line, Problem::UnknownReference(target))),
            }
        }
        Ok(())
    }

    /// A rule may only name functions and queues of this template: there is nothing else here to reach.
    fn check_actions(&self, place: &dyn Fn(&str) -> Place) -> Result<(), TemplateError> {
        for schedule in &self.template.schedules {
            // One that a function's event makes has no resource of its own, and names that function.
            let Some(resource) = self.scope.resources.get(&schedule.logical_id) else {
                continue;
            };
            let place = place(&schedule.logical_id);
            schedule::check(schedule, &self.template.functions, place, resource.line)?;
        }
        for rule in &self.template.rules {
            for action in rule.actions.iter().chain(&rule.error_action) {
                let (target, known) = match action {
                    Action::Lambda { function_arn } => {
                        let known = self
                            .template
                            .functions
                            .iter()
                            .any(|f| &f.arn == function_arn);
                        (function_arn, known)
                    }
                    Action::Sqs { queue_url, .. } => {
                        let known = self.template.queues.iter().any(|q| &q.url == queue_url);
                        (queue_url, known)
                    }
                    _ => continue,
                };
                if !known {
                    let line = self.scope.resources[&rule.logical_id].line;
                    let problem = Problem::UnknownReference(target.clone());
                    return Err(place(&rule.logical_id).error(line, problem));
                }
            }
        }
        Ok(())
    }
}

/// Accepts these properties and refuses all others.
fn only(mut fields: Fields, accepted: &[&str]) -> Result<(), TemplateError> {
    fields.accept(accepted);
    fields.finish()
}
