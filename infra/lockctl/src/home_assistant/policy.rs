//! The policies of a bridge: its own doors, each with exact topics, and nothing else.
//!
//! Must not know: how a policy is stored.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::choice::Door;
use super::topic;

/// Longest policy, without blanks. Source: quotas of AWS IoT Core.
const POLICY_CHARS_MAX: usize = 2048;
/// Most policies of a certificate. Source: quotas of AWS IoT Core.
const POLICIES_MAX: usize = 10;

/// A policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Its JSON.
    pub document: String,
}

/// The policies of a bridge, as few as fit; one at least. `account` is the beginning of its ARNs,
/// such as `arn:aws:iot:eu-central-1:123456789012`, and `base` that of the policies' names.
///
/// # Errors
///
/// The doors need more policies than a certificate can have.
pub fn make(account: &str, base: &str, bridge: &str, doors: &[Door]) -> Result<Vec<Policy>> {
    let mut documents: Vec<String> = Vec::new();
    let ask = topic::cloud_ask(doors);
    let mut from = 0;
    while from < doors.len() || documents.is_empty() {
        let connects = documents.is_empty().then_some((bridge, ask.as_str()));
        let mut to = (from + 1).min(doors.len());
        let mut text = document(account, connects, &doors[from..to]);
        while to < doors.len() {
            let longer = document(account, connects, &doors[from..=to]);
            if longer.len() > POLICY_CHARS_MAX {
                break;
            }
            text = longer;
            to += 1;
        }
        documents.push(text);
        from = to;
    }
    if documents.len() > POLICIES_MAX {
        bail!(
            "{bridge} cannot have {} doors: their names fill {} policies, and AWS IoT gives a \
             certificate {POLICIES_MAX}; give some doors a bridge of their own with --bridge",
            doors.len(),
            documents.len()
        );
    }
    let numbered = documents.into_iter().zip(1..);
    let policies = numbered.map(|(document, number)| Policy {
        name: name(base, number),
        document,
    });
    Ok(policies.collect())
}

/// The name of a bridge's policy with this number, from 1.
pub fn name(base: &str, number: usize) -> String {
    format!("{base}-{number}")
}

