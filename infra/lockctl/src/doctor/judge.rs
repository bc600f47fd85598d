//! From what was seen to the links, in the order in which a press and a command pass them. The
//! first broken one is the cause; those after it may be its effects.
//!
//! Must not know: how anything was seen. It makes no call.

use lock_aws::Remedy;

use super::evidence::{Evidence, Unseen};
use super::link::{Link, Verdict};
use super::{device, rule, service};

/// Regions that have Lambda and no AWS `IoT`: those of the template's rule `RegionHasIot`.
pub const REGIONS_WITHOUT_IOT: [&str; 11] = [
    "af-south-1",
    "ap-east-2",
    "ap-northeast-3",
    "ap-south-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "ap-southeast-6",
    "ap-southeast-7",
    "ca-west-1",
    "eu-central-2",
    "mx-central-1",
];

/// Refusals of the credentials themselves, not of what they may do.
const BAD_CREDENTIALS: [&str; 14] = [
    "ExpiredToken",
    "ExpiredTokenException",
    "IncompleteSignature",
    "IncompleteSignatureException",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "MissingAuthenticationTokenException",
    "NotAuthorized",
    "OptInRequired",
    "RequestExpired",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// What puts credentials into the environment.
pub const LOG_IN: &str = "eval \"$(aws configure export-credentials --format env)\"";

/// The outputs of the template that lockctl uses.
const OUTPUTS: [&str; 18] = [
    "TableName",
    "FailureQueueUrl",
    "PoisonQueueUrl",
    "PressFunctionName",
    "ReportFunctionName",
    "SweepFunctionName",
    "FailureFunctionName",
    "AnnounceFunctionName",
    "ShowFunctionName",
    "ButtonRuleName",
    "RequestRuleName",
    "LockOnlyRuleName",
    "AskRuleName",
    "ReportRuleName",
    "LockPolicyName",
    "ButtonPolicyName",
    "AwsIotButtonPolicyName",
    "DoctorPolicyArn",
];

/// All links, in order.
pub fn judge(evidence: &Evidence) -> Vec<Link> {
    let mut links = vec![
        Link::new("credentials", credentials(evidence)),
        Link::new("region", region(evidence)),
        Link::new("stack", stack(evidence)),
        Link::new("outputs", outputs(evidence)),
        Link::new("table", table(evidence)),
    ];
    links.extend(service::functions(evidence));
    links.extend(rule::rules(evidence));
    links.push(Link::new("other rules", rule::others(evidence)));
    for device in &evidence.devices {
        links.extend(device::links(evidence, device));
    }
    links.push(Link::new("failure queue", service::failure_queue(evidence)));
    links.push(Link::new("poison queue", service::poison_queue(evidence)));
    links.push(Link::new("alarms", service::alarms(evidence)));
    links
}

/// The verdict about something that could not be seen.
pub fn unknown(evidence: &Evidence, unseen: &Unseen) -> Verdict {
    if unseen.remedy != Remedy::Rights {
        return Verdict::Unknown(unseen.text.clone());
    }
    let policy = match evidence.output("DoctorPolicyArn") {
        Some(arn) => arn.to_owned(),
        None => "of the stack's output DoctorPolicyArn".to_owned(),
    };
    let text = &unseen.text;
    Verdict::Unknown(format!(
        "{text}; attach the policy {policy} to these credentials"
    ))
}

/// The errors of the first calls.
fn first_errors(evidence: &Evidence) -> impl Iterator<Item = &Unseen> {
    let stack = evidence.stack.as_ref().err();
    let table = evidence.table.as_ref().err();
    let endpoint = evidence.endpoint.as_ref().err();
    stack.into_iter().chain(table).chain(endpoint)
}

fn credentials(evidence: &Evidence) -> Verdict {
    let is_bad = |unseen: &&Unseen| {
        let code = unseen.code.as_deref();
        code.is_some_and(|code| BAD_CREDENTIALS.contains(&code))
    };
    if let Some(unseen) = first_errors(evidence).find(is_bad) {
        return Verdict::broken(unseen.text.clone(), LOG_IN);
    }
    match &evidence.table {
        Ok(account) => Verdict::Ok(format!("account {account}")),
        Err(_) => Verdict::Ok("accepted".to_owned()),
    }
}

fn region(evidence: &Evidence) -> Verdict {
    let region = &evidence.region;
    if REGIONS_WITHOUT_IOT.contains(&region.as_str()) {
        return Verdict::broken(
            format!("{region} has no AWS IoT"),
            "export AWS_REGION=us-east-1, or another region with AWS IoT; deploy the stack there",
        );
    }
    let silent = |unseen: &&Unseen| unseen.remedy == Remedy::Connection;
    if let Some(unseen) = first_errors(evidence).find(silent) {
        return Verdict::broken(
            unseen.text.clone(),
            "check the network, and the variables AWS_REGION and AWS_ENDPOINT_URL",
        );
    }
    match &evidence.endpoint {
        Ok(host) => Verdict::Ok(format!("{region}; devices connect to {host}")),
        Err(unseen) => unknown(evidence, unseen),
    }
}

fn stack(evidence: &Evidence) -> Verdict {
    let name = &evidence.stack_name;
    let found = match &evidence.stack {
        Err(unseen) => return unknown(evidence, unseen),
        Ok(None) => {
            return Verdict::broken(
                format!("there is no stack {name} in {}", evidence.region),
                format!(
                    "{}, or name the stack that is there: lockctl --stack NAME doctor",
                    evidence.deploy()
                ),
            );
        }
        Ok(Some(found)) => found,
    };
    let status = &found.status;
    let what = format!("{name} is in {status}");
    // CREATE_COMPLETE, UPDATE_ROLLBACK_COMPLETE and so on; ROLLBACK_COMPLETE is a failed creation.
    let is_usable = status.ends_with("_COMPLETE") || status.ends_with("_CLEANUP_IN_PROGRESS");
    let is_gone = matches!(status.as_str(), "ROLLBACK_COMPLETE" | "DELETE_COMPLETE");
    if is_usable && !is_gone {
        return Verdict::Ok(what);
    }
    if status.ends_with("_IN_PROGRESS") {
        let wait = match status.split('_').next() {
            Some("CREATE") => "stack-create-complete",
            Some("DELETE") => "stack-delete-complete",
            _ => "stack-update-complete",
        };
        return Verdict::broken(
            what,
            format!("aws cloudformation wait {wait} --stack-name {name}"),
        );
    }
    let fix = match status.as_str() {
        "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "CREATE_FAILED" => {
            "follow infra/docs/RUNBOOK.md, \"The first deployment failed\"".to_owned()
        }
        "DELETE_FAILED" => "follow infra/docs/RUNBOOK.md, \"Delete the stack\"".to_owned(),
        "UPDATE_ROLLBACK_FAILED" => {
            format!("aws cloudformation continue-update-rollback --stack-name {name}")
        }
        _ => evidence.deploy(),
    };
    Verdict::broken(what, fix)
}

