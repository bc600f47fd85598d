//! References between resources: permissions, policies, actions, schedules and destinations must
//! name a resource that exists.

use super::assemble::Assembly;
use super::error::TemplateError;
use super::fields::Place;
use super::managed_policy::is_customer_policy;
use super::node::Position;
use super::reference::Reference;
use super::{
    Action, EventSource, Function, Permission, Protocol, ResourcePolicy, SourceKind, StreamReading,
    Template, queue,
};

impl Assembly<'_> {
    /// Attaches resources to those they name, then checks all other references.
    pub fn connect(&mut self) -> Result<(), TemplateError> {
        self.publish()?;
        for (place, at, target, permission) in std::mem::take(&mut self.permissions) {
            let (function, qualifier) = self.function_named(&place, at, &target)?;
            function.permissions.push(Permission {
                qualifier,
                ..permission
            });
        }
        for (place, at, target, config) in std::mem::take(&mut self.invoke_configs) {
            let (function, qualifier) = self.function_named(&place, at, &target)?;
            function.event_qualifier = qualifier;
            function.max_retries = config.retries;
            function.max_event_age_s = config.age_s;
            function.on_failure = config.on_failure;
        }
        for (place, _, roles, document) in std::mem::take(&mut self.policies) {
            for name in roles {
                let own = format!("role/{name}");
                let role = self.template.roles.iter_mut().find(|r| r.name == name);
                let functions = &mut self.template.functions;
                let function = functions
                    .iter_mut()
                    .find(|f| f.role_is_own && f.role_arn.ends_with(&own));
                match (role, function) {
                    (Some(role), _) => role.documents.push(document.clone()),
                    (None, Some(function)) => function.role_policies.push(document.clone()),
                    (None, None) => {
                        let role = Reference::new(&["Roles"], &name, "role");
                        return Err(self.unresolved(&place.item, role));
                    }
                }
            }
        }
        self.attach_managed_policies()?;
        for source in &mut self.template.event_sources {
            let mut functions = self.template.functions.iter();
            let target = source.function_arn.as_str();
            let found = functions.find_map(|f| Some((f, f.qualifier_in(target)?)));
            match found {
                Some((function, "")) => source.function_arn = function.arn.clone(),
                Some((function, qualifier)) => {
                    source.function_arn = format!("{}:{qualifier}", function.arn);
                }
                None => {}
            }
        }
        self.check()
    }

    /// Gives functions the versions and aliases that resources publish.
    fn publish(&mut self) -> Result<(), TemplateError> {
        for (place, at, published) in std::mem::take(&mut self.published) {
            let (function, _) = self.function_named(&place, at, &published.function)?;
            function.published = true;
            let Some(alias) = published.alias else {
                continue;
            };
            if let Some(one) = function.alias.as_ref().filter(|one| **one != alias) {
                let reason = format!("the function has the alias {one}, and one is supported");
                return Err(place.refused(at, "Name", &alias, &reason));
            }
            function.alias = Some(alias);
        }
        Ok(())
    }

    /// Replaces the ARNs of the template's own policies in roles by their documents.
    fn attach_managed_policies(&mut self) -> Result<(), TemplateError> {
        let policies = self.template.managed_policies.clone();
        let roles = self.template.roles.iter_mut();
        let roles = roles.map(|role| (&role.logical_id, &mut role.documents));
        let functions = self.template.functions.iter_mut();
        let functions = functions.map(|f| (&f.logical_id, &mut f.role_policies));
        let mut unknown = None;
        for (id, documents) in roles.chain(functions) {
            for document in documents {
                let Some(arn) = document.as_str().filter(|arn| is_customer_policy(arn)) else {
                    continue;
                };
                match policies.iter().find(|policy| policy.arn == arn) {
                    Some(policy) => *document = policy.document.clone(),
                    None => unknown = Some((id.clone(), arn.to_owned())),
                }
            }
        }
        match unknown {
            Some((id, arn)) => {
                let keys = ["ManagedPolicyArns", "Policies"];
                let policy = Reference::new(&keys, &arn, "managed policy");
                Err(self.unresolved(&id, policy))
            }
            None => Ok(()),
        }
    }

    fn function_named(
        &mut self,
        place: &Place,
        at: Position,
        target: &str,
    ) -> Result<(&mut Function, Option<String>), TemplateError> {
        let mut functions = self.template.functions.iter_mut();
        let found = functions.find_map(|function| {
            let qualifier = function.qualifier_in(target)?;
            let qualifier = (!qualifier.is_empty()).then(|| qualifier.to_owned());
            Some((function, qualifier))
        });
        found.ok_or_else(|| {
            let function = Reference::new(&["FunctionName"], target, "function");
            let own = self.properties.get(&place.item);
            let at = own
                .and_then(|node| function.position_in(node))
                .unwrap_or(at);
            place.error(at, function.problem())
        })
    }

    fn check(&self) -> Result<(), TemplateError> {
        let template = &self.template;
        self.check_names()?;
        for schedule in &template.schedules {
            if !is_function(template, &schedule.function_arn) {
                let function = Reference::new(&["Arn"], &schedule.function_arn, "function");
                return Err(self.unresolved(&schedule.logical_id, function));
            }
        }
        for rule in &template.rules {
            for action in rule.actions.iter().chain(&rule.error_action) {
                if let Some(stray) = stray_of(template, action) {
                    return Err(self.unresolved(&rule.logical_id, stray));
                }
            }
        }
        for function in &template.functions {
            let id = &function.logical_id;
            if !function.role_is_own && !template.roles.iter().any(|r| r.arn == function.role_arn) {
                let role = Reference::new(&["Role"], &function.role_arn, "role");
                return Err(self.unresolved(id, role));
            }
            let Some(destination) = &function.on_failure else {
                continue;
            };
            if !self.is_destination(destination) {
                return Err(self.unresolved(id, to_destination(destination)));
            }
        }
        for queue in &template.queues {
            if let Some(redrive) = &queue.redrive
                && !template.queues.iter().any(|q| q.arn == redrive.target_arn)
            {
                let keys = ["deadLetterTargetArn"];
                let target = Reference::new(&keys, &redrive.target_arn, "queue");
                return Err(self.unresolved(&queue.logical_id, target));
            }
        }
        self.check_notifications()?;
        self.check_sources()
    }

    /// Subscriptions, policies and alarms must name topics and queues of the template.
    fn check_notifications(&self) -> Result<(), TemplateError> {
        let template = &self.template;
        let is_topic = |arn: &String| template.topics.iter().any(|topic| &topic.arn == arn);
        for subscription in &template.subscriptions {
            let id = &subscription.logical_id;
            if !is_topic(&subscription.topic_arn) {
                let topic = Reference::new(&["TopicArn"], &subscription.topic_arn, "topic");
                return Err(self.unresolved(id, topic));
            }
            let endpoint = &subscription.endpoint;
            let is_queue = template.queues.iter().any(|queue| &queue.arn == endpoint);
            if subscription.protocol == Protocol::Sqs && !is_queue {
                let queue = Reference::new(&["Endpoint"], endpoint, "queue");
                return Err(self.unresolved(id, queue));
            }
        }
        for policy in &template.topic_policies {
            if let Some(stray) = policy.targets.iter().find(|arn| !is_topic(arn)) {
                let topic = Reference::new(&["Topics"], stray, "topic");
                return Err(self.unresolved(&policy.logical_id, topic));
            }
        }
        for policy in &template.queue_policies {
            let is_queue = |url: &String| template.queues.iter().any(|queue| &queue.url == url);
            if let Some(stray) = policy.targets.iter().find(|url| !is_queue(url)) {
                let queue = Reference::new(&["Queues"], stray, "queue");
                return Err(self.unresolved(&policy.logical_id, queue));
            }
        }
        for policies in [&template.topic_policies, &template.queue_policies] {
            self.check_targets(policies)?;
        }
        for alarm in &template.alarms {
            let actions = alarm.alarm_actions.iter().chain(&alarm.ok_actions);
            let mut actions = actions.chain(&alarm.insufficient_data_actions);
            if let Some(stray) = actions.find(|arn| !is_topic(arn)) {
                let keys = ["AlarmActions", "OKActions", "InsufficientDataActions"];
                let topic = Reference::new(&keys, stray, "topic");
                return Err(self.unresolved(&alarm.logical_id, topic));
            }
        }
        Ok(())
    }

    /// A topic or queue has one policy: in AWS the second replaces the first, in any order.
    fn check_targets(&self, policies: &[ResourcePolicy]) -> Result<(), TemplateError> {
        for (index, policy) in policies.iter().enumerate() {
            for target in &policy.targets {
                let mut earlier = policies[..index].iter();
                if let Some(other) = earlier.find(|other| other.targets.contains(target)) {
                    let (place, at) = self.place_of(&policy.logical_id);
                    let reason = format!(
                        "{} is its policy already, and one replaces the other: put all statements \
                         into one",
                        other.logical_id
                    );
                    return Err(place.refused(at, "target", target, &reason));
                }
            }
        }
        Ok(())
    }

    /// The checks that Lambda makes when a source is created.
    fn check_sources(&self) -> Result<(), TemplateError> {
        let template = &self.template;
        for (index, source) in template.event_sources.iter().enumerate() {
            let id = &source.logical_id;
            let mut functions = template.functions.iter();
            let function = functions
                .find(|f| f.qualifier_in(&source.function_arn).is_some())
                .ok_or_else(|| {
                    let keys = ["FunctionName"];
                    let function = Reference::new(&keys, &source.function_arn, "function");
                    self.unresolved(id, function)
                })?;
            let (what, name, contents) = match &source.kind {
                SourceKind::Queue { .. } => {
                    ("queue", self.check_queue(source, function)?, "messages")
                }
                SourceKind::Stream(reading) => {
                    ("stream", self.check_stream(source, reading)?, "records")
                }
            };
            let mut earlier = template.event_sources[..index].iter();
            let is_same = |other: &&EventSource| {
                (&other.source_arn, &other.function_arn)
                    == (&source.source_arn, &source.function_arn)
            };
            if let Some(other) = earlier.find(is_same) {
                let reason = format!(
                    "{} already delivers its {contents} to {}, and AWS allows one mapping of a \
                     {what} to a function",
                    other.logical_id, function.logical_id
                );
                let (place, at) = self.place_of(id);
                return Err(place.refused(at, what, name, &reason));
            }
        }
        Ok(())
    }

    /// Checks the queue of a source, and returns its logical id.
    fn check_queue(
        &self,
        source: &EventSource,
        function: &Function,
    ) -> Result<&str, TemplateError> {
        let id = &source.logical_id;
        let mut queues = self.template.queues.iter();
        let queue = queues.find(|q| q.arn == source.source_arn).ok_or_else(|| {
            let keys = ["Queue", "EventSourceArn"];
            let queue = Reference::new(&keys, &source.source_arn, "queue");
            self.unresolved(id, queue)
        })?;
        if queue.visibility_s < function.timeout_s {
            let (place, at) = self.place_of(id);
            let problem = queue::visibility_too_short(queue, function.timeout_s);
            return Err(place.error(at, problem));
        }
        Ok(&queue.logical_id)
    }

    /// Checks the stream and the destination of a source, and returns the table's logical id.
    fn check_stream(
        &self,
        source: &EventSource,
        reading: &StreamReading,
    ) -> Result<&str, TemplateError> {
        let id = &source.logical_id;
        if let Some(destination) = &reading.on_failure
            && !self.is_destination(destination)
        {
            return Err(self.unresolved(id, to_destination(destination)));
        }
        let mut tables = self.template.tables.iter();
        let table = tables.find(|table| {
            let stream = table.stream.as_ref();
            stream.is_some_and(|stream| stream.arn == source.source_arn)
        });
        let table = table.ok_or_else(|| {
            let keys = ["Stream", "EventSourceArn"];
            let stream = Reference::new(&keys, &source.source_arn, "stream");
            self.unresolved(id, stream)
        })?;
        Ok(&table.logical_id)
    }

    fn is_destination(&self, arn: &str) -> bool {
        let template = &self.template;
        template.queues.iter().any(|q| q.arn == arn) || template.topics.iter().any(|t| t.arn == arn)
    }
}

