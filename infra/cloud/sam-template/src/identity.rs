//! The physical name of each resource, and its values of `Ref` and `GetAtt`.
//!
//! Must not know: any property except the one that names a resource.

use super::error::{Problem, TemplateError};
use super::fields::Place;
use super::inert::Inert;
use super::kind;
use super::node::{Data, Node, Position};
use super::scope::Scope;

/// The names of a resource.
pub(super) struct Identity {
    /// Physical name, the last part of the ARN.
    pub name: String,
    /// Value of `Ref`.
    pub reference: String,
    /// Values of `GetAtt`.
    pub attributes: Vec<(&'static str, String)>,
}

impl Identity {
    /// Value of the attribute `Arn`, which some types name after themselves.
    pub fn arn(&self) -> &str {
        self.attributes
            .iter()
            .find(|(name, _)| ["Arn", "TopicArn", "PolicyArn"].contains(name))
            .map(|(_, value)| value.as_str())
            .expect("callers request the arn only of types that have one")
    }

    /// ARN of the stream of a table.
    pub fn stream_arn(&self) -> String {
        format!("{}/stream/{STREAM_LABEL}", self.arn())
    }
}

/// The last part of a stream's ARN. In AWS it is the time when the stream was enabled.
const STREAM_LABEL: &str = "2020-01-01T00:00:00.000";

/// The property that names a database or table of Timestream.
fn timestream_name(kind: &str) -> Option<&'static str> {
    match kind {
        "AWS::Timestream::Database" => Some("DatabaseName"),
        "AWS::Timestream::Table" => Some("TableName"),
        _ => None,
    }
}

/// Whether this is the logical id of an API that SAM generates from the events of functions: a
/// name only.
pub(super) fn is_generated_api(id: &str) -> bool {
    ["ServerlessRestApi", "ServerlessHttpApi"].contains(&id)
}

