//! Walks a template's sections and assembles the typed resources.

mod inert;
mod lambda;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::function::{InvokeConfig, Published};
use super::identity::Identity;
use super::inert::Inert;
use super::name::Names;
use super::node::{Data, Entry, Node, Position};
use super::resource::{Permission, WithoutEffect};
use super::scope::Scope;
use super::{
    Context, Places, Template, accept, alarm, assertion, deletion, function, interface,
    iot_account, kind, managed_policy, parameter, provisioning, queue, role, rule, schedule,
    section, source, table, thing, topic,
};

pub(super) fn template(
    file: &str,
    root: &Node,
    context: &Context,
) -> Result<Template, TemplateError> {
    let place = |item: &str| Place::new(file, item);
    section::check(&place("template"), root)?;
    let Some(resources) = root.get("Resources").and_then(Node::entries) else {
        let problem = Problem::Missing("Resources".to_owned());
        return Err(place("template").error(root.at, problem));
    };
    let mut scope = Scope {
        context,
        parameters: parameter::read(file, root.get("Parameters"), context)?,
        conditions: section::entries_by_name(root.get("Conditions")),
        mappings: section::read_mappings(&place, root.get("Mappings"))?,
        globals: root.get("Globals"),
        not_created: BTreeSet::new(),
        resources: BTreeMap::new(),
        in_progress: RefCell::default(),
    };
    let conditions = root.get("Conditions").and_then(Node::entries);
    for condition in conditions.unwrap_or_default() {
        let name = &condition.key;
        scope.condition(&place(name), condition.at, name)?;
    }
    interface::check(place("Metadata"), root)?;
    assertion::check(&scope, &place, root)?;
    let mut dependencies = Names::of(root).check(root, &place)?;
    let mut active = Vec::new();
    for resource in resources {
        let place = place(&resource.key);
        if is_active(&scope, &place, resource)? {
            if let Some(kind) = resource.value.get("Type").and_then(Node::as_text) {
                kind::check(kind, context).map_err(|problem| place.error(resource.at, problem))?;
            }
            active.push(resource);
        } else {
            scope.not_created.insert(resource.key.clone());
        }
    }
    scope.resources = active.iter().map(|e| (e.key.clone(), &e.value)).collect();
    function::check_globals(&place("Globals"), root.get("Globals"))?;
    let mut assembly = Assembly {
        file,
        scope,
        template: Template {
            parameters: parameter::read_shown(file, root.get("Parameters"), context)?,
            places: Places::new(file),
            notes: parameter::notes(file, root.get("Parameters"), context)?,
            ..Template::default()
        },
        properties: BTreeMap::new(),
        taken: BTreeMap::new(),
        published: Vec::new(),
        permissions: Vec::new(),
        invoke_configs: Vec::new(),
        policies: Vec::new(),
    };
    for resource in active {
        let needs = dependencies.remove(&resource.key).unwrap_or_default();
        assembly.add_resource(resource, needs)?;
    }
    let outputs = root.get("Outputs").and_then(Node::entries);
    for output in outputs.unwrap_or_default() {
        assembly.add_output(place(&output.key), output)?;
    }
    assembly.connect()?;
    Ok(assembly.template)
}

/// Whether the `Condition` of a resource or output holds.
fn is_active(scope: &Scope<'_>, place: &Place, entry: &Entry) -> Result<bool, TemplateError> {
    match entry.value.get("Condition") {
        None => Ok(true),
        Some(node) => match &node.data {
            Data::String(name) => scope.condition(place, node.at, name),
            _ => Err(place.kind(node.at, "Condition", "the name of a condition")),
        },
    }
}

/// Resources that attach to others by name.
type Attached<Target, Content> = Vec<(Place, Position, Target, Content)>;

/// A template being assembled.
pub(super) struct Assembly<'a> {
    pub file: &'a str,
    pub scope: Scope<'a>,
    pub template: Template,
    /// Resolved properties by logical id, for the place of what is wrong in them.
    pub properties: BTreeMap<String, Node>,
    /// Logical ids of the resources that have a name, by what they are and by the name.
    pub taken: BTreeMap<(&'static str, String), String>,
    /// Versions and aliases of functions.
    pub published: Vec<(Place, Position, Published)>,
    /// Permissions, by name of their function.
    pub permissions: Attached<String, Permission>,
    /// Invoke configurations, by name of their function.
    pub invoke_configs: Attached<String, InvokeConfig>,
    /// Policies, by names of their roles.
    pub policies: Attached<Vec<String>, Value>,
}

