//! Refuses two resources of one name, which `CloudFormation` cannot create.
//!
//! Source: `CloudFormation` user guide, "Name type": names of resources must be unique.
//!
//! Must not know: how a name is made.

use std::collections::BTreeMap;

use super::assemble::Assembly;
use super::error::TemplateError;
use super::kind;
use super::node::{Entry, Node, Position};

/// What a resource of a type is, if no other may have its name. Things have a check of their own,
/// and the names of rules and schedules are known only when events were read.
fn class_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::Serverless::Function" | "AWS::Lambda::Function" => "function",
        "AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable" => "table",
        "AWS::SQS::Queue" => "queue",
        "AWS::SNS::Topic" => "topic",
        "AWS::S3::Bucket" => "bucket",
        "AWS::IAM::Role" => "role",
        "AWS::IAM::ManagedPolicy" => "managed policy",
        "AWS::IoT::Policy" => "policy",
        "AWS::IoT::ProvisioningTemplate" => "provisioning template",
        "AWS::IoT::ScheduledAudit" => "scheduled audit",
        "AWS::Logs::LogGroup" => "log group",
        "AWS::CloudWatch::Alarm" => "alarm",
        "AWS::CloudWatch::Dashboard" => "dashboard",
        "AWS::Scheduler::ScheduleGroup" => "schedule group",
        _ => return None,
    })
}

impl Assembly<'_> {
    /// Keeps the name of a resource, and refuses it if an earlier one has it.
    pub fn take_name(
        &mut self,
        entry: &Entry,
        kind: &str,
        name: &str,
    ) -> Result<(), TemplateError> {
        let Some(class) = class_of(kind) else {
            return Ok(());
        };
        let key = (class, name.to_owned());
        if let Some(first) = self.taken.get(&key) {
            let given = naming_property(
                entry.value.get("Properties"),
                kind::naming(kind).unwrap_or_default(),
            );
            let (what, at) = given.unwrap_or(("the name", entry.at));
            return Err(self.second(&entry.key, (what, name, at), class, first));
        }
        self.taken.insert(key, entry.key.clone());
        Ok(())
    }

    /// Refuses rules and schedules of one name, also those that SAM makes of events.
    pub fn check_names(&self) -> Result<(), TemplateError> {
        let template = &self.template;
        let rules = template.rules.iter();
        let rules = rules.map(|rule| ("rule", &rule.arn, &rule.name, &rule.logical_id));
        let schedules = template.schedules.iter();
        let schedules = schedules.map(|one| ("schedule", &one.arn, &one.name, &one.logical_id));
        let mut taken = BTreeMap::new();
        for (class, arn, name, id) in rules.chain(schedules) {
            let Some(first) = taken.insert(arn, id) else {
                continue;
            };
            let own = self.properties_of(id);
            // The properties of an event are one level deeper.
            let own = own.and_then(|node| node.get("Properties").or(Some(node)));
            let given = naming_property(own, &["RuleName", "Name"]);
            let (what, at) = given.unwrap_or_else(|| ("the name", self.place_of(id).1));
            return Err(self.second(id, (what, name, at), class, first));
        }
        Ok(())
    }

    fn second(
        &self,
        id: &str,
        (what, name, at): (&str, &str, Position),
        class: &str,
        first: &str,
    ) -> TemplateError {
        let reason = format!(
            "{} is the {class} of this name, and CloudFormation fails (already exists): give \
             another name",
            self.template.places.of(first)
        );
        let (place, _) = self.place_of(id);
        place.refused(at, what, name, &reason)
    }
}

/// The property that gives a resource its name.
fn naming_property<'a>(
    properties: Option<&Node>,
    naming: &[&'a str],
) -> Option<(&'a str, Position)> {
    let entries = properties.and_then(Node::entries)?;
    naming.iter().find_map(|name| {
        let entry = entries.iter().find(|entry| entry.key == *name)?;
        Some((*name, entry.at))
    })
}