impl Scope<'_> {
    /// The identity of the resource `id`, or of the role that SAM generates for a function
    /// (`<Function>Role`).
    pub fn identity(
        &self,
        place: &Place,
        at: Position,
        id: &str,
    ) -> Result<Identity, TemplateError> {
        if let Some(resource) = self.resources.get(id) {
            return self.guarded(place, at, id, || self.declared(place, at, id, resource));
        }
        let function = id.strip_suffix("Role").unwrap_or_default();
        let owner = self.resources.get(function).and_then(|r| r.get("Type"));
        if owner.and_then(Node::as_text) == Some("AWS::Serverless::Function") {
            return Ok(self.role_of_function(function));
        }
        if is_generated_api(id) {
            let name = format!("{}-{id}", self.context.stack_name);
            return Ok(self.identity_of("AWS::Serverless::Api", name));
        }
        if self.not_created.contains(id) {
            return Err(place.error(at, Problem::NotMade(id.to_owned())));
        }
        let known = self.resources.keys().chain(self.parameters.keys());
        let problem = Problem::unknown(id, "parameter or resource", known.map(String::as_str));
        Err(place.error(at, problem))
    }

    /// The role that SAM generates for the function `id`.
    pub fn role_of_function(&self, id: &str) -> Identity {
        self.role(format!("{}-{id}Role", self.context.stack_name))
    }

    fn declared(
        &self,
        place: &Place,
        at: Position,
        id: &str,
        resource: &Node,
    ) -> Result<Identity, TemplateError> {
        let kind = resource
            .get("Type")
            .and_then(Node::as_text)
            .unwrap_or_default();
        if ["AWS::Lambda::Version", "AWS::Lambda::Alias"].contains(&kind) {
            return self.published(place, at, kind, resource);
        }
        let Some(naming) = kind::naming(kind) else {
            if Inert::of(kind, self.context).is_some() {
                let name = format!("{}-{id}", self.context.stack_name);
                let mut identity = self.identity_of(kind, name);
                if let Some(key) = timestream_name(kind) {
                    self.name_in_timestream(place, &mut identity, key, resource);
                }
                return Ok(identity);
            }
            return Err(place.error(at, kind::refused(kind)));
        };
        let name = match self.given_name(place, resource, naming)? {
            Some(name) => name,
            None if kind == "AWS::IoT::TopicRule" => {
                // Rule names cannot have hyphens.
                format!("{}_{id}", self.context.stack_name.replace('-', ""))
            }
            None if kind == "AWS::S3::Bucket" => {
                format!("{}-{id}", self.context.stack_name).to_lowercase()
            }
            None => format!("{}-{id}", self.context.stack_name),
        };
        let mut identity = self.identity_of(kind, name);
        if kind == "AWS::DynamoDB::Table" && self.has_stream(place, resource)? {
            let arn = identity.stream_arn();
            identity.attributes.push(("StreamArn", arn));
        }
        Ok(identity)
    }

    /// Gives a name of Timestream its form: the Ref of a table has its database, too, as in the
    /// schema that CloudFormation publishes of the type. Names that
    /// cannot be read stay invented, as other properties are not read either.
    fn name_in_timestream(&self, place: &Place, own: &mut Identity, key: &str, resource: &Node) {
        let given = |key| self.given_name(place, resource, &[key]).ok().flatten();
        if let Some(name) = given(key) {
            own.name = name;
        }
        own.reference.clone_from(&own.name);
        if key == "TableName" {
            let database = given("DatabaseName");
            let database = database.unwrap_or_else(|| self.context.stack_name.clone());
            own.reference = format!("{database}|{}", own.name);
            own.attributes.push(("Name", own.name.clone()));
        }
    }

    fn has_stream(&self, place: &Place, table: &Node) -> Result<bool, TemplateError> {
        let properties = table.get("Properties");
        match properties.and_then(|p| p.get("StreamSpecification")) {
            Some(node) => Ok(self.resolve(place, node)?.is_some()),
            None => Ok(false),
        }
    }

    fn given_name(
        &self,
        place: &Place,
        resource: &Node,
        naming: &[&str],
    ) -> Result<Option<String>, TemplateError> {
        let properties = resource.get("Properties");
        let Some(node) = naming
            .iter()
            .find_map(|key| properties.and_then(|p| p.get(key)))
        else {
            return Ok(None);
        };
        match self.resolve(place, node)? {
            None => Ok(None),
            Some(Node {
                data: Data::String(name),
                ..
            }) => Ok(Some(name)),
            Some(other) => Err(place.kind(other.at, "name", "text")),
        }
    }

    fn role(&self, name: String) -> Identity {
        let arn = format!("arn:aws:iam::{}:role/{name}", self.context.account);
        Identity {
            reference: name.clone(),
            attributes: vec![("Arn", arn), ("RoleId", format!("AROA{name}"))],
            name,
        }
    }

    fn identity_of(&self, kind: &str, name: String) -> Identity {
        let region = &self.context.region;
        let account = &self.context.account;
        let arn = |service: &str, path: &str| {
            vec![(
                "Arn",
                format!("arn:aws:{service}:{region}:{account}:{path}"),
            )]
        };
        let mut reference = name.clone();
        let mut attributes = match kind {
            "AWS::IAM::Role" => return self.role(name),
            "AWS::IAM::ManagedPolicy" => {
                let arn = format!("arn:aws:iam::{account}:policy/{name}");
                reference.clone_from(&arn);
                vec![("PolicyArn", arn), ("PolicyId", format!("ANPA{name}"))]
            }
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => {
                arn("lambda", &format!("function:{name}"))
            }
            "AWS::Serverless::LayerVersion" | "AWS::Lambda::LayerVersion" => {
                arn("lambda", &format!("layer:{name}:1"))
            }
            "AWS::S3::Bucket" => vec![
                ("Arn", format!("arn:aws:s3:::{name}")),
                ("DomainName", format!("{name}.s3.amazonaws.com")),
                (
                    "RegionalDomainName",
                    format!("{name}.s3.{region}.amazonaws.com"),
                ),
            ],
            "AWS::DynamoDB::Table" | "AWS::Serverless::SimpleTable" => {
                arn("dynamodb", &format!("table/{name}"))
            }
            "AWS::SQS::Queue" => arn("sqs", &name),
            "AWS::SNS::Topic" | "AWS::SNS::Subscription" => arn("sns", &name),
            "AWS::IoT::Policy" => arn("iot", &format!("policy/{name}")),
            "AWS::IoT::Thing" => arn("iot", &format!("thing/{name}")),
            "AWS::IoT::TopicRule" => arn("iot", &format!("rule/{name}")),
            "AWS::IoT::ProvisioningTemplate" => arn("iot", &format!("provisioningtemplate/{name}")),
            "AWS::Logs::LogGroup" => arn("logs", &format!("log-group:{name}:*")),
            "AWS::CloudWatch::Alarm" => arn("cloudwatch", &format!("alarm:{name}")),
            "AWS::Scheduler::Schedule" => arn("scheduler", &format!("schedule/default/{name}")),
            "AWS::Scheduler::ScheduleGroup" => arn("scheduler", &format!("schedule-group/{name}")),
            _ => Vec::new(),
        };
        match kind {
            "AWS::IoT::Policy" | "AWS::IoT::Thing" => attributes.push(("Id", name.clone())),
            "AWS::SQS::Queue" => {
                reference = format!("https://sqs.{region}.amazonaws.com/{account}/{name}");
                attributes.push(("QueueName", name.clone()));
                attributes.push(("QueueUrl", reference.clone()));
            }
            "AWS::IoT::ProvisioningTemplate" => attributes[0].0 = "TemplateArn",
            "AWS::SNS::Subscription"
            | "AWS::Serverless::LayerVersion"
            | "AWS::Lambda::LayerVersion" => reference.clone_from(&attributes[0].1),
            "AWS::SNS::Topic" => {
                attributes[0].0 = "TopicArn";
                reference.clone_from(&attributes[0].1);
                attributes.push(("TopicName", name.clone()));
            }
            _ => {}
        }
        Identity {
            name,
            reference,
            attributes,
        }
    }
}

/// The function that owns the events being read, and its stack.
pub(super) struct Owner<'a> {
    pub id: &'a str,
    pub identity: &'a Identity,
    /// The alias that its events invoke, if it publishes one.
    pub alias: Option<&'a str>,
    pub stack_name: &'a str,
}

impl Owner<'_> {
    /// ARN that its events invoke.
    pub fn target_arn(&self) -> String {
        match self.alias {
            Some(alias) => format!("{}:{alias}", self.identity.arn()),
            None => self.identity.arn().to_owned(),
        }
    }

    /// ARN of a resource of `service` in the region and account of the function.
    pub fn arn(&self, service: &str, path: &str) -> String {
        let parts: Vec<_> = self.identity.arn().splitn(6, ':').collect();
        let part = |at: usize| parts.get(at).copied().unwrap_or_default();
        format!("arn:{}:{service}:{}:{}:{path}", part(1), part(3), part(4))
    }
}
