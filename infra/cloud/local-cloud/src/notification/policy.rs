//! Who may publish to a topic, and whether a topic may send to a queue: the policies of topics and
//! queues.
//!
//! A topic without a policy has SNS's default one: services may publish for resources of its own
//! account. Must not know: what is published. Source: SNS developer guide, "Example cases for
//! Amazon SNS access control"; SQS developer guide, "Basic examples of Amazon SQS policies".

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::account::Account;
use crate::clock::iso_8601;
use aws_policy::{Decision, Document, PolicyError, Principal, Request, evaluate_resource};
use sam_template::{ResourcePolicy, Template};

/// The sender id and the principal of SNS itself.
pub const SNS: &str = "sns.amazonaws.com";
const PUBLISH: &str = "sns:Publish";

/// Why the policies of a template are refused.
#[derive(Debug, thiserror::Error)]
pub enum TopicError {
    /// A policy is malformed or unsupported.
    #[error("read policy {policy}")]
    Policy {
        /// Its logical id.
        policy: String,
        /// What is wrong.
        #[source]
        source: PolicyError,
    },
}

/// Who publishes.
#[derive(Debug, Clone, Copy)]
pub enum Publisher<'a> {
    /// A service, for a resource.
    Service {
        /// Such as `cloudwatch.amazonaws.com`.
        name: &'a str,
        /// ARN of the resource.
        source_arn: &'a str,
    },
    /// A user or role, whose own policies the caller has checked.
    Identity {
        /// Its ARN.
        arn: &'a str,
    },
}

#[derive(Debug, Clone)]
struct Policy {
    document: Document,
    text: Value,
}

/// The policies of topics and queues, by ARN.
#[derive(Debug, Clone, Default)]
pub struct Policies {
    topics: BTreeMap<String, Policy>,
    queues: BTreeMap<String, Policy>,
}

impl Policies {
    pub fn read(template: &Template, account: &Account) -> Result<Self, TopicError> {
        let mut policies = Self::default();
        for topic in &template.topics {
            let standard = ResourcePolicy {
                logical_id: topic.logical_id.clone(),
                targets: Vec::new(),
                document: standard(&topic.arn, account),
            };
            policies.topics.insert(topic.arn.clone(), parse(&standard)?);
        }
        for declared in &template.topic_policies {
            let policy = parse(declared)?;
            for arn in &declared.targets {
                policies.topics.insert(arn.clone(), policy.clone());
            }
        }
        for declared in &template.queue_policies {
            let policy = parse(declared)?;
            let is_target = |url: &String| declared.targets.contains(url);
            for queue in template.queues.iter().filter(|q| is_target(&q.url)) {
                policies.queues.insert(queue.arn.clone(), policy.clone());
            }
        }
        Ok(policies)
    }

    pub fn text_of_topic(&self, arn: &str) -> String {
        let policy = self.topics.get(arn);
        policy.map_or_else(String::new, |policy| policy.text.to_string())
    }

    /// Checks a publication; the error is AWS's sentence. A topic's policy must allow a service; an
    /// identity of the account it can only deny.
    pub fn check_publish(
        &self,
        topic: &str,
        publisher: Publisher<'_>,
        account: &Account,
        now_ms: u64,
    ) -> Result<(), String> {
        let policy = self.topics.get(topic);
        let (principal, source, who) = match publisher {
            Publisher::Service { name, source_arn } => {
                (Principal::Service(name), Some(source_arn), name)
            }
            Publisher::Identity { arn } => {
                let account = &account.id;
                (Principal::Identity { arn, account }, None, arn)
            }
        };
        let variables = variables(source, &principal, account, now_ms);
        let decision = decide(policy, PUBLISH, topic, &principal, &variables);
        let why = match (decision, source) {
            (Decision::Allow, _) | (Decision::ImplicitDeny, None) => return Ok(()),
            (Decision::ExplicitDeny, _) => "with an explicit deny in a resource-based policy",
            (Decision::ImplicitDeny, Some(_)) => {
                "because no resource-based policy allows the sns:Publish action"
            }
        };
        Err(format!(
            "User: {who} is not authorized to perform: SNS:Publish on resource: {topic} {why}"
        ))
    }

    /// Checks that a topic may send to a queue.
    pub fn check_send(
        &self,
        queue: &str,
        topic: &str,
        account: &Account,
        now_ms: u64,
    ) -> Result<(), String> {
        let action = "sqs:SendMessage";
        let principal = Principal::Service(SNS);
        let variables = variables(Some(topic), &principal, account, now_ms);
        let policy = self.queues.get(queue);
        match decide(policy, action, queue, &principal, &variables) {
            Decision::Allow => Ok(()),
            Decision::ExplicitDeny => Err(format!("the policy of {queue} denies {SNS} {action}")),
            Decision::ImplicitDeny => Err(format!(
                "no policy of {queue} allows {SNS} {action}: add an AWS::SQS::QueuePolicy"
            )),
        }
    }
}

fn decide(
    policy: Option<&Policy>,
    action: &str,
    resource: &str,
    principal: &Principal<'_>,
    variables: &BTreeMap<String, String>,
) -> Decision {
    let request = Request {
        action,
        resource,
        variables,
    };
    policy.map_or(Decision::ImplicitDeny, |policy| {
        evaluate_resource(&policy.document, principal, &request)
    })
}

/// The values of condition keys: `source` is the resource that a service acts for.
fn variables(
    source: Option<&str>,
    principal: &Principal<'_>,
    account: &Account,
    now_ms: u64,
) -> BTreeMap<String, String> {
    let mut all = vec![
        ("aws:CurrentTime", iso_8601(now_ms)),
        ("aws:EpochTime", (now_ms / 1000).to_string()),
        ("aws:RequestedRegion", account.region.clone()),
        // In AWS every call uses TLS.
        ("aws:SecureTransport", "true".to_owned()),
    ];
    if let Some(source) = source {
        all.push(("aws:SourceArn", source.to_owned()));
        all.push(("aws:SourceAccount", account.id.clone()));
        all.push(("aws:SourceOwner", account.id.clone()));
    }
    if let Principal::Identity { arn, account } = principal {
        all.push(("aws:PrincipalArn", (*arn).to_owned()));
        all.push(("aws:PrincipalAccount", (*account).to_owned()));
    }
    let owned = all.into_iter();
    owned.map(|(key, value)| (key.to_owned(), value)).collect()
}

fn parse(policy: &ResourcePolicy) -> Result<Policy, TopicError> {
    let document = Document::parse_resource(&policy.document);
    let document = document.map_err(|source| TopicError::Policy {
        policy: policy.logical_id.clone(),
        source,
    })?;
    Ok(Policy {
        document,
        text: policy.document.clone(),
    })
}

/// The policy that SNS gives a new topic.
fn standard(topic: &str, account: &Account) -> Value {
    json!({
        "Version": "2008-10-17",
        "Id": "__default_policy_ID",
        "Statement": [{
            "Sid": "__default_statement_ID",
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": [
                "SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission",
                "SNS:RemovePermission", "SNS:DeleteTopic", "SNS:Subscribe",
                "SNS:ListSubscriptionsByTopic", "SNS:Publish",
            ],
            "Resource": topic,
            "Condition": {"StringEquals": {"AWS:SourceOwner": account.id}},
        }],
    })
}
