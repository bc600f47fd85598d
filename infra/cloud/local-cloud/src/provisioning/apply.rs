//! Carries out what a provisioning template means for a device, after everything was checked.
//!
//! Must not know: MQTT, where parameters come from.

use std::collections::BTreeMap;

use super::Refusal;
use super::template::{Override, Plan, PolicyPlan, ThingPlan};
use crate::registry::{
    CertificateStatus, Registry, RegistryError, Thing, ThingChange, TypeChange, fingerprint,
};

impl From<RegistryError> for Refusal {
    fn from(error: RegistryError) -> Self {
        use RegistryError as E;
        let (status, code) = match &error {
            E::ThingNotFound(_)
            | E::KindNotFound { .. }
            | E::CertificateNotFound(_)
            | E::PolicyNotFound(_) => (404, "ResourceNotFound"),
            E::AlreadyExists { .. } => (409, "ResourceConflict"),
            E::Authority(crate::registry::AuthorityError::BadRequest(_)) => (400, "InvalidCsr"),
            E::Authority(_) | E::Storage(_) => (500, "InternalError"),
            _ => (400, "InvalidRequest"),
        };
        Self::new(status, code, error.to_string())
    }
}

/// Gives a certificate what its template says. Returns the name of the thing.
pub fn apply(
    registry: &Registry,
    certificate_id: &str,
    plan: &Plan,
) -> Result<Option<String>, Refusal> {
    // Everything that can be refused is checked first.
    let change = match &plan.thing {
        Some(thing) => thing_change(registry, thing)?,
        None => None,
    };
    let mut policies = Vec::new();
    for policy in &plan.policies {
        policies.push(policy_name(registry, policy)?);
    }
    let arn = registry.certificate_arn(certificate_id);
    if let Some(thing) = &plan.thing {
        let name = &thing.name;
        match change {
            None => {
                let (attributes, kind) = (thing.attributes.clone(), thing.type_name.clone());
                registry.create_thing_with(name, attributes, kind)?;
                change_groups(registry, name, std::iter::empty(), thing.groups.iter())?;
            }
            Some(Change { thing: to, groups }) => {
                registry.update_thing(name, to, None)?;
                let (left, joined) = groups;
                change_groups(registry, name, left.iter(), joined.iter())?;
            }
        }
        registry.attach_thing_principal(name, &arn)?;
    }
    for name in &policies {
        registry.attach_policy(name, &arn)?;
    }
    let status = match plan.is_active {
        Some(true) => CertificateStatus::Active,
        Some(false) => CertificateStatus::Inactive,
        None => return Ok(plan.thing.as_ref().map(|thing| thing.name.clone())),
    };
    registry.set_certificate_status(certificate_id, status)?;
    Ok(plan.thing.as_ref().map(|thing| thing.name.clone()))
}

/// What changes of a thing that exists.
struct Change {
    thing: ThingChange,
    /// Those that it leaves, and those that it joins.
    groups: (Vec<String>, Vec<String>),
}

/// The change of an existing thing, `None` for a new one.
fn thing_change(registry: &Registry, plan: &ThingPlan) -> Result<Option<Change>, Refusal> {
    let records = registry.records();
    for group in &plan.groups {
        records.thing_group(group)?;
    }
    if let Some(kind) = &plan.type_name {
        records.thing_type(kind)?;
    }
    let Some(thing) = records.things.get(&plan.name) else {
        return Ok(None);
    };
    let has = differs(thing, plan);
    for (what, differs, setting) in [
        ("AttributePayload", has.0, plan.on_attributes),
        ("ThingTypeName", has.1, plan.on_type),
        ("ThingGroups", has.2, plan.on_groups),
    ] {
        if differs && setting == Override::Fail {
            let message = format!(
                "Thing {} already exists with a different {what}, and OverrideSettings does not \
                 say what to do",
                plan.name
            );
            return Err(Refusal::new(409, "ResourceConflict", message));
        }
    }
    let merges = plan.on_attributes == Override::Merge;
    let has_attributes = has.0 && (merges || plan.on_attributes == Override::Replace);
    let kind = match (&plan.type_name, plan.on_type) {
        (Some(kind), Override::Replace | Override::Merge) if has.1 => TypeChange::Set(kind.clone()),
        _ => TypeChange::Keep,
    };
    let joins = matches!(plan.on_groups, Override::Replace | Override::Merge);
    let joined = plan.groups.difference(&thing.groups).filter(|_| joins);
    let left = thing.groups.difference(&plan.groups);
    let left = left.filter(|_| plan.on_groups == Override::Replace);
    Ok(Some(Change {
        thing: ThingChange {
            kind,
            has_attributes,
            attributes: if has_attributes {
                plan.attributes.clone()
            } else {
                BTreeMap::new()
            },
            merge: merges,
        },
        groups: (left.cloned().collect(), joined.cloned().collect()),
    }))
}

/// Whether attributes, type and groups of a thing are not those of the plan.
fn differs(thing: &Thing, plan: &ThingPlan) -> (bool, bool, bool) {
    let mut attributes = plan.attributes.iter();
    let kind = &plan.type_name;
    (
        attributes.any(|(name, value)| thing.attributes.get(name) != Some(value)),
        kind.is_some() && *kind != thing.type_name,
        !plan.groups.is_subset(&thing.groups),
    )
}

fn change_groups<'a>(
    registry: &Registry,
    thing: &str,
    left: impl Iterator<Item = &'a String>,
    joined: impl Iterator<Item = &'a String>,
) -> Result<(), RegistryError> {
    for group in left {
        registry.change_group(group, thing, false)?;
    }
    for group in joined {
        registry.change_group(group, thing, true)?;
    }
    Ok(())
}

/// The name of a policy, which is made if the template has its document.
fn policy_name(registry: &Registry, plan: &PolicyPlan) -> Result<String, Refusal> {
    let document = match plan {
        PolicyPlan::Existing(name) => {
            if !registry.records().policies.contains_key(name) {
                return Err(RegistryError::PolicyNotFound(name.clone()).into());
            }
            return Ok(name.clone());
        }
        PolicyPlan::Document(document) => document,
    };
    let name = fingerprint(document.as_bytes());
    match registry.create_policy(&name, document) {
        Ok(()) | Err(RegistryError::AlreadyExists { .. }) => Ok(name),
        Err(error) => Err(error.into()),
    }
}