fn is_function(template: &Template, arn: &str) -> bool {
    arn.starts_with("arn:")
        && template
            .functions
            .iter()
            .any(|f| f.qualifier_in(arn).is_some())
}

/// What an action names that is not in the template. A name that is made when the action runs is
/// not known yet.
fn stray_of<'t>(template: &'t Template, action: &'t Action) -> Option<Reference<'t>> {
    let is_open = |name: &str| name.contains("${");
    match action {
        Action::Lambda { function_arn } if !is_function(template, function_arn) => {
            Some(Reference::new(&["FunctionArn"], function_arn, "function").inside("Lambda"))
        }
        Action::DynamoDb { table, .. } | Action::DynamoDbV2 { table, .. }
            if !is_open(table) && !template.tables.iter().any(|t| &t.name == table) =>
        {
            let kind = match action {
                Action::DynamoDb { .. } => "DynamoDB",
                _ => "DynamoDBv2",
            };
            Some(Reference::new(&["TableName"], table, "table").inside(kind))
        }
        Action::Sns { topic_arn, .. }
            if !is_open(topic_arn) && !template.topics.iter().any(|t| &t.arn == topic_arn) =>
        {
            Some(Reference::new(&["TargetArn"], topic_arn, "topic").inside("Sns"))
        }
        Action::Sqs { queue_url, .. } if !template.queues.iter().any(|q| &q.url == queue_url) => {
            Some(Reference::new(&["QueueUrl"], queue_url, "queue").inside("Sqs"))
        }
        _ => None,
    }
}

fn to_destination(arn: &str) -> Reference<'_> {
    Reference::new(&["Destination"], arn, "queue or topic")
}
