//! Resources as users of this crate see them: resolved and typed.

mod alarm;
mod rule;
mod source;
mod topic;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

pub use alarm::{Alarm, Comparison, MissingData, Statistic};
pub use rule::{Action, DynamoDbKey, TopicRule};
pub use source::{EventSource, SourceKind, StartingPosition, StreamReading};
pub use topic::{FilterCondition, FilterPolicy, Protocol, ResourcePolicy, SnsTopic, Subscription};

/// Type of a key attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// String.
    S,
    /// Number.
    N,
    /// Binary.
    B,
}

impl KeyType {
    /// The type's name in the DynamoDB API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::S => "S",
            Self::N => "N",
            Self::B => "B",
        }
    }
}

/// The attributes that an index copies from its table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// Every attribute.
    All,
    /// The keys of table and index.
    KeysOnly,
    /// The keys and these attributes.
    Include(Vec<String>),
}

/// A global secondary index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Index name.
    pub name: String,
    /// Partition key and its type.
    pub hash: (String, KeyType),
    /// Sort key and its type.
    pub range: Option<(String, KeyType)>,
    /// Attributes copied from the table.
    pub projection: Projection,
}

/// An `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Logical id in the template.
    pub logical_id: String,
    /// Table name.
    pub name: String,
    /// Partition key and its type.
    pub hash: (String, KeyType),
    /// Sort key and its type.
    pub range: Option<(String, KeyType)>,
    /// Every declared key attribute, of the table and of its indexes.
    pub attributes: BTreeMap<String, KeyType>,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// Attribute with an item's expiry (epoch seconds), if expiry is enabled.
    pub ttl_attribute: Option<String>,
    /// Whether the table is protected against deletion (`DeletionProtectionEnabled`).
    pub deletion_protection: bool,
    /// The stream of its changes, if it has one.
    pub stream: Option<Stream>,
}

/// A table's `StreamSpecification`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream {
    /// Stream ARN.
    pub arn: String,
    /// What a record holds.
    pub view: StreamView,
}

/// What a stream's records hold in addition to the keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamView {
    /// Nothing else.
    KeysOnly,
    /// The item after the change.
    NewImage,
    /// The item before the change.
    OldImage,
    /// Both.
    NewAndOldImages,
}

impl StreamView {
    /// Each view with its name in the DynamoDB API.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("KEYS_ONLY", Self::KeysOnly),
        ("NEW_IMAGE", Self::NewImage),
        ("OLD_IMAGE", Self::OldImage),
        ("NEW_AND_OLD_IMAGES", Self::NewAndOldImages),
    ];

    /// The view's name in the DynamoDB API.
    pub fn as_str(self) -> &'static str {
        let mut names = Self::NAMES.iter();
        let found = names.find(|(_, view)| *view == self);
        found.map_or("", |(name, _)| name)
    }
}

/// An `AWS::Serverless::Function` or `AWS::Lambda::Function` with its permissions.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Logical id in the template.
    pub logical_id: String,
    /// Function name.
    pub name: String,
    /// Function ARN.
    pub arn: String,
    /// Name of the executable: `Metadata.BuildProperties.Binary`, else the logical id, for a
    /// function whose folder holds an executable `bootstrap`.
    pub binary: String,
    /// `Runtime`, such as `python3.12`.
    pub runtime: String,
    /// `Handler`, passed to the process.
    pub handler: String,
    /// Time limit of one invocation, seconds.
    pub timeout_s: u64,
    /// `MemorySize`, MB.
    pub memory_mb: u64,
    /// `Environment.Variables`.
    pub environment: BTreeMap<String, String>,
    /// `text` or `JSON` (`LoggingConfig.LogFormat`), as Lambda spells it.
    pub log_format: Option<String>,
    /// Application log level (`LoggingConfig.ApplicationLogLevel`).
    pub log_level: Option<String>,
    /// System log level (`LoggingConfig.SystemLogLevel`).
    pub system_log_level: Option<String>,
    /// Name of the log group (`LoggingConfig.LogGroup`) if it is not the function's own.
    pub log_group: Option<String>,
    /// The alias of its published version (`AutoPublishAlias`).
    pub alias: Option<String>,
    /// The alias whose asynchronous events the three settings below apply to; `None` for events of
    /// the unqualified function.
    pub event_qualifier: Option<String>,
    /// Asynchronous retries after the first attempt, 0 to 2.
    pub max_retries: u32,
    /// Largest age of an asynchronous event, seconds.
    pub max_event_age_s: u64,
    /// ARN of the on-failure destination.
    pub on_failure: Option<String>,
    /// ARN of the role that the template names or SAM generates.
    pub role_arn: String,
    /// Whether SAM generates the role, which then may also send to the on-failure destination.
    pub role_is_own: bool,
    /// `Policies` of the function, resolved: statements, documents or SAM policy templates.
    pub role_policies: Vec<Value>,
    /// `ReservedConcurrentExecutions`, if the template sets it.
    pub reserved_concurrency: Option<u64>,
    /// Folder of the code as written, relative to the template's folder; empty for inline code.
    pub code_uri: String,
    /// Code in the template itself (`ZipFile`, `InlineCode`), the only file of its folder.
    pub inline_code: Option<String>,
    /// ARNs of its layers, in their order.
    pub layers: Vec<String>,
    /// Whether a version of it is published.
    pub published: bool,
    /// Permissions (`AWS::Lambda::Permission`) for this function.
    pub permissions: Vec<Permission>,
}

