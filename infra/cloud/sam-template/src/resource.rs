//! Resources as the rest of the local cloud sees them: resolved, typed, without YAML.
//!
//! Must not know: how they were written in the template.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

/// Scalar type of a key attribute.
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
    /// Name in the DynamoDB API.
    pub fn as_str(self) -> &'static str {
        match self {
            KeyType::S => "S",
            KeyType::N => "N",
            KeyType::B => "B",
        }
    }
}

/// What an index copies from its table.
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
    /// Partition key.
    pub hash: (String, KeyType),
    /// Sort key.
    pub range: Option<(String, KeyType)>,
    /// Copied attributes.
    pub projection: Projection,
}

/// An `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Logical id.
    pub logical_id: String,
    /// Table name.
    pub name: String,
    /// Partition key.
    pub hash: (String, KeyType),
    /// Sort key.
    pub range: Option<(String, KeyType)>,
    /// Every declared key attribute, of the table and of its indexes.
    pub attributes: BTreeMap<String, KeyType>,
    /// Global secondary indexes.
    pub indexes: Vec<Index>,
    /// Attribute that holds an item's expiry (epoch seconds), when expiry is on.
    pub ttl_attribute: Option<String>,
}

/// An `AWS::Serverless::Function` with its permissions.
#[derive(Clone, Debug, PartialEq)]
pub struct Function {
    /// Logical id.
    pub logical_id: String,
    /// Function name.
    pub name: String,
    /// Function ARN.
    pub arn: String,
    /// Name of the executable: `Metadata.BuildProperties.Binary`, or the logical id of a function that names none and
    /// whose folder holds an executable `bootstrap`.
    pub binary: String,
    /// Handler setting.
    pub handler: String,
    /// Time limit of one invocation, seconds.
    pub timeout_s: u64,
    /// Memory setting, MB.
    pub memory_mb: u64,
    /// `Environment.Variables`.
    pub environment: BTreeMap<String, String>,
    /// `text` or `JSON` (`LoggingConfig.LogFormat`), as Lambda spells it.
    pub log_format: Option<String>,
    /// Application log level (`LoggingConfig.ApplicationLogLevel`).
    pub log_level: Option<String>,
    /// System log level (`LoggingConfig.SystemLogLevel`).
    pub system_log_level: Option<String>,
    /// Name of the log group (`LoggingConfig.LogGroup`), where it is not the function's own.
    pub log_group: Option<String>,
    /// Asynchronous retries after the first attempt, 0 to 2.
    pub max_retries: u32,
    /// Oldest age of an asynchronous event, seconds.
    pub max_event_age_s: u64,
    /// ARN of the on-failure destination.
    pub on_failure: Option<String>,
    /// ARN of its role: the one the template names, or the one SAM makes for it.
    pub role_arn: String,
    /// Whether SAM makes the role, which then may also send to the on-failure destination.
    pub role_is_own: bool,
    /// `Policies` of the function, as written and resolved: statements, documents, or SAM policy templates.
    pub role_policies: Vec<Value>,
    /// Most processes at once (`ReservedConcurrentExecutions`), where the template says so.
    pub reserved_concurrency: Option<u64>,
    /// Folder of its code, as written; relative to the template's folder.
    pub code_uri: String,
    /// Resource permissions that name this function.
    pub permissions: Vec<Permission>,
}

/// An `AWS::IAM::Role`.
#[derive(Clone, Debug, PartialEq)]
pub struct Role {
    /// Logical id.
    pub logical_id: String,
    /// Role name.
    pub name: String,
    /// Role ARN.
    pub arn: String,
    /// Its inline policy documents, resolved, and the names of AWS's own policies.
    pub documents: Vec<Value>,
}

/// An `AWS::IoT::Thing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thing {
    /// Logical id.
    pub logical_id: String,
    /// Thing name.
    pub name: String,
    /// Attributes.
    pub attributes: BTreeMap<String, String>,
}

/// A certificate attached to a policy or to a thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Logical id.
    pub logical_id: String,
    /// Name of the policy or thing.
    pub to: String,
    /// ARN of the certificate.
    pub principal: String,
}

/// An `AWS::Lambda::Permission`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    /// Logical id.
    pub logical_id: String,
    /// Calling service, `iot.amazonaws.com`.
    pub principal: String,
    /// Permitted action, `lambda:InvokeFunction`.
    pub action: String,
    /// The only caller permitted, when given.
    pub source_arn: Option<String>,
    /// The only account permitted, when given.
    pub source_account: Option<String>,
}

