//! References between resources: permissions, policies, actions, schedules and destinations must
//! name a resource that exists.

use super::assemble::Assembly;
use super::error::{Problem, TemplateError};
use super::fields::Place;
use super::node::Position;
use super::{Action, EventSource, Function, SourceKind, StreamReading, Template, queue};

impl Assembly<'_> {
    /// Attaches resources to those they name, then checks all other references.
    pub fn connect(&mut self) -> Result<(), TemplateError> {
        for (place, at, target, permission) in std::mem::take(&mut self.permissions) {
            self.function_named(&place, at, &target)?
                .permissions
                .push(permission);
        }
        for (place, at, target, config) in std::mem::take(&mut self.invoke_configs) {
            let function = self.function_named(&place, at, &target)?;
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
        for source in &mut self.template.event_sources {
            let mut functions = self.template.functions.iter();
            if let Some(function) = functions.find(|f| f.name == source.function_arn) {
                source.function_arn = function.arn.clone();
            }
        }
        self.check()
    }

    fn function_named(
        &mut self,
        place: &Place,
        at: Position,
        target: &str,
    ) -> Result<&mut Function, TemplateError> {
        let mut functions = self.template.functions.iter_mut();
        functions
            .find(|f| f.arn == target || f.name == target)
            .ok_or_else(|| place.error(at, unknown_target(target, "function")))
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
            let Some(destination) = &function.on_failure else {
                continue;
            };
            if !self.is_destination(destination) {
                return Err(self.unresolved(&function.logical_id, destination, "queue or topic"));
            }
            if !function.role_is_own && !template.roles.iter().any(|r| r.arn == function.role_arn) {
                return Err(self.unresolved(&function.logical_id, &function.role_arn, "role"));
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
            let mut functions = template.functions.iter();
            let function = functions
                .find(|f| f.arn == source.function_arn)
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
    template.functions.iter().any(|f| f.arn == arn)
}

fn unknown_target(target: &str, kinds: &'static str) -> Problem {
    Problem::unknown(target, kinds, std::iter::empty())
}
