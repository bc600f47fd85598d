//! Who may publish a command: the functions that decide, and nobody else.
//!
//! A command that no record has would open a door, and no line would show it.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use aws_policy::{Decision, Document, Request};
use e2e::place::{ACCOUNT, REGION, template};
use serde_json::Value;

/// The functions that decide about locks.
const DECIDERS: [&str; 3] = ["PressRole", "ReportRole", "SweepRole"];

/// Names of things that a device could have, so that its own topic is among the tested ones.
const NAMES: [&str; 4] = ["lock-1", "button-1", "front-door", "G030JF055364XVRB"];

fn may_publish(documents: &[Document], topic: &str, name: &str) -> bool {
    let variables = [
        ("iot:Connection.Thing.ThingName", name),
        ("iot:Connection.Thing.IsAttached", "true"),
        ("iot:Certificate.Subject.CommonName", name),
        ("iot:ClientId", name),
    ];
    let variables: BTreeMap<String, String> = variables
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into();
    let resource = format!("arn:aws:iot:{REGION}:{ACCOUNT}:topic/{topic}");
    let request = Request {
        action: "iot:Publish",
        resource: &resource,
        variables: &variables,
    };
    aws_policy::evaluate(documents, &request) == Decision::Allow
}

/// The documents of everything in the template that has a policy, by logical id.
fn holders() -> Result<BTreeMap<String, Vec<Document>>> {
    let template = template()?;
    let identity = |document: &Value| Document::parse_identity(document);
    let mut holders = BTreeMap::new();
    for role in &template.roles {
        let documents = role.documents.iter().map(identity);
        holders.insert(
            role.logical_id.clone(),
            documents.collect::<Result<_, _>>()?,
        );
    }
    for policy in &template.managed_policies {
        holders.insert(policy.logical_id.clone(), vec![identity(&policy.document)?]);
    }
    for (name, document) in &template.iot_policies {
        holders.insert(name.clone(), vec![Document::parse(document)?]);
    }
    Ok(holders)
}

#[test]
fn only_the_functions_that_decide_may_publish_a_command() -> Result<()> {
    let holders = holders()?;
    for known in [
        "ViewerPolicy",
        "OperatorPolicy",
        "OwnerPolicy",
        "DoctorPolicy",
        "FailureRole",
        "AnnounceRole",
        "ScheduleRole",
        "RuleErrorRole",
        "doors-lock",
        "doors-button",
        "doors-aws-iot-button",
    ] {
        let names = || holders.keys().cloned().collect::<Vec<_>>().join(", ");
        holders
            .get(known)
            .with_context(|| format!("{known}: {}", names()))?;
    }
    for (holder, documents) in &holders {
        let is_decider = DECIDERS.contains(&holder.as_str());
        for name in NAMES {
            for lock in NAMES {
                let command = format!("remote-lock/{lock}");
                let may = may_publish(documents, &command, name);
                assert_eq!(may, is_decider, "{holder} as {name} on {command}");
                // The lock's request topic has the same beginning.
                let request = format!("remote-lock/{lock}/request");
                let may = may_publish(documents, &request, name);
                let asks = ["OperatorPolicy", "OwnerPolicy"].contains(&holder.as_str());
                assert_eq!(may, asks, "{holder} as {name} on {request}");
                for first in ["remote-lock-state", "remote-lock-live", "remote-lock-event"] {
                    let shown = format!("{first}/{lock}");
                    let may = may_publish(documents, &shown, name);
                    let shows = holder == "ShowRole";
                    assert_eq!(may, shows, "{holder} as {name} on {shown}");
                }
                for other in ["more/request", "request/lock", "request/more", "more"] {
                    let topic = format!("remote-lock/{lock}/{other}");
                    let may = may_publish(documents, &topic, name);
                    assert!(!may, "{holder} as {name} on {topic}");
                }
            }
        }
    }
    Ok(())
}
