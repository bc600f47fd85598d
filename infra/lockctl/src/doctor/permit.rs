//! What the policies of a device's certificates let it do, evaluated here.
//!
//! Must not know: how the policies were read.

use aws_policy::{Decision, Document, Request};
use lock_aws::registry::PolicyText;
use serde_json::Value;

use super::device::attached;
use super::evidence::{CertificatePolicies, Device, Evidence};
use super::judge::unknown;
use super::link::Verdict;
use crate::register::kind::Kind;
use crate::register::name;

/// The links of a policy, and the action that each judges.
pub const ACTIONS: [(&str, &str); 4] = [
    ("may connect", "iot:Connect"),
    ("may publish", "iot:Publish"),
    ("may subscribe", "iot:Subscribe"),
    ("may receive", "iot:Receive"),
];

/// Whether one of the active certificates lets the device do all of this action that it needs.
pub fn verdict(evidence: &Evidence, device: &Device, action: &str) -> Verdict {
    if device.policies.is_empty() {
        return Verdict::Unknown("not looked at: no active certificate is attached".to_owned());
    }
    let mut needs = name::needs(device.kind, &device.name);
    needs.retain(|(needed, _)| *needed == action);
    if device.kind == Kind::GenuineButton && action == "iot:Connect" {
        return genuine_client(evidence);
    }
    if needs.is_empty() {
        return Verdict::Ok("not needed".to_owned());
    }
    let mut worst = None;
    for certificate in &device.policies {
        let verdict = of_certificate(evidence, device, certificate, &needs);
        if matches!(verdict, Verdict::Ok(_)) {
            return verdict;
        }
        worst.get_or_insert(verdict);
    }
    worst.unwrap_or_else(|| Verdict::Unknown("no policy was seen".to_owned()))
}

/// A genuine button chooses its client id, which the stack must name.
fn genuine_client(evidence: &Evidence) -> Verdict {
    match evidence.parameter("AwsIotButtonClientId") {
        None => Verdict::Unknown("not looked at: the stack was not seen".to_owned()),
        Some("") => Verdict::broken(
            "the stack lets no AWS IoT Button connect: its parameter AwsIotButtonClientId is empty",
            format!(
                "add AwsIotButtonClientId=ID to parameter_overrides in samconfig.toml \
                 (infra/docs/HARDWARE.md says how to find the id), then {}",
                evidence.deploy()
            ),
        ),
        Some(client) => Verdict::Ok(format!("as {client}")),
    }
}

fn of_certificate(
    evidence: &Evidence,
    device: &Device,
    certificate: &CertificatePolicies,
    needs: &[(&'static str, String)],
) -> Verdict {
    let policies = match &certificate.policies {
        Ok(policies) => policies,
        Err(unseen) => return unknown(evidence, unseen),
    };
    let documents = match parse(policies) {
        Ok(documents) => documents,
        Err(why) => return Verdict::Unknown(why),
    };
    // arn:aws:iot:us-east-1:123456789012:cert/…
    let prefix = certificate.arn.split(":cert/").next().unwrap_or_default();
    let refused = needs.iter().find(|(action, resource)| {
        let resource = format!("{prefix}:{resource}");
        evaluate(device, &documents, action, &resource) != Decision::Allow
    });
    let Some((action, resource)) = refused else {
        return Verdict::Ok(format!("what a {} needs", device.kind.word()));
    };
    let whole = format!("{prefix}:{resource}");
    let names = policies.iter().map(|policy| policy.arn.rsplit('/').next());
    let denying = names.zip(&documents).find(|(_, document)| {
        let one = std::slice::from_ref(*document);
        evaluate(device, one, action, &whole) == Decision::ExplicitDeny
    });
    let denying = denying.and_then(|(name, _)| name);
    refusal(
        evidence,
        device,
        &certificate.arn,
        action,
        resource,
        denying,
    )
}

fn evaluate(device: &Device, documents: &[Document], action: &str, resource: &str) -> Decision {
    let variables = name::variables(device.kind, &device.name);
    let request = Request {
        action,
        resource,
        variables: &variables,
    };
    aws_policy::evaluate(documents, &request)
}

/// The verdict about an action that a certificate's policies refuse.
fn refusal(
    evidence: &Evidence,
    device: &Device,
    arn: &str,
    action: &str,
    resource: &str,
    denying: Option<&str>,
) -> Verdict {
    let what = format!("its policies do not allow {action} on {resource}");
    if let Some(denying) = denying {
        return Verdict::broken(
            format!("{what}: {denying} denies it"),
            format!("aws iot detach-policy --policy-name {denying} --target {arn}"),
        );
    }
    let wanted = evidence.output(device.kind.policy_output());
    let wanted = wanted.map_or_else(
        || format!("{}-{}", evidence.stack_name, device.kind.word()),
        str::to_owned,
    );
    if has_policy(device, arn, &wanted) {
        return Verdict::broken(
            format!("{what}, though it has {wanted}, which was changed by hand"),
            format!(
                "aws iot set-default-policy-version --policy-name {wanted} --policy-version-id 1, \
                 or another of aws iot list-policy-versions --policy-name {wanted}"
            ),
        );
    }
    Verdict::broken(
        format!("its certificate has no policy that allows {action} on {resource}"),
        format!("aws iot attach-policy --policy-name {wanted} --target {arn}"),
    )
}

fn parse(policies: &[PolicyText]) -> Result<Vec<Document>, String> {
    let parse = |policy: &PolicyText| {
        Document::parse(&Value::from(policy.document.as_str())).map_err(|error| {
            let name = policy.arn.rsplit('/').next().unwrap_or_default();
            format!("policy {name} cannot be evaluated here: {error}")
        })
    };
    policies.iter().map(parse).collect()
}

fn has_policy(device: &Device, arn: &str, policy: &str) -> bool {
    let Ok(Some(thing)) = &device.thing else {
        return false;
    };
    attached(thing)
        .filter(|certificate| certificate.arn == arn)
        .any(|certificate| certificate.policies.iter().any(|name| name == policy))
}
