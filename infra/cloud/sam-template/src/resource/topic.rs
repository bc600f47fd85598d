//! SNS topics and their subscriptions, and the policies of topics and queues.

use std::collections::BTreeMap;

use serde_json::Value;

/// An `AWS::SNS::Topic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnsTopic {
    /// Logical id in the template.
    pub logical_id: String,
    /// Topic name.
    pub name: String,
    /// Topic ARN.
    pub arn: String,
    /// The name that e-mails and text messages show; empty if the template gives none.
    pub display_name: String,
}

/// How a subscription's messages are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// E-mail with the message as text.
    Email,
    /// E-mail with the message in SNS's JSON envelope.
    EmailJson,
    /// A text message to a phone.
    Sms,
    /// A POST to a web server.
    Https,
    /// A message in a queue.
    Sqs,
}

impl Protocol {
    /// Every supported protocol.
    pub const ALL: [Self; 5] = [
        Self::Email,
        Self::EmailJson,
        Self::Sms,
        Self::Https,
        Self::Sqs,
    ];

    /// SNS's name for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::EmailJson => "email-json",
            Self::Sms => "sms",
            Self::Https => "https",
            Self::Sqs => "sqs",
        }
    }
}

/// An `AWS::SNS::Subscription`, or an entry of a topic's `Subscription`.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Logical id in the template; for an entry of a topic, the topic's id and its number from 0.
    pub logical_id: String,
    /// ARN of the topic.
    pub topic_arn: String,
    /// How messages are delivered.
    pub protocol: Protocol,
    /// Address, phone number, URL or ARN of the queue.
    pub endpoint: String,
    /// Whether a queue gets the bare message, without SNS's JSON envelope.
    pub is_raw: bool,
    /// Which messages are delivered; all of them without a policy.
    pub filter: Option<FilterPolicy>,
}

/// Conditions by name of a message attribute. Each attribute must meet one of its conditions.
pub type FilterPolicy = BTreeMap<String, Vec<FilterCondition>>;

/// One condition of a [`FilterPolicy`].
#[derive(Clone, Debug, PartialEq)]
pub enum FilterCondition {
    /// The value is this text.
    Exact(String),
    /// The value is this number.
    Number(f64),
    /// The value begins with this text.
    Prefix(String),
    /// The value is none of these texts.
    AnythingBut(Vec<String>),
    /// The attribute is there, or is not.
    Exists(bool),
}

/// An `AWS::SNS::TopicPolicy` or `AWS::SQS::QueuePolicy`.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourcePolicy {
    /// Logical id in the template.
    pub logical_id: String,
    /// ARN of a topic or URL of a queue, one for each that the policy is for.
    pub targets: Vec<String>,
    /// The policy document.
    pub document: Value,
}