fn outputs(evidence: &Evidence) -> Verdict {
    let Some(stack) = evidence.stack() else {
        return Verdict::Unknown("not looked at: the stack was not seen".to_owned());
    };
    let missing = OUTPUTS
        .into_iter()
        .filter(|name| !stack.outputs.contains_key(*name));
    let missing: Vec<&str> = missing.collect();
    if missing.is_empty() {
        return Verdict::Ok(format!("all {} that lockctl uses", OUTPUTS.len()));
    }
    Verdict::broken(
        format!(
            "{} missing: an older template was deployed, or another stack has this name",
            missing.join(", ")
        ),
        evidence.deploy(),
    )
}

fn table(evidence: &Evidence) -> Verdict {
    let name = &evidence.stack_name;
    match &evidence.table {
        Ok(_) => Verdict::Ok(format!("{name} answers")),
        Err(unseen) if unseen.remedy == Remedy::Name => {
            let list = "aws dynamodb list-backups --backup-type SYSTEM --table-name";
            Verdict::broken(
                format!("there is no table {name} in {}", evidence.region),
                format!(
                    "{list} {name}, then infra/docs/RUNBOOK.md, \"Restore the table to an earlier \
                     time\""
                ),
            )
        }
        Err(unseen) => unknown(evidence, unseen),
    }
}
