//! Operations on things and on what is attached to them.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use serde::Deserialize;
use serde_json::{Value, json};

use super::input;
use super::{Answer, ControlPlane, Name, Plane, done, page};
use crate::answer::{ApiError, ok};
use crate::parameter::Parameters;
use crate::registry::{Thing, ThingChange, TypeChange};

const PRINCIPAL: &str = "x-amzn-principal";
/// The only kind of attachment supported.
const NOT_EXCLUSIVE: &str = "NON_EXCLUSIVE_THING";

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct ThingRequest {
    attribute_payload: Option<AttributePayload>,
    thing_type_name: Option<String>,
    billing_group_name: Option<String>,
    remove_thing_type: bool,
    expected_version: Option<u64>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct AttributePayload {
    attributes: BTreeMap<String, String>,
    merge: bool,
}

impl ThingRequest {
    fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        let request: Self = input::body(bytes)?;
        if request.billing_group_name.is_some() {
            return Err(unsupported("billingGroupName"));
        }
        Ok(request)
    }
}

pub fn unsupported(field: &str) -> ApiError {
    ApiError::invalid(&format!(
        "{field} is not part of the local cloud: leave it out"
    ))
}

pub async fn create(State(plane): Plane, Path(name): Name, body: Bytes) -> Answer {
    let request = ThingRequest::read(&body)?;
    let attributes = request.attribute_payload.unwrap_or_default().attributes;
    let kind = request.thing_type_name;
    let id = plane.registry.create_thing_with(&name, attributes, kind)?;
    let arn = plane.registry.thing_arn(&name);
    Ok(ok(
        &json!({"thingName": name, "thingArn": arn, "thingId": id}),
    ))
}

pub async fn describe(State(plane): Plane, Path(name): Name) -> Answer {
    Ok(ok(&plane.registry.description_of(&name)?))
}

pub fn find(plane: &ControlPlane, name: &str) -> Result<Thing, ApiError> {
    let records = plane.registry.records();
    let thing = records.things.get(name).cloned();
    thing.ok_or_else(|| ApiError::not_found(&format!("Thing {name} not found")))
}

pub async fn list(State(plane): Plane, q: Parameters) -> Answer {
    let kind = q.text("thingTypeName");
    let is_prefix = q.flag("usePrefixAttributeValue")?;
    let (name, value) = (q.text("attributeName"), q.text("attributeValue"));
    let records = plane.registry.records();
    let fits = |thing: &Thing| match name.map(|name| thing.attributes.get(name)) {
        None => true,
        Some(None) => false,
        Some(Some(is)) => value.is_none_or(|v| is == v || is_prefix && is.starts_with(v)),
    };
    let has_kind = |thing: &Thing| kind.is_none() || thing.type_name.as_deref() == kind;
    let things = records.things.iter();
    let things = things.filter(|(_, thing)| has_kind(thing) && fits(thing));
    let rows = things.map(|(name, thing)| (name.clone(), plane.registry.row_of(name, thing)));
    page::of_things(&q, "things", rows)
}

pub async fn update(State(plane): Plane, Path(name): Name, body: Bytes) -> Answer {
    let request = ThingRequest::read(&body)?;
    let kind = match (request.thing_type_name, request.remove_thing_type) {
        (Some(_), true) => {
            let message = "thingTypeName and removeThingType exclude each other";
            return Err(ApiError::invalid(message));
        }
        (Some(kind), false) => TypeChange::Set(kind),
        (None, true) => TypeChange::Remove,
        (None, false) => TypeChange::Keep,
    };
    let has_attributes = request.attribute_payload.is_some();
    let payload = request.attribute_payload.unwrap_or_default();
    let change = ThingChange {
        kind,
        has_attributes,
        attributes: payload.attributes,
        merge: payload.merge,
    };
    plane
        .registry
        .update_thing(&name, change, request.expected_version)?;
    done()
}

pub async fn delete(State(plane): Plane, Path(name): Name, q: Parameters) -> Answer {
    let expected = q.number("expectedVersion", 0..=u64::MAX)?;
    plane.registry.delete_thing(&name, expected)?;
    done()
}

pub async fn attach(
    State(plane): Plane,
    Path(name): Name,
    q: Parameters,
    headers: HeaderMap,
) -> Answer {
    if q.text("thingPrincipalType")
        .is_some_and(|t| t != NOT_EXCLUSIVE)
    {
        return Err(ApiError::invalid(
            "exclusive attachments are not part of the local cloud: leave thingPrincipalType out",
        ));
    }
    let id = input::principal(&plane, &headers, PRINCIPAL)?;
    plane.registry.attach_thing_principal(&name, &id)?;
    done()
}

pub async fn detach(State(plane): Plane, Path(name): Name, headers: HeaderMap) -> Answer {
    let id = input::principal(&plane, &headers, PRINCIPAL)?;
    plane.registry.detach_thing_principal(&name, &id)?;
    done()
}

pub async fn principals(State(plane): Plane, Path(name): Name, q: Parameters) -> Answer {
    let rows = principal_rows(&plane, &name)?;
    let rows = rows.into_iter().map(|arn| (arn.clone(), Value::from(arn)));
    page::of_things(&q, "principals", rows)
}

pub async fn principals_v2(State(plane): Plane, Path(name): Name, q: Parameters) -> Answer {
    let kind = q.text("thingPrincipalType");
    let is_empty = kind.is_some_and(|kind| kind != NOT_EXCLUSIVE);
    let rows = principal_rows(&plane, &name)?;
    let rows = rows.into_iter().filter(|_| !is_empty).map(|arn| {
        let row = json!({"principal": arn, "thingPrincipalType": NOT_EXCLUSIVE});
        (arn, row)
    });
    let list = "thingPrincipalObjects";
    page::of_things(&q, list, rows)
}

fn principal_rows(plane: &ControlPlane, name: &str) -> Result<Vec<String>, ApiError> {
    let thing = find(plane, name)?;
    let ids = thing.principals.iter();
    Ok(ids.map(|id| plane.registry.certificate_arn(id)).collect())
}

pub async fn of_principal(State(plane): Plane, q: Parameters, headers: HeaderMap) -> Answer {
    let id = input::principal(&plane, &headers, PRINCIPAL)?;
    let records = plane.registry.records();
    if !records.certificates.contains_key(&id) {
        return Err(ApiError::not_found(
            "The certificate given in the request does not exist",
        ));
    }
    let rows = records.things_of(&id);
    let rows = rows.map(|name| (name.to_owned(), Value::from(name)));
    page::of_things(&q, "things", rows)
}
