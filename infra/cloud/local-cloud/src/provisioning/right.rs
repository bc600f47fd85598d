//! The rights that the role of a provisioning template needs to carry it out.
//!
//! Source: AWS IoT Core developer guide, "Provisioning devices that don't have device certificates
//! using fleet provisioning"; service authorization reference, "Actions, resources, and condition
//! keys for AWS IoT".
//!
//! Must not know: what is done with them.

use super::Refusal;
use super::record::TemplateRecord;
use super::template::{Plan, PolicyPlan};
use crate::iam::{Iam, Need};
use crate::registry::{Registry, fingerprint};

/// Name of the session in which AWS assumes the role.
const SESSION: &str = "provisioning-session";

/// Refuses if the template's role may not do what the template says. The rights of a role outside
/// the stack are not known.
pub fn check(
    iam: &Iam,
    registry: &Registry,
    record: &TemplateRecord,
    certificate_id: &str,
    plan: &Plan,
) -> Result<(), Refusal> {
    let role = &record.role_arn;
    if !iam.has_role(role) {
        let template = &record.name;
        tracing::warn!(
            template,
            role,
            "the role is outside the stack: rights are not checked"
        );
        return Ok(());
    }
    for need in needs(registry, certificate_id, plan) {
        let checked = iam.check_role(role, SESSION, &need);
        checked.map_err(|denial| Refusal::new(403, "AccessDenied", denial.to_string()))?;
    }
    Ok(())
}

/// What is done for this certificate, in order.
fn needs(registry: &Registry, certificate_id: &str, plan: &Plan) -> Vec<Need> {
    let need = |action: &str, resource: String| Need::new(format!("iot:{action}"), resource);
    let arn = |resource: String| registry.arn(&resource);
    let certificate = arn(format!("cert/{certificate_id}"));
    let mut needs = Vec::new();
    if let Some(thing) = &plan.thing {
        let exists = registry.records().things.contains_key(&thing.name);
        let action = if exists { "UpdateThing" } else { "CreateThing" };
        needs.push(need(action, arn(format!("thing/{}", thing.name))));
        for group in &thing.groups {
            needs.push(need(
                "AddThingToThingGroup",
                arn(format!("thinggroup/{group}")),
            ));
        }
        needs.push(need("AttachThingPrincipal", "*".to_owned()));
    }
    for policy in &plan.policies {
        if let PolicyPlan::Document(document) = policy {
            let name = fingerprint(document.as_bytes());
            needs.push(need("CreatePolicy", arn(format!("policy/{name}"))));
        }
        needs.push(need("AttachPolicy", certificate.clone()));
    }
    if plan.is_active.is_some() {
        needs.push(need("UpdateCertificate", certificate));
    }
    needs
}
