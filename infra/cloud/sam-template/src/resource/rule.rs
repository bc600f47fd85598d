//! Topic rules and their actions, as users of this crate see them. A text of an action may hold
//! substitution templates `${…}` for the rule engine.

use serde_json::Value;

/// An `AWS::IoT::TopicRule`.
#[derive(Clone, Debug, PartialEq)]
pub struct TopicRule {
    /// Logical id in the template.
    pub logical_id: String,
    /// Rule name.
    pub name: String,
    /// Rule ARN.
    pub arn: String,
    /// SQL statement, not yet parsed.
    pub sql: String,
    /// SQL version; AWS's default is `2015-10-08`.
    pub sql_version: String,
    /// Whether the rule is disabled.
    pub disabled: bool,
    /// Actions, in the order of the template.
    pub actions: Vec<Action>,
    /// Action that receives the failures of other actions.
    pub error_action: Option<Action>,
}

/// A key that an action writes; each part may hold substitution templates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DynamoDbKey {
    /// Attribute of the key.
    pub field: String,
    /// Its value.
    pub value: String,
    /// Whether it is a number.
    pub is_number: bool,
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
        /// Target topic; may hold substitution templates `${…}` for the rule engine.
        topic: String,
        /// Quality of service, 0 or 1.
        qos: u8,
        /// MQTT 5 headers, resolved JSON.
        headers: Option<Value>,
        /// ARN of the role that must permit the publish.
        role_arn: String,
    },
    /// Send to a queue.
    Sqs {
        /// Queue URL.
        queue_url: String,
        /// Whether the message is base64-encoded.
        use_base64: bool,
        /// ARN of the role that must permit the send.
        role_arn: String,
    },
    /// Write one item: the keys, and the message in one attribute.
    DynamoDb {
        /// Table name.
        table: String,
        /// Partition key.
        hash: DynamoDbKey,
        /// Sort key.
        range: Option<DynamoDbKey>,
        /// Attribute of the message.
        payload_field: String,
        /// ARN of the role that must permit the write.
        role_arn: String,
    },
    /// Write one item: each field of the message is an attribute.
    DynamoDbV2 {
        /// Table name.
        table: String,
        /// ARN of the role that must permit the write.
        role_arn: String,
    },
    /// Publish to a topic of SNS.
    Sns {
        /// ARN of the topic.
        topic_arn: String,
        /// Whether the message is JSON with a text for each protocol (`MessageFormat: JSON`).
        is_structured: bool,
        /// ARN of the role that must permit the publish.
        role_arn: String,
    },
    /// Write an object to a bucket.
    S3 {
        /// Bucket name.
        bucket: String,
        /// Key of the object.
        key: String,
        /// ARN of the role that must permit the write.
        role_arn: String,
    },
    /// Write one value of a metric.
    CloudwatchMetric {
        /// Namespace.
        namespace: String,
        /// Name.
        name: String,
        /// Value, a number.
        value: String,
        /// Unit, such as `Count`.
        unit: String,
        /// Time, seconds since the Unix epoch; `None` for the time of the write.
        timestamp: Option<String>,
        /// ARN of the role that must permit the write.
        role_arn: String,
    },
    /// An action that is not performed here, as the caller asked (`Context::inert`).
    Inert {
        /// Its name in a template, such as `Timestream`.
        name: String,
        /// Its settings as written, resolved.
        settings: Value,
    },
    /// Write to a log group.
    CloudwatchLogs {
        /// Name of the log group.
        log_group: String,
        /// ARN of the role that must permit the write.
        role_arn: String,
    },
}

impl Action {
    /// The role with whose rights the action runs; `None` if it needs none.
    pub fn role_arn(&self) -> Option<&str> {
        match self {
            Self::Lambda { .. } | Self::Inert { .. } => None,
            Self::Republish { role_arn, .. }
            | Self::Sqs { role_arn, .. }
            | Self::DynamoDb { role_arn, .. }
            | Self::DynamoDbV2 { role_arn, .. }
            | Self::Sns { role_arn, .. }
            | Self::S3 { role_arn, .. }
            | Self::CloudwatchMetric { role_arn, .. }
            | Self::CloudwatchLogs { role_arn, .. } => Some(role_arn),
        }
    }

    /// Whether nothing here carries the action out.
    pub fn is_inert(&self) -> bool {
        matches!(self, Self::Inert { .. })
    }
}
