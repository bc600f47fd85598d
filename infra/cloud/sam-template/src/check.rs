//! References between resources: permissions, policies, actions, schedules and destinations must
//! name a resource that exists.

use super::assemble::Assembly;
use super::error::{Problem, TemplateError};
use super::fields::Place;
use super::managed_policy::is_customer_policy;
use super::node::Position;
use super::{Action, EventSource, Permission, Template, queue};

impl Assembly<'_> {
    /// Attaches resources to those they name, then checks all other references.
    pub fn connect(&mut self) -> Result<(), TemplateError> {
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
    ) -> Result<(&mut super::Function, Option<String>), TemplateError> {
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
            let queue = template.queues.iter().any(|q| &q.arn == destination);
            if !queue && !template.topics.iter().any(|t| &t.arn == destination) {
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
        self.check_sources()
    }

    /// The checks that Lambda makes when a source is created.
    fn check_sources(&self) -> Result<(), TemplateError> {
        let template = &self.template;
        for (index, source) in template.event_sources.iter().enumerate() {
            let id = &source.logical_id;
            let (mut queues, mut functions) = (template.queues.iter(), template.functions.iter());
            let queue = queues
                .find(|q| q.arn == source.queue_arn)
                .ok_or_else(|| self.unresolved(id, &source.queue_arn, "queue"))?;
            let function = functions
                .find(|f| f.qualifier_in(&source.function_arn).is_some())
                .ok_or_else(|| self.unresolved(id, &source.function_arn, "function"))?;
            let (place, at) = self.place_of(id);
            if queue.visibility_s < function.timeout_s {
                let problem = queue::visibility_too_short(queue, function.timeout_s);
                return Err(place.error(at, problem));
            }
            let mut earlier = template.event_sources[..index].iter();
            let is_same = |other: &&EventSource| {
                (&other.queue_arn, &other.function_arn) == (&source.queue_arn, &source.function_arn)
            };
            if let Some(other) = earlier.find(is_same) {
                let reason = format!(
                    "{} already delivers its messages to {}, and AWS allows one mapping of a queue \
                     to a function",
                    other.logical_id, function.logical_id
                );
                return Err(place.refused(at, "queue", &queue.logical_id, &reason));
            }
        }
        Ok(())
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
