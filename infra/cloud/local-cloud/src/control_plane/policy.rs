//! Operations on IoT policies, their versions, and what they are attached to.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::input;
use super::{Answer, ControlPlane, Name, Plane, done, page, seconds};
use crate::answer::{ApiError, ok};
use crate::parameter::Parameters;
use crate::registry::PolicyRecord;

/// Header of the older operations, such as `AttachPrincipalPolicy`.
const PRINCIPAL: &str = "x-amzn-iot-principal";
const POLICY: &str = "x-amzn-iot-policy";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Create {
    policy_document: String,
    #[serde(default)]
    tags: Vec<Value>,
}

pub async fn create(State(plane): Plane, Path(name): Name, body: Bytes) -> Answer {
    let request: Create = input::body(&body)?;
    if !request.tags.is_empty() {
        let message = "tags are not part of the local cloud: leave them out";
        return Err(ApiError::invalid(message));
    }
    plane
        .registry
        .create_policy(&name, &request.policy_document)?;
    Ok(ok(&json!({
        "policyName": name,
        "policyArn": plane.registry.policy_arn(&name),
        "policyDocument": request.policy_document,
        "policyVersionId": "1",
    })))
}

pub async fn get(State(plane): Plane, Path(name): Name) -> Answer {
    let policy = find(&plane, &name)?;
    let versions: Vec<_> = policy.versions().collect();
    let created = |version: Option<&(u32, &crate::registry::PolicyVersion)>| {
        seconds(version.map_or(0, |(_, version)| version.created_at_ms))
    };
    Ok(ok(&json!({
        "policyName": name,
        "policyArn": plane.registry.policy_arn(&name),
        "policyDocument": policy.text(),
        "defaultVersionId": policy.default_version().to_string(),
        "creationDate": created(versions.first()),
        "lastModifiedDate": created(versions.last()),
    })))
}

fn find(plane: &ControlPlane, name: &str) -> Result<PolicyRecord, ApiError> {
    let records = plane.registry.records();
    let policy = records.policies.get(name).cloned();
    policy.ok_or_else(|| ApiError::not_found(&format!("Policy {name} not found")))
}

pub async fn list(State(plane): Plane, q: Parameters) -> Answer {
    let records = plane.registry.records();
    let rows = records.policies.keys().map(|name| row(&plane, name));
    page::of_security(&q, "policies", rows)
}

fn row(plane: &ControlPlane, name: &str) -> (String, Value) {
    let arn = plane.registry.policy_arn(name);
    (
        name.to_owned(),
        json!({"policyName": name, "policyArn": arn}),
    )
}

pub async fn delete(State(plane): Plane, Path(name): Name) -> Answer {
    plane.registry.delete_policy(&name)?;
    done()
}

pub async fn create_version(
    State(plane): Plane,
    Path(name): Name,
    q: Parameters,
    body: Bytes,
) -> Answer {
    let is_default = q.flag("setAsDefault")?;
    let document = input::body::<Create>(&body)?.policy_document;
    let number = plane
        .registry
        .create_policy_version(&name, &document, is_default)?;
    Ok(ok(&json!({
        "policyArn": plane.registry.policy_arn(&name),
        "policyDocument": document,
        "policyVersionId": number.to_string(),
        "isDefaultVersion": is_default,
    })))
}

pub async fn list_versions(State(plane): Plane, Path(name): Name) -> Answer {
    let policy = find(&plane, &name)?;
    let versions = policy.versions().rev().map(|(number, version)| {
        json!({
            "versionId": number.to_string(),
            "isDefaultVersion": number == policy.default_version(),
            "createDate": seconds(version.created_at_ms),
        })
    });
    let versions: Vec<Value> = versions.collect();
    Ok(ok(&json!({ "policyVersions": versions })))
}

pub async fn get_version(
    State(plane): Plane,
    Path((name, version)): Path<(String, String)>,
) -> Answer {
    let policy = find(&plane, &name)?;
    let number = policy.find(&name, &version)?;
    let kept = policy.version(number);
    Ok(ok(&json!({
        "policyName": name,
        "policyArn": plane.registry.policy_arn(&name),
        "policyDocument": kept.map(|v| v.text.as_str()),
        "policyVersionId": version,
        "isDefaultVersion": number == policy.default_version(),
        "creationDate": kept.map(|v| seconds(v.created_at_ms)),
        "lastModifiedDate": kept.map(|v| seconds(v.created_at_ms)),
    })))
}

pub async fn set_default_version(
    State(plane): Plane,
    Path((name, version)): Path<(String, String)>,
) -> Answer {
    plane.registry.set_default_policy_version(&name, &version)?;
    done()
}

pub async fn delete_version(
    State(plane): Plane,
    Path((name, version)): Path<(String, String)>,
) -> Answer {
    plane.registry.delete_policy_version(&name, &version)?;
    done()
}

#[derive(Deserialize)]
struct Target {
    target: String,
}

pub async fn attach(State(plane): Plane, Path(name): Name, body: Bytes) -> Answer {
    let target = input::body::<Target>(&body)?.target;
    let id = input::certificate_of(&plane, &target)?;
    plane.registry.attach_policy(&name, &id)?;
    done()
}

pub async fn detach(State(plane): Plane, Path(name): Name, body: Bytes) -> Answer {
    let target = input::body::<Target>(&body)?.target;
    let id = input::certificate_of(&plane, &target)?;
    plane.registry.detach_policy(&name, &id)?;
    done()
}

pub async fn attach_principal(State(plane): Plane, Path(name): Name, headers: HeaderMap) -> Answer {
    let id = input::principal(&plane, &headers, PRINCIPAL)?;
    plane.registry.attach_policy(&name, &id)?;
    done()
}

pub async fn detach_principal(State(plane): Plane, Path(name): Name, headers: HeaderMap) -> Answer {
    let id = input::principal(&plane, &headers, PRINCIPAL)?;
    plane.registry.detach_policy(&name, &id)?;
    done()
}

pub async fn attached(State(plane): Plane, Path(target): Name, q: Parameters) -> Answer {
    let id = input::certificate_of(&plane, &target)?;
    policies_of(&plane, &id, &q)
}

pub async fn of_principal(State(plane): Plane, q: Parameters, headers: HeaderMap) -> Answer {
    let id = input::principal(&plane, &headers, PRINCIPAL)?;
    policies_of(&plane, &id, &q)
}

fn policies_of(plane: &ControlPlane, id: &str, q: &Parameters) -> Answer {
    let records = plane.registry.records();
    let certificate = records.certificates.get(id).ok_or_else(|| {
        ApiError::not_found("The certificate given in the request does not exist")
    })?;
    let rows = certificate.policies.iter().map(|name| row(plane, name));
    page::of_security(q, "policies", rows)
}

pub async fn targets(State(plane): Plane, Path(name): Name, q: Parameters) -> Answer {
    certificates_of(&plane, &name, &q, "targets")
}

pub async fn principals(State(plane): Plane, q: Parameters, headers: HeaderMap) -> Answer {
    let name = headers.get(POLICY).and_then(|v| v.to_str().ok());
    let name = name.ok_or_else(|| ApiError::invalid(&format!("{POLICY} is missing")))?;
    certificates_of(&plane, name, &q, "principals")
}

fn certificates_of(plane: &ControlPlane, name: &str, q: &Parameters, list: &str) -> Answer {
    find(plane, name)?;
    let records = plane.registry.records();
    let rows = records.certificates_with(name).map(|id| {
        let arn = plane.registry.certificate_arn(id);
        (arn.clone(), Value::from(arn))
    });
    page::of_security(q, list, rows)
}