impl Assembly<'_> {
    /// The place of a resource, or of the function whose event it is.
    pub fn place_of(&self, id: &str) -> (Place, Position) {
        let resources = &self.scope.resources;
        let owner = resources.iter().filter(|(name, _)| id.starts_with(*name));
        let found = resources.get_key_value(id);
        let found = found.or_else(|| owner.max_by_key(|(name, _)| name.len()));
        let at = found.map_or(Position { line: 1, column: 1 }, |(_, node)| node.at);
        let place = Place::new(self.file, id);
        (place, at)
    }

    /// `needs` are the resources that it depends on.
    fn add_resource(&mut self, entry: &Entry, needs: Vec<String>) -> Result<(), TemplateError> {
        let node = &entry.value;
        let kind = node.get("Type").and_then(Node::as_text);
        let place = Place {
            file: self.file.to_owned(),
            item: entry.key.clone(),
            kind: kind.unwrap_or_default().to_owned(),
        };
        section::check_attributes(&place, node)?;
        let Some(kind) = kind else {
            return Err(place.error(entry.at, Problem::Missing("Type".to_owned())));
        };
        let id = entry.key.as_str();
        self.template.places.add(id, entry.at);
        let identity = self.scope.identity(&place, entry.at, id)?;
        self.take_name(entry, kind, &identity.name)?;
        if let Some(why) = Inert::of(kind, self.scope.context) {
            self.add_inert(entry, kind, &identity.name, needs, why);
            return Ok(());
        }
        let fields = self.resolve_properties(&place, entry, kind);
        let fields = fields.map_err(|error| inert::of_source(kind, error))?;
        let resource = deletion::read(entry, &identity.name, needs);
        self.template.resources.push(resource);
        if let Some((identity, fields)) = self.add_typed((kind, id), identity, fields, entry)? {
            self.add_attached((kind, id), identity, fields, place, entry.at)?;
        }
        Ok(())
    }

    /// Reads the types that become a resource of the template; returns any other type unread.
    fn add_typed(
        &mut self,
        (kind, id): (&str, &str),
        identity: Identity,
        fields: Fields,
        entry: &Entry,
    ) -> Result<Option<(Identity, Fields)>, TemplateError> {
        let template = &mut self.template;
        match kind {
            "AWS::Serverless::Function" => self.add_function(id, identity, fields, entry)?,
            "AWS::Lambda::Function" => {
                template
                    .functions
                    .push(function::read_plain(id, identity, fields)?);
            }
            "AWS::Serverless::LayerVersion" | "AWS::Lambda::LayerVersion" => {
                self.add_layer(id, identity, fields, entry)?;
            }
            "AWS::DynamoDB::Table" => template.tables.push(table::read(id, identity, fields)?),
            "AWS::Serverless::SimpleTable" => {
                template
                    .tables
                    .push(table::read_simple(id, identity, fields)?);
            }
            "AWS::IoT::TopicRule" => {
                let rule = rule::read(id, identity, self.scope.context, fields)?;
                self.note_actions(entry.at, &rule);
                self.add_place_of_sql(id, &["TopicRulePayload", "Sql"]);
                self.template.rules.push(rule);
            }
            "AWS::IoT::Thing" => template.things.push(thing::read(id, identity, fields)?),
            "AWS::IoT::ProvisioningTemplate" => {
                let templates = &mut template.provisioning_templates;
                templates.push(provisioning::read(id, identity, fields)?);
            }
            "AWS::IAM::Role" => template.roles.push(role::read(id, identity, fields)?),
            "AWS::Scheduler::Schedule" => {
                template
                    .schedules
                    .push(schedule::read(id, identity, fields)?);
            }
            "AWS::SQS::Queue" => template.queues.push(queue::read(id, identity, fields)?),
            "AWS::Lambda::EventSourceMapping" => {
                template.event_sources.push(source::mapping(id, fields)?);
            }
            "AWS::SNS::Topic" => {
                let (topic, subscriptions) = topic::read(id, identity, fields)?;
                template.topics.push(topic);
                template.subscriptions.extend(subscriptions);
            }
            "AWS::CloudWatch::Alarm" => template.alarms.push(alarm::read(id, identity, fields)?),
            kind if accept::is_accepted(kind) || iot_account::is_known(kind) => {
                match kind {
                    kind if iot_account::is_known(kind) => iot_account::read(kind, fields)?,
                    kind => accept::read(kind, fields)?,
                }
                template.without_effect.push(WithoutEffect {
                    logical_id: id.to_owned(),
                    resource_type: kind.to_owned(),
                });
            }
            _ => return Ok(Some((identity, fields))),
        }
        Ok(None)
    }

    /// Reads the types that attach to other resources.
    fn add_attached(
        &mut self,
        (kind, id): (&str, &str),
        identity: Identity,
        mut fields: Fields,
        place: Place,
        at: Position,
    ) -> Result<(), TemplateError> {
        match kind {
            "AWS::Lambda::Version" | "AWS::Lambda::Alias" => {
                let published = function::read_published(kind, fields)?;
                self.published.push((place, at, published));
            }
            "AWS::Lambda::Permission" => {
                let (function, permission) = function::read_permission(id, fields)?;
                self.permissions.push((place, at, function, permission));
            }
            "AWS::Lambda::EventInvokeConfig" => {
                let (function, config) = function::read_event_invoke_config(fields)?;
                self.invoke_configs.push((place, at, function, config));
            }
            "AWS::IAM::Policy" => {
                let (roles, document) = role::policy(fields)?;
                self.policies.push((place, at, roles, document));
            }
            "AWS::IAM::ManagedPolicy" => {
                let (policy, roles) = managed_policy::read(id, identity, fields)?;
                self.policies
                    .push((place, at, roles, policy.document.clone()));
                self.template.managed_policies.push(policy);
            }
            "AWS::IoT::Policy" => {
                let document = fields.json("PolicyDocument");
                let document = document.ok_or_else(|| fields.missing("PolicyDocument"))?;
                accept_only(fields, &["PolicyName", "Tags"])?;
                let policies = &mut self.template.iot_policies;
                policies.insert(identity.name, document);
            }
            "AWS::SNS::Subscription" => {
                let subscription = topic::read_subscription(id, fields)?;
                self.template.subscriptions.push(subscription);
            }
            "AWS::SNS::TopicPolicy" => {
                let policy = topic::read_policy(id, "Topics", fields)?;
                self.template.topic_policies.push(policy);
            }
            "AWS::SQS::QueuePolicy" => {
                let policy = topic::read_policy(id, "Queues", fields)?;
                self.template.queue_policies.push(policy);
            }
            "AWS::IoT::PolicyPrincipalAttachment" => {
                let attachment = thing::attachment(id, "PolicyName", fields)?;
                self.template.policy_attachments.push(attachment);
            }
            "AWS::IoT::ThingPrincipalAttachment" => {
                let attachment = thing::attachment(id, "ThingName", fields)?;
                self.template.thing_attachments.push(attachment);
            }
            other => {
                return Err(place.error(at, kind::refused(other)));
            }
        }
        Ok(())
    }

    /// The resource's resolved properties, with those of `Globals` as defaults.
    fn resolve_properties(
        &mut self,
        place: &Place,
        entry: &Entry,
        kind: &str,
    ) -> Result<Fields, TemplateError> {
        let none = Node {
            at: entry.at,
            data: Data::Map(Vec::new()),
        };
        let own = entry.value.get("Properties").unwrap_or(&none);
        let global = kind.strip_prefix("AWS::Serverless::");
        let global = global.and_then(|name| self.scope.globals?.get(name));
        let merged = match global {
            Some(global) => function::merge(global, own),
            None => own.clone(),
        };
        let resolved = self.scope.resolve(place, &merged)?.unwrap_or(none);
        self.properties.insert(entry.key.clone(), resolved.clone());
        Fields::new(place.clone(), "", resolved)
    }

    /// Keeps the place of a rule's SQL, which is at `path` in the properties.
    fn add_place_of_sql(&mut self, rule: &str, path: &[&str]) {
        let mut path = path.iter();
        let own = self.properties_of(rule);
        if let Some(sql) = own.and_then(|node| path.try_fold(node, |node, key| node.get(key))) {
            self.template.places.add_sql(rule, sql.at);
        }
    }

    fn add_output(&mut self, place: Place, entry: &Entry) -> Result<(), TemplateError> {
        if !is_active(&self.scope, &place, entry)? {
            return Ok(());
        }
        let resolved = match self.scope.resolve(&place, &entry.value) {
            Err(error) if inert::is_about_inert(&error) => {
                let text = "the output is left out: it needs an attribute of a name only";
                self.note(entry.at, &entry.key, text);
                return Ok(());
            }
            resolved => resolved?,
        };
        let Some(node) = resolved else {
            return Ok(());
        };
        let mut fields = Fields::new(place, "", node)?;
        let value = fields.need_text("Value")?;
        if let Some(mut export) = fields.map("Export")? {
            export.need_text("Name")?;
            export.finish()?;
        }
        accept_only(fields, &["Description", "Condition"])?;
        self.template.outputs.insert(entry.key.clone(), value);
        Ok(())
    }
}

/// Accepts these properties and refuses all others.
fn accept_only(mut fields: Fields, accepted: &[&str]) -> Result<(), TemplateError> {
    fields.accept(accepted);
    fields.finish()
}