/// Whether a policy is one of this bridge.
pub fn is_own(base: &str, name: &str) -> bool {
    let number = name
        .strip_prefix(base)
        .and_then(|end| end.strip_prefix('-'));
    number.is_some_and(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A policy for some doors, and for the bridge's connection and its question about all doors if it
/// is the first.
fn document(account: &str, connects: Option<(&str, &str)>, doors: &[Door]) -> String {
    let arns = |kind: &str, topics: Vec<String>| -> Vec<String> {
        let of = |topic: String| format!("{account}:{kind}/{topic}");
        topics.into_iter().map(of).collect()
    };
    let mut statements: Vec<Value> = Vec::new();
    if let Some((bridge, _)) = connects {
        statements.push(json!({
            "Effect": "Allow",
            "Action": "iot:Connect",
            "Resource": format!("{account}:client/{bridge}"),
            "Condition": {"Bool": {"iot:Connection.Thing.IsAttached": "true"}},
        }));
        // A session would keep a request for later, and a will would be one that nobody made.
        statements.push(json!({
            "Effect": "Deny",
            "Action": "iot:Connect",
            "Resource": "*",
            "Condition": {"ForAnyValue:StringEquals": {
                "iot:ConnectAttributes": ["PersistentConnect", "LastWill"],
            }},
        }));
    }
    if !doors.is_empty() {
        let mut requests: Vec<String> = doors.iter().map(topic::request).collect();
        requests.extend(connects.map(|(_, ask)| ask.to_owned()));
        let read = |door: &Door| [door.lock.live_topic(), door.lock.event_topic()];
        let read: Vec<String> = doors.iter().flat_map(read).collect();
        for (action, resources) in [
            ("iot:Publish", arns("topic", requests)),
            ("iot:Subscribe", arns("topicfilter", read.clone())),
            ("iot:Receive", arns("topic", read)),
        ] {
            statements.push(json!({"Effect": "Allow", "Action": action, "Resource": resources}));
        }
    }
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use aws_policy::{Decision, Document, Request};
    use lock_core::name::LockName;

    use super::*;

    const ACCOUNT: &str = "arn:aws:iot:eu-central-1:123456789012";

    fn doors(names: &[&str], lock_only: &str) -> Vec<Door> {
        let of = |name: &&str| Door {
            lock: LockName::new(*name).expect("a name"),
            lock_only: *name == lock_only,
        };
        names.iter().map(of).collect()
    }

    fn is_allowed(policies: &[Policy], action: &str, resource: &str) -> bool {
        let parse = |policy: &Policy| Document::parse(&Value::from(policy.document.as_str()));
        let documents: Vec<Document> = policies
            .iter()
            .map(|policy| parse(policy).expect("a policy"))
            .collect();
        let key = "iot:Connection.Thing.IsAttached".to_owned();
        let variables = BTreeMap::from([(key, "true".to_owned())]);
        let resource = format!("{ACCOUNT}:{resource}");
        let request = Request {
            action,
            resource: &resource,
            variables: &variables,
        };
        aws_policy::evaluate(&documents, &request) == Decision::Allow
    }

    #[test]
    fn a_bridge_may_use_the_topics_of_its_doors_and_no_other() {
        let own = doors(&["lock-1", "lock-2"], "lock-2");
        let policies = make(ACCOUNT, "remote-lock-bridge-ha", "ha", &own).expect("policies");
        for (action, resource, wanted) in [
            ("iot:Connect", "client/ha", true),
            ("iot:Connect", "client/lock-1", false),
            ("iot:Publish", "topic/remote-lock/lock-1/request", true),
            ("iot:Publish", "topic/remote-lock/lock-2/request/lock", true),
            ("iot:Publish", "topic/remote-lock/lock-2/request", false),
            ("iot:Publish", "topic/remote-lock/lock-3/request", false),
            ("iot:Publish", "topic/remote-lock/lock-1", false),
            ("iot:Publish", "topic/remote-lock-ask/lock-1,lock-2", true),
            ("iot:Publish", "topic/remote-lock-ask/lock-3", false),
            ("iot:Publish", "topic/remote-lock-live/lock-1", false),
            ("iot:Publish", "topic/remote-lock-state/lock-1", false),
            (
                "iot:RetainPublish",
                "topic/remote-lock/lock-1/request",
                false,
            ),
            ("iot:Subscribe", "topicfilter/remote-lock-live/lock-1", true),
            ("iot:Subscribe", "topicfilter/remote-lock-live/+", false),
            (
                "iot:Subscribe",
                "topicfilter/remote-lock-event/lock-2",
                true,
            ),
            (
                "iot:Subscribe",
                "topicfilter/remote-lock-event/lock-3",
                false,
            ),
            ("iot:Receive", "topic/remote-lock-event/lock-1", true),
            ("iot:Receive", "topic/remote-lock-event/lock-3", false),
        ] {
            assert_eq!(
                is_allowed(&policies, action, resource),
                wanted,
                "{action} {resource}"
            );
        }
        assert!(
            policies
                .iter()
                .all(|policy| !policy.document.contains("topic/remote-lock/*"))
        );
    }

    #[test]
    fn many_doors_fill_several_policies_that_aws_takes() {
        let names: Vec<String> = (1..=25).map(|n| format!("front-door-{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let policies = make(ACCOUNT, "s-bridge-ha", "ha", &doors(&names, "")).expect("policies");
        assert!(policies.len() > 1 && policies.len() <= POLICIES_MAX);
        for (policy, number) in policies.iter().zip(1..) {
            assert!(
                policy.document.len() <= POLICY_CHARS_MAX,
                "{}",
                policy.document.len()
            );
            assert_eq!(policy.name, format!("s-bridge-ha-{number}"));
            assert!(is_own("s-bridge-ha", &policy.name));
        }
        for name in names {
            let resource = format!("topicfilter/remote-lock-live/{name}");
            assert!(is_allowed(&policies, "iot:Subscribe", &resource), "{name}");
        }
        assert!(!is_own("s-bridge-ha", "s-bridge-ha-2-1"));
        assert!(!is_own("s-bridge-ha", "s-bridge-ha-"));

        let long: Vec<String> = (10..35)
            .map(|n| format!("{n}{}", "x".repeat(126)))
            .collect();
        let long: Vec<&str> = long.iter().map(String::as_str).collect();
        let error = make(ACCOUNT, "s-bridge-ha", "ha", &doors(&long, "")).expect_err("too long");
        assert!(
            error.to_string().contains("ha cannot have 25 doors"),
            "{error}"
        );
        assert_eq!(make(ACCOUNT, "b", "ha", &[]).expect("one").len(), 1);
    }
}
