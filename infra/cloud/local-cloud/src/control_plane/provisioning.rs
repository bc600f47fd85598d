//! Operations on provisioning templates and claims.
//!
//! Source: AWS IoT API of 2015-05-28, and botocore's service model of it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::input;
use super::thing::unsupported;
use super::{Answer, ControlPlane, Name, Plane, done, page, seconds};
use crate::answer::{ApiError, ok};
use crate::parameter::Parameters;
use crate::provisioning::record::{Hook, TemplateRecord, VERSIONS_MAX, Version};
use crate::provisioning::template::Template;

const NAME_CHARS_MAX: usize = 36;
/// Longest text of a template. Source: AWS IoT API, `TemplateBody`.
const BODY_CHARS_MAX: usize = 10_240;
/// The only type here; the other, `JITP`, belongs to certificate authorities of one's own.
const FLEET: &str = "FLEET_PROVISIONING";

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    template_name: Option<String>,
    description: Option<String>,
    template_body: Option<String>,
    enabled: Option<bool>,
    provisioning_role_arn: Option<String>,
    pre_provisioning_hook: Option<Hook>,
    remove_pre_provisioning_hook: bool,
    default_version_id: Option<u32>,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Everything else: what AWS has and this has not.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl Request {
    fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        let request: Self = input::body(bytes)?;
        if request.kind.as_deref().is_some_and(|kind| kind != FLEET) {
            let message = format!("type must be {FLEET}: the local cloud has no other");
            return Err(ApiError::invalid(&message));
        }
        // No tags is what SDKs may send.
        let mut rest = request
            .rest
            .iter()
            .filter(|(_, value)| **value != json!([]));
        match rest.next() {
            Some((field, _)) => Err(unsupported(field)),
            None => Ok(request),
        }
    }

    /// The template's text, if it can be read.
    fn body(&self) -> Result<String, ApiError> {
        let body = self.template_body.clone().unwrap_or_default();
        if body.chars().count() > BODY_CHARS_MAX {
            let message = "templateBody has more than 10240 characters";
            return Err(ApiError::invalid(message));
        }
        match Template::parse(&body) {
            Ok(_) => Ok(body),
            Err(problem) => Err(ApiError::invalid(&problem)),
        }
    }
}

pub async fn create(State(plane): Plane, body: Bytes) -> Answer {
    let request = Request::read(&body)?;
    let name = request.template_name.clone().unwrap_or_default();
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(is_valid) {
        let message = "templateName must be 1 to 36 letters, digits, _ or -";
        return Err(ApiError::invalid(message));
    }
    let text = request.body()?;
    let role_arn = request.provisioning_role_arn;
    let role_arn = role_arn.ok_or_else(|| ApiError::invalid("provisioningRoleArn is missing"))?;
    let now_ms = plane.provisioning.now_ms();
    let record = TemplateRecord {
        name: name.clone(),
        description: request.description,
        is_enabled: request.enabled.unwrap_or(false),
        role_arn,
        hook: request.pre_provisioning_hook,
        default_version: 1,
        latest_version: 1,
        versions: BTreeMap::from([(1, version(text, now_ms))]),
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
    };
    let arn = plane.provisioning.arn(&name);
    if !save(&plane, &name, Some(record), true)? {
        let message = format!("Provisioning template {name} already exists");
        let error = ApiError::new(409, "ResourceAlreadyExistsException", &message);
        return Err(error.with_fields(json!({"resourceId": name, "resourceArn": arn})));
    }
    Ok(ok(&json!({
        "templateArn": arn,
        "templateName": name,
        "defaultVersionId": 1,
    })))
}

fn version(body: String, created_at_ms: u64) -> Version {
    Version {
        body,
        created_at_ms,
    }
}

fn save(
    plane: &ControlPlane,
    name: &str,
    record: Option<TemplateRecord>,
    is_new: bool,
) -> Result<bool, ApiError> {
    let saved = plane.provisioning.put(name, record, is_new);
    saved.map_err(|error| {
        tracing::error!(%error, name, "save a provisioning template");
        ApiError::new(500, "InternalFailureException", &error.to_string())
    })
}

fn find(plane: &ControlPlane, name: &str) -> Result<TemplateRecord, ApiError> {
    let found = plane.provisioning.find(name);
    found.ok_or_else(|| ApiError::not_found(&format!("Provisioning template {name} not found")))
}

fn row(plane: &ControlPlane, record: &TemplateRecord) -> Value {
    let mut row = json!({
        "templateArn": plane.provisioning.arn(&record.name),
        "templateName": record.name,
        "creationDate": seconds(record.created_at_ms),
        "lastModifiedDate": seconds(record.updated_at_ms),
        "enabled": record.is_enabled,
        "type": FLEET,
    });
    if let Some(description) = &record.description {
        row["description"] = description.as_str().into();
    }
    row
}