/// An `AWS::IoT::TopicRule`.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicRule {
    /// Logical id.
    pub logical_id: String,
    /// Rule name.
    pub name: String,
    /// Rule ARN.
    pub arn: String,
    /// SQL text.
    pub sql: String,
    /// SQL version; AWS uses `2015-10-08` when the template leaves it out.
    pub sql_version: String,
    /// Whether the rule is switched off.
    pub disabled: bool,
    /// Actions, in order.
    pub actions: Vec<Action>,
    /// Action for failed actions.
    pub error_action: Option<Action>,
}

/// One action of a topic rule.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Invoke a function asynchronously.
    Lambda {
        /// ARN of the function.
        function_arn: String,
    },
    /// Publish to another topic.
    Republish {
        /// Target topic; substitution templates `${…}` are evaluated by the rule engine.
        topic: String,
        /// 0 or 1.
        qos: u8,
        /// MQTT 5 headers as written.
        headers: Option<Value>,
        /// Role that permits the publish.
        role_arn: String,
    },
    /// Send to a queue.
    Sqs {
        /// Queue URL.
        queue_url: String,
        /// Whether the message is base64-encoded.
        use_base64: bool,
        /// Role that permits the send.
        role_arn: String,
    },
    /// Write to a log group.
    CloudwatchLogs {
        /// Log group.
        log_group: String,
        /// Role that permits the write.
        role_arn: String,
    },
}

/// Which service a schedule belongs to: they tell a function of it in different words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScheduleKind {
    /// EventBridge Scheduler: `AWS::Scheduler::Schedule`, or a function's `ScheduleV2` event.
    Scheduler,
    /// An EventBridge rule: a function's `Schedule` event.
    Rule,
}

/// An `AWS::Scheduler::Schedule` that invokes a function, or what SAM makes of a function's `ScheduleV2` or `Schedule`
/// event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Logical id.
    pub logical_id: String,
    /// Schedule name.
    pub name: String,
    /// Schedule ARN.
    pub arn: String,
    /// Whose schedule it is.
    pub kind: ScheduleKind,
    /// Time between two invocations.
    pub period: Duration,
    /// JSON handed to the function; `<aws.scheduler.…>` keywords are replaced at each invocation.
    pub input: Option<String>,
    /// Whether it is switched on.
    pub enabled: bool,
    /// ARN of the function.
    pub function_arn: String,
    /// ARN of the role that it invokes the function with; none where SAM makes one that may.
    pub role_arn: Option<String>,
}

/// An `AWS::SQS::Queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Logical id.
    pub logical_id: String,
    /// Queue name.
    pub name: String,
    /// Queue ARN.
    pub arn: String,
    /// Queue URL.
    pub url: String,
    /// How long a message stays hidden once it was received, seconds.
    pub visibility_s: u64,
    /// How long a message that was sent stays hidden, seconds.
    pub delay_s: u64,
    /// How long a message is kept, seconds.
    pub retention_s: u64,
    /// Largest message, bytes.
    pub message_bytes_max: u64,
    /// Where a message goes that was received too often.
    pub redrive: Option<Redrive>,
}

/// A queue's `RedrivePolicy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// ARN of the queue that takes what was received too often.
    pub target_arn: String,
    /// How often a message is received before that.
    pub receives_max: u64,
}

/// An `AWS::Lambda::EventSourceMapping` of a queue, or what SAM makes of a function's `SQS` event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventSource {
    /// Logical id.
    pub logical_id: String,
    /// ARN of the queue.
    pub queue_arn: String,
    /// ARN of the function.
    pub function_arn: String,
    /// Most messages of one invocation.
    pub batch_size: u64,
    /// How long messages are gathered for one invocation, seconds.
    pub window_s: u64,
    /// Whether the function names the messages of a batch that failed (`ReportBatchItemFailures`).
    pub reports_item_failures: bool,
    /// Whether it is switched on.
    pub enabled: bool,
    /// Most invocations at once; AWS's own where it is not given.
    pub concurrency: Option<u64>,
}

/// An `AWS::SNS::Topic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnsTopic {
    /// Logical id.
    pub logical_id: String,
    /// Topic name.
    pub name: String,
    /// Topic ARN.
    pub arn: String,
}

/// A resource that is accepted and changes nothing locally.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithoutEffect {
    /// Logical id.
    pub logical_id: String,
    /// Resource type.
    pub resource_type: String,
}
