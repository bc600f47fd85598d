//! References between resources: permissions, policies, actions, schedules and destinations must
//! name a resource that exists.

use super::assemble::Assembly;
use super::error::{Problem, TemplateError};
use super::fields::Place;
use super::managed_policy::is_customer_policy;
use super::node::Position;
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
        for (place, at, roles, document) in std::mem::take(&mut self.policies) {
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
                    (None, None) => return Err(place.error(at, unknown_target(&name, "role"))),
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
            Some((id, arn)) => Err(self.unresolved(&id, &arn, "managed policy")),
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
        found.ok_or_else(|| place.error(at, unknown_target(target, "function")))
    }

    fn check(&self) -> Result<(), TemplateError> {
        let template = &self.template;
        for schedule in &template.schedules {
            if !is_function(template, &schedule.function_arn) {
                return Err(self.unresolved(
                    &schedule.logical_id,
                    &schedule.function_arn,
                    "function",
                ));
            }
        }
        for rule in &template.rules {
            for action in rule.actions.iter().chain(&rule.error_action) {
                match action {
                    Action::Lambda { function_arn } if !is_function(template, function_arn) => {
                        return Err(self.unresolved(&rule.logical_id, function_arn, "function"));
                    }
                    Action::DynamoDb { table, .. } | Action::DynamoDbV2 { table, .. }
                        if !table.contains("${")
                            && !template.tables.iter().any(|t| &t.name == table) =>
                    {
                        return Err(self.unresolved(&rule.logical_id, table, "table"));
                    }
                    Action::Sns { topic_arn, .. }
                        if !topic_arn.contains("${")
                            && !template.topics.iter().any(|t| &t.arn == topic_arn) =>
                    {
                        return Err(self.unresolved(&rule.logical_id, topic_arn, "topic"));
                    }
                    Action::Sqs { queue_url, .. }
                        if !template.queues.iter().any(|q| &q.url == queue_url) =>
                    {
                        return Err(self.unresolved(&rule.logical_id, queue_url, "queue"));
                    }
                    _ => {}
                }
            }
        }
        for function in &template.functions {
            if !function.role_is_own && !template.roles.iter().any(|r| r.arn == function.role_arn) {
                return Err(self.unresolved(&function.logical_id, &function.role_arn, "role"));
            }
            let Some(destination) = &function.on_failure else {
                continue;
            };
            if !self.is_destination(destination) {
                return Err(self.unresolved(&function.logical_id, destination, "queue or topic"));
            }
        }
        for queue in &template.queues {
            if let Some(redrive) = &queue.redrive
                && !template.queues.iter().any(|q| q.arn == redrive.target_arn)
            {
                return Err(self.unresolved(&queue.logical_id, &redrive.target_arn, "queue"));
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
                return Err(self.unresolved(id, &subscription.topic_arn, "topic"));
            }
            let endpoint = &subscription.endpoint;
            let is_queue = template.queues.iter().any(|queue| &queue.arn == endpoint);
            if subscription.protocol == Protocol::Sqs && !is_queue {
                return Err(self.unresolved(id, endpoint, "queue"));
            }
        }
        for policy in &template.topic_policies {
            if let Some(stray) = policy.targets.iter().find(|arn| !is_topic(arn)) {
                return Err(self.unresolved(&policy.logical_id, stray, "topic"));
            }
        }
        for policy in &template.queue_policies {
            let is_queue = |url: &String| template.queues.iter().any(|queue| &queue.url == url);
            if let Some(stray) = policy.targets.iter().find(|url| !is_queue(url)) {
                return Err(self.unresolved(&policy.logical_id, stray, "queue"));
            }
        }
        for policies in [&template.topic_policies, &template.queue_policies] {
            self.check_targets(policies)?;
        }
        for alarm in &template.alarms {
            let actions = alarm.alarm_actions.iter().chain(&alarm.ok_actions);
            let mut actions = actions.chain(&alarm.insufficient_data_actions);
            if let Some(stray) = actions.find(|arn| !is_topic(arn)) {
                return Err(self.unresolved(&alarm.logical_id, stray, "topic"));
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
                .ok_or_else(|| self.unresolved(id, &source.function_arn, "function"))?;
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
        let queue = queues
            .find(|q| q.arn == source.source_arn)
            .ok_or_else(|| self.unresolved(id, &source.source_arn, "queue"))?;
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
            return Err(self.unresolved(id, destination, "queue or topic"));
        }
        let mut tables = self.template.tables.iter();
        let table = tables.find(|table| {
            let stream = table.stream.as_ref();
            stream.is_some_and(|stream| stream.arn == source.source_arn)
        });
        let table = table.ok_or_else(|| self.unresolved(id, &source.source_arn, "stream"))?;
        Ok(&table.logical_id)
    }

    fn is_destination(&self, arn: &str) -> bool {
        let template = &self.template;
        template.queues.iter().any(|q| q.arn == arn) || template.topics.iter().any(|t| t.arn == arn)
    }

    /// The error for a resource that refers to something outside the template.
    fn unresolved(&self, id: &str, target: &str, kinds: &'static str) -> TemplateError {
        let (place, at) = self.place_of(id);
        place.error(at, unknown_target(target, kinds))
    }
}

fn is_function(template: &Template, arn: &str) -> bool {
    arn.starts_with("arn:")
        && template
            .functions
            .iter()
            .any(|f| f.qualifier_in(arn).is_some())
}

fn unknown_target(target: &str, kinds: &'static str) -> Problem {
    Problem::unknown(target, kinds, std::iter::empty())
}