pub async fn list(State(plane): Plane, q: Parameters) -> Answer {
    let records = plane.provisioning.list().into_iter();
    let rows = records.map(|record| (record.name.clone(), row(&plane, &record)));
    page::of_things(&q, "templates", rows)
}

pub async fn describe(State(plane): Plane, Path(name): Name) -> Answer {
    let record = find(&plane, &name)?;
    let mut shown = row(&plane, &record);
    shown["defaultVersionId"] = record.default_version.into();
    shown["templateBody"] = record.body().into();
    shown["provisioningRoleArn"] = record.role_arn.as_str().into();
    if let Some(hook) = &record.hook {
        shown["preProvisioningHook"] = json!(hook);
    }
    Ok(ok(&shown))
}

pub async fn update(State(plane): Plane, Path(name): Name, body: Bytes) -> Answer {
    let request = Request::read(&body)?;
    let mut record = find(&plane, &name)?;
    if let Some(number) = request.default_version_id {
        find_version(&record, number)?;
        record.default_version = number;
    }
    record.description = request.description.or(record.description);
    record.is_enabled = request.enabled.unwrap_or(record.is_enabled);
    record.role_arn = request.provisioning_role_arn.unwrap_or(record.role_arn);
    record.hook = if request.remove_pre_provisioning_hook {
        None
    } else {
        request.pre_provisioning_hook.or(record.hook)
    };
    record.updated_at_ms = plane.provisioning.now_ms();
    save(&plane, &name, Some(record), false)?;
    done()
}

pub async fn delete(State(plane): Plane, Path(name): Name) -> Answer {
    let record = find(&plane, &name)?;
    if record.versions.len() > 1 {
        let message = format!("Provisioning template {name} has versions: delete them first");
        return Err(ApiError::new(409, "DeleteConflictException", &message));
    }
    save(&plane, &name, None, false)?;
    done()
}

pub async fn create_version(
    State(plane): Plane,
    Path(name): Name,
    q: Parameters,
    body: Bytes,
) -> Answer {
    let is_default = q.flag("setAsDefault")?;
    let text = Request::read(&body)?.body()?;
    let mut record = find(&plane, &name)?;
    if record.versions.len() == VERSIONS_MAX {
        let message = format!("Provisioning template {name} has {VERSIONS_MAX} versions already");
        return Err(ApiError::new(
            409,
            "VersionsLimitExceededException",
            &message,
        ));
    }
    let now_ms = plane.provisioning.now_ms();
    record.latest_version += 1;
    let number = record.latest_version;
    record.versions.insert(number, version(text, now_ms));
    if is_default {
        record.default_version = number;
    }
    record.updated_at_ms = now_ms;
    save(&plane, &name, Some(record), false)?;
    Ok(ok(&json!({
        "templateArn": plane.provisioning.arn(&name),
        "templateName": name,
        "versionId": number,
        "isDefaultVersion": is_default,
    })))
}

fn find_version(record: &TemplateRecord, number: u32) -> Result<&Version, ApiError> {
    let found = record.versions.get(&number);
    found.ok_or_else(|| {
        let name = &record.name;
        ApiError::not_found(&format!(
            "Provisioning template {name} has no version {number}"
        ))
    })
}

fn version_row(record: &TemplateRecord, number: u32, version: &Version) -> Value {
    json!({
        "versionId": number,
        "creationDate": seconds(version.created_at_ms),
        "isDefaultVersion": number == record.default_version,
    })
}

pub async fn versions(State(plane): Plane, Path(name): Name, q: Parameters) -> Answer {
    let record = find(&plane, &name)?;
    let versions = record.versions.iter();
    let rows = versions.map(|(number, version)| {
        let row = version_row(&record, *number, version);
        (format!("{number:010}"), row)
    });
    page::of_things(&q, "versions", rows)
}

pub async fn describe_version(
    State(plane): Plane,
    Path((name, number)): Path<(String, u32)>,
) -> Answer {
    let record = find(&plane, &name)?;
    let version = find_version(&record, number)?;
    let mut shown = version_row(&record, number, version);
    shown["templateBody"] = version.body.as_str().into();
    Ok(ok(&shown))
}

pub async fn delete_version(
    State(plane): Plane,
    Path((name, number)): Path<(String, u32)>,
) -> Answer {
    let mut record = find(&plane, &name)?;
    find_version(&record, number)?;
    if record.default_version == number {
        let message = "The default version of a provisioning template cannot be deleted";
        return Err(ApiError::new(409, "DeleteConflictException", message));
    }
    record.versions.remove(&number);
    save(&plane, &name, Some(record), false)?;
    done()
}

pub async fn create_claim(State(plane): Plane, Path(name): Name) -> Answer {
    find(&plane, &name)?;
    let (issued, until_ms) = plane.registry.create_claim(&name)?;
    Ok(ok(&json!({
        "certificateId": issued.id,
        "certificatePem": issued.pem,
        "keyPair": {"PublicKey": issued.public_key_pem, "PrivateKey": issued.private_key_pem},
        "expiration": seconds(until_ms),
    })))
}
