//! Every action of the three policies is needed: without it a command or a call is refused.

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Context, Result, ensure};
use aws_credential_types::Credentials;
use aws_sdk_iotdataplane::config::{BehaviorVersion, Region};
use e2e::place::{Place, REGION, STACK, template, text};
use local_cloud::EventKind;
use serde_json::Value;

use crate::furniture::furnish;

/// What needs an action.
#[derive(Clone, Copy, Debug)]
enum Need {
    /// These commands, of which the last fails without it.
    Commands(&'static [&'static [&'static str]]),
    /// A pause whose rule is gone: the error lists the account's rules.
    Gone,
    /// A look at a shadow with the AWS CLI, as the documents advise.
    Shadow,
    /// A look at what a policy is attached to, as the runbook advises.
    Targets,
    /// A message of the poison queue that is sent back.
    Redrive,
    /// A publish to this topic, which a denial forbids.
    Forbidden(&'static str),
}

const READ: &str = "Read";
const STATUS: Need = Need::Commands(&[&["status"]]);
const HISTORY: Need = Need::Commands(&[&["history", "lock-1"]]);
const LOCK: Need = Need::Commands(&[&["lock", "lock-1", "--no-wait"]]);
const OTHER_LEVEL: Need = Need::Forbidden("remote-lock/lock-1/more/request");
/// One device throughout: a registration that is refused at one call goes on at it next time.
const REGISTER: Need = Need::Commands(&[&["register", "button", "button-5"]]);
const BRIDGE: Need = Need::Commands(&[&["home-assistant", "lock-1"]]);
const BRIDGE_MORE: Need = Need::Commands(&[&["home-assistant", "lock-1", "lock-2"]]);
/// Two doors whose names fill a policy each, and then one of them.
const BRIDGE_LESS: Need = Need::Commands(&[
    &["register", "lock", LONG_1, "--record-only"],
    &["register", "lock", LONG_2, "--record-only"],
    &["home-assistant", LONG_1, LONG_2],
    &["home-assistant", LONG_1],
]);
const LONG_1: &str = concat!(
    "a-name-that-fills-a-policy-a-name-that-fills-a-policy-",
    "a-name-that-fills-a-policy-a-name-that-fills-a-policy-1"
);
const LONG_2: &str = concat!(
    "a-name-that-fills-a-policy-a-name-that-fills-a-policy-",
    "a-name-that-fills-a-policy-a-name-that-fills-a-policy-2"
);
const FINISH: Need = Need::Commands(&[
    &["rotate", "button-1"],
    &["rotate", "button-1", "--finish", "--wait", "0"],
]);
const DOCTOR: Need = Need::Commands(&[&["doctor"]]);
const RETIRE: Need = Need::Commands(&[&["retire", "button-1", "--yes"]]);

/// The rules that an owner may read and switch.
const OWN_RULES: &str = concat!(
    "Resource: [!GetAtt ButtonRule.Arn, !GetAtt RequestRule.Arn, ",
    "!GetAtt LockOnlyRule.Arn, !GetAtt ReportRule.Arn]"
);

/// The rights of every person: statement, action, what needs it.
const LOOKS: [(&str, &str, Need); 5] = [
    (READ, "dynamodb:DescribeTable", STATUS),
    (READ, "dynamodb:GetItem", HISTORY),
    (READ, "dynamodb:BatchGetItem", STATUS),
    (READ, "dynamodb:Query", STATUS),
    ("Shadow", "iot:GetThingShadow", Need::Shadow),
];

/// What an operator may do beyond that.
const REQUESTS: [(&str, &str, Need); 2] = [
    ("Request", "iot:Publish", LOCK),
    ("NoOtherLevel", "iot:Publish", OTHER_LEVEL),
];

/// What an owner may do beyond that. A registration or retirement that is refused at one call goes
/// on at it next time, so those are in the order of its calls.
const OWNS: [(&str, &str, Need); 44] = [
    (
        "Register",
        "dynamodb:PutItem",
        Need::Commands(&[&["register", "lock", "lock-4", "--record-only"]]),
    ),
    (
        "Register",
        "dynamodb:UpdateItem",
        Need::Commands(&[&["revoke", "button-2"]]),
    ),
    (
        "Register",
        "dynamodb:DeleteItem",
        Need::Commands(&[&["forget", "lock-3", "--gone"]]),
    ),
    ("Pause", "iot:GetTopicRule", Need::Commands(&[&["pause"]])),
    (
        "Pause",
        "iot:DisableTopicRule",
        Need::Commands(&[&["pause"]]),
    ),
    (
        "Pause",
        "iot:EnableTopicRule",
        Need::Commands(&[&["pause"], &["resume"]]),
    ),
    ("RetireAnywhere", "iot:ListTopicRules", Need::Gone),
    ("Attached", "iot:ListTargetsForPolicy", Need::Targets),
    ("Stack", "cloudformation:DescribeStacks", REGISTER),
    ("Attached", "iot:GetPolicy", REGISTER),
    ("EnrolType", "iot:DescribeThingType", REGISTER),
    ("EnrolGroup", "iot:DescribeThingGroup", REGISTER),
    ("EnrolType", "iot:CreateThingType", REGISTER),
    ("EnrolGroup", "iot:CreateThingGroup", REGISTER),
    ("Enrol", "iot:CreateThing", REGISTER),
    ("EnrolGroup", "iot:AddThingToThingGroup", REGISTER),
    ("Enrol", "iot:ListThingGroupsForThing", REGISTER),
    ("EnrolAnywhere", "iot:CreateCertificateFromCsr", REGISTER),
    ("EnrolAnywhere", "iot:ListCertificates", REGISTER),
    ("EnrolAnywhere", "iot:DescribeEndpoint", REGISTER),
    ("Enrol", "iot:AttachPolicy", REGISTER),
    ("EnrolAnywhere", "iot:AttachThingPrincipal", REGISTER),
    ("Bridge", "iot:GetPolicy", BRIDGE),
    ("Bridge", "iot:CreatePolicy", BRIDGE),
    ("Bridge", "iot:ListPolicyVersions", BRIDGE),
    ("Bridge", "iot:CreatePolicyVersion", BRIDGE_MORE),
    ("Bridge", "iot:DeletePolicyVersion", BRIDGE_MORE),
    ("Bridge", "iot:DeletePolicy", BRIDGE_LESS),
    ("Rotate", "iot:GetConnection", FINISH),
    ("Rotate", "iot:DeleteConnection", FINISH),
    ("Retire", "iot:DescribeThing", RETIRE),
    ("RetireAnywhere", "iot:ListThingPrincipals", RETIRE),
    ("Retire", "iot:DescribeCertificate", RETIRE),
    ("RetireAnywhere", "iot:ListAttachedPolicies", RETIRE),
    ("RetireAnywhere", "iot:ListPrincipalThings", RETIRE),
    ("Retire", "iot:UpdateThing", RETIRE),
    ("Retire", "iot:UpdateCertificate", RETIRE),
    ("Retire", "iot:DetachPolicy", RETIRE),
    ("RetireAnywhere", "iot:DetachThingPrincipal", RETIRE),
    ("Retire", "iot:DeleteCertificate", RETIRE),
    ("Retire", "iot:DeleteThing", RETIRE),
    ("Redrive", "sqs:ReceiveMessage", Need::Redrive),
    ("RedriveTo", "sqs:SendMessage", Need::Redrive),
    ("Redrive", "sqs:DeleteMessage", Need::Redrive),
];

/// What somebody may look at who looks for what is broken.
const DIAGNOSES: [(&str, &str, Need); 24] = [
    (READ, "dynamodb:DescribeTable", DOCTOR),
    (READ, "dynamodb:GetItem", DOCTOR),
    (READ, "dynamodb:BatchGetItem", DOCTOR),
    (READ, "dynamodb:Query", DOCTOR),
    ("Stack", "cloudformation:DescribeStacks", DOCTOR),
    ("Functions", "lambda:GetAlias", DOCTOR),
    ("Functions", "lambda:GetFunctionConfiguration", DOCTOR),
    ("Functions", "lambda:GetPolicy", DOCTOR),
    ("Rules", "iot:GetTopicRule", DOCTOR),
    ("Devices", "iot:DescribeCertificate", DOCTOR),
    ("Devices", "iot:DescribeThing", DOCTOR),
    ("Devices", "iot:GetConnection", DOCTOR),
    ("Devices", "iot:GetPolicy", DOCTOR),
    ("Anywhere", "cloudwatch:GetMetricData", DOCTOR),
    ("Anywhere", "iot:DescribeEndpoint", DOCTOR),
    ("Anywhere", "iot:ListAttachedPolicies", DOCTOR),
    ("Anywhere", "iot:ListPrincipalThings", DOCTOR),
    ("Anywhere", "iot:ListThingPrincipals", DOCTOR),
    ("Anywhere", "iot:ListTopicRules", DOCTOR),
    ("Alarms", "cloudwatch:DescribeAlarms", DOCTOR),
    ("Queues", "sqs:GetQueueAttributes", DOCTOR),
    (
        "Queues",
        "sqs:GetQueueAttributes",
        Need::Commands(&[&["failures"]]),
    ),
    (
        "Failures",
        "sqs:ReceiveMessage",
        Need::Commands(&[&["failures"]]),
    ),
    (
        "Stack",
        "cloudformation:DescribeStacks",
        Need::Commands(&[&["failures"]]),
    ),
];

/// Actions of a policy: statement, action, and the call that needs it.
type Actions = Vec<(&'static str, &'static str, Need)>;

/// The policies, and their rows.
fn policies() -> [(&'static str, Actions); 4] {
    let requests = [&LOOKS[..], &REQUESTS].concat();
    let owns = [&requests[..], &OWNS].concat();
    [
        ("ViewerPolicy", LOOKS.into()),
        ("OperatorPolicy", requests),
        ("OwnerPolicy", owns),
        ("DoctorPolicy", DIAGNOSES.into()),
    ]
}

/// The lines of a statement of a policy.
fn lines_of(text: &str, policy: &str, statement: &str) -> Result<Range<usize>> {
    let lines: Vec<&str> = text.lines().collect();
    let place = |from: usize, wanted: &str| {
        let found = lines[from..].iter().position(|line| line.trim() == wanted);
        found.map(|at| from + at).with_context(|| wanted.to_owned())
    };
    let start = place(
        place(0, &format!("{policy}:"))?,
        &format!("- Sid: {statement}"),
    )?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let rest = lines[start + 1..].iter();
    let length = rest.take_while(|line| indent(line) > indent(lines[start]));
    Ok(start..start + 1 + length.count())
}

/// The template without one action of a statement. An action that does not matter replaces it.
fn without(text: &str, policy: &str, statement: &str, action: &str) -> Result<String> {
    let range = lines_of(text, policy, statement)?;
    let is_end = |after: &str| !after.starts_with(|c: char| c.is_alphanumeric());
    let mut changed = 0;
    let lines = text.lines().enumerate().map(|(number, line)| {
        let found = line.find(action);
        let found = found.filter(|at| is_end(&line[at + action.len()..]));
        match found {
            Some(_) if range.contains(&number) => {
                changed += 1;
                line.replacen(action, "sns:ListTopics", 1)
            }
            _ => line.to_owned(),
        }
    });
    let lines: Vec<String> = lines.collect();
    ensure!(changed == 1, "{policy} {statement} {action}: {changed}");
    Ok(lines.join("\n"))
}

macro_rules! client {
    ($sdk:ident, $place:ident, $endpoint:ident, $policy:ident) => {{
        let keys = $place.person($policy)?;
        let keys = Credentials::from_keys(keys.access_key_id, keys.secret_access_key, None);
        let config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new(REGION))
            .endpoint_url(&$place.cloud.endpoints().$endpoint)
            .credentials_provider(keys)
            .http_client(aws_smithy_http_client::Builder::new().build_http());
        $sdk::Client::from_conf(config.build())
    }};
}

/// Sends something unreadable to the poison queue, with every right.
async fn poison(place: &Place) -> Result<()> {
    let keys = place.cloud.credentials().clone();
    let keys = Credentials::from_keys(keys.access_key_id, keys.secret_access_key, None);
    let config = aws_sdk_sqs::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .endpoint_url(&place.cloud.endpoints().sqs)
        .credentials_provider(keys)
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    let url = place.cloud.outputs().get("PoisonQueueUrl");
    let url = url.context("no output PoisonQueueUrl")?;
    let send = aws_sdk_sqs::Client::from_conf(config.build()).send_message();
    let sent = send.queue_url(url).message_body("{}").send().await;
    sent.context("send to the poison queue")?;
    Ok(())
}

/// Does what needs a right. Returns the statements that were missing.
async fn missing(place: &Place, policy: &str, need: Need) -> Result<Vec<String>> {
    let mut events = place.cloud.subscribe();
    match need {
        Need::Commands(commands) => {
            let mut last = Vec::new();
            for arguments in commands {
                (_, last) = place.run(policy, arguments).await?;
            }
            return Ok(last);
        }
        Need::Gone => return Ok(place.run(policy, &["pause", "--rule", "other"]).await?.1),
        // What the calls answer does not matter: a refusal is an event.
        Need::Shadow => {
            let data = client!(aws_sdk_iotdataplane, place, iot_data, policy);
            let _ = data.get_thing_shadow().thing_name("lock-1").send().await;
        }
        Need::Targets => {
            let iot = client!(aws_sdk_iot, place, iot, policy);
            let call = iot.list_targets_for_policy();
            let call = call.policy_name(format!("{STACK}-lock"));
            let _ = call.send().await;
        }
        Need::Redrive => {
            poison(place).await?;
            return Ok(place.run(policy, &["failures", "--redrive"]).await?.1);
        }
        Need::Forbidden(topic) => {
            let data = client!(aws_sdk_iotdataplane, place, iot_data, policy);
            let _ = data.publish().topic(topic).send().await;
        }
    }
    let mut missing = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let EventKind::MissingRight { statement, .. } = &event.kind {
            missing.push(statement.clone());
        }
    }
    Ok(missing)
}

#[test]
fn every_action_of_a_person_is_tested_here() -> Result<()> {
    let template = template()?;
    let found = template.managed_policies.len();
    assert_eq!(found, policies().len(), "a policy that no test knows");
    for (policy, rows) in policies() {
        let mut declared = BTreeSet::new();
        let mut all = template.managed_policies.iter();
        let document = all.find(|known| known.logical_id == policy);
        let document = &document.context("no such policy")?.document;
        for statement in document["Statement"].as_array().context("no statements")? {
            let name = statement["Sid"].as_str().context("no name")?;
            let actions = match &statement["Action"] {
                Value::Array(actions) => actions.clone(),
                one => vec![one.clone()],
            };
            for action in actions {
                let action = action.as_str().context("no action")?.to_owned();
                declared.insert((name.to_owned(), action));
            }
        }
        let known = rows.iter();
        let known = known.map(|(name, action, _)| ((*name).to_owned(), (*action).to_owned()));
        assert_eq!(declared, known.collect(), "{policy}");
    }
    Ok(())
}

#[tokio::test]
async fn without_an_action_what_it_is_for_is_refused() -> Result<()> {
    let whole = text()?;
    for (policy, rows) in policies() {
        let place = Place::start().await?;
        furnish(&place).await?;
        for (statement, action, need) in rows {
            let mut changed = without(&whole, policy, statement, action)?;
            if let Need::Gone = need {
                // Any rule may be read then, as an own one that was deleted by hand.
                ensure!(changed.contains(OWN_RULES), "{OWN_RULES}");
                changed = changed.replace(OWN_RULES, "Resource: '*'");
            }
            place.change(&changed).await?;
            let found = missing(&place, policy, need).await?;
            let case = format!("{policy} {statement} {action}: {found:?}");
            if let Need::Forbidden(_) = need {
                ensure!(found.is_empty(), "{case}");
                place.change(&whole).await?;
                let found = missing(&place, policy, need).await?;
                ensure!(found.len() == 1, "{case}: {found:?}");
                continue;
            }
            let first = found.first().with_context(|| case.clone())?;
            ensure!(
                first.contains(&format!("\"Action\":\"{action}\"")),
                "{case}"
            );
        }
        place.cloud.shutdown().await;
    }
    Ok(())
}