/// An `AWS::Serverless::LayerVersion` or `AWS::Lambda::LayerVersion`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Logical id in the template.
    pub logical_id: String,
    /// ARN with the version.
    pub arn: String,
    /// Folder of its content as written, relative to the template's folder.
    pub content_uri: String,
    /// Whether the folder is what `sam build` takes (`Metadata.BuildMethod`): then it is what
    /// belongs into `python` or `nodejs` of the layer.
    pub is_source: bool,
}

/// An `AWS::IAM::Role`.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Logical id in the template.
    pub logical_id: String,
    /// Role name.
    pub name: String,
    /// Role ARN.
    pub arn: String,
    /// Policy documents, resolved, and names of AWS managed policies.
    pub documents: Vec<Value>,
}

/// An `AWS::IoT::Thing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Logical id in the template.
    pub logical_id: String,
    /// Thing name.
    pub name: String,
    /// `AttributePayload.Attributes` of the registry.
    pub attributes: BTreeMap<String, String>,
}

/// A certificate attached to a policy or to a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Logical id in the template.
    pub logical_id: String,
    /// Name of the policy or thing.
    pub to: String,
    /// ARN of the certificate.
    pub principal: String,
}

/// An `AWS::Lambda::Permission`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Logical id in the template.
    pub logical_id: String,
    /// Service that may call, such as `iot.amazonaws.com`.
    pub principal: String,
    /// Permitted action, such as `lambda:InvokeFunction`.
    pub action: String,
    /// ARN of the only permitted caller.
    pub source_arn: Option<String>,
    /// Id of the only permitted account.
    pub source_account: Option<String>,
    /// The alias or version that it permits to invoke; `None` for the unqualified function only.
    pub qualifier: Option<String>,
}

/// The service a schedule belongs to; the services send different events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleKind {
    /// EventBridge Scheduler: `AWS::Scheduler::Schedule`, or a function's `ScheduleV2` event.
    Scheduler,
    /// An EventBridge rule: a function's `Schedule` event.
    Rule,
}

/// An `AWS::Scheduler::Schedule` that invokes a function, or a `ScheduleV2` or `Schedule` event of
/// a function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Logical id in the template.
    pub logical_id: String,
    /// Schedule name.
    pub name: String,
    /// Schedule ARN.
    pub arn: String,
    /// Schedule group, by which the scheduler counts its metrics.
    pub group: String,
    /// Service that it belongs to.
    pub kind: ScheduleKind,
    /// Time between two invocations.
    pub period: Duration,
    /// JSON event for the function; `<aws.scheduler.…>` keywords are replaced at each invocation.
    pub input: Option<String>,
    /// Whether it is enabled.
    pub enabled: bool,
    /// ARN of the function.
    pub function_arn: String,
    /// ARN of the role that it invokes the function with; `None` if SAM generates a role.
    pub role_arn: Option<String>,
}

/// An `AWS::SQS::Queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Logical id in the template.
    pub logical_id: String,
    /// Queue name.
    pub name: String,
    /// Queue ARN.
    pub arn: String,
    /// Queue URL.
    pub url: String,
    /// How long a received message stays hidden, seconds.
    pub visibility_s: u64,
    /// How long a sent message stays hidden at first, seconds.
    pub delay_s: u64,
    /// How long a message is kept, seconds.
    pub retention_s: u64,
    /// Largest message, bytes.
    pub message_bytes_max: u64,
    /// The dead-letter queue.
    pub redrive: Option<Redrive>,
}

/// A queue's `RedrivePolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// ARN of the dead-letter queue.
    pub target_arn: String,
    /// Receives of a message before it moves there.
    pub receives_max: u64,
}

/// A resource that is valid but has no effect here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithoutEffect {
    /// Logical id in the template.
    pub logical_id: String,
    /// Resource type.
    pub resource_type: String,
}
