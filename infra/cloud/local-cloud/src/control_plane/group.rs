//! Operations on thing types and thing groups.

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::input;
use super::{Answer, Name, Plane, done, page, seconds};
use crate::answer::{ApiError, ok};
use crate::parameter::Parameters;

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Create {
    thing_type_properties: Value,
    thing_group_properties: Value,
    parent_group_name: Option<String>,
    tags: Vec<Value>,
}

impl Create {
    fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        let request: Self = input::body(bytes)?;
        for (field, given) in [
            ("parentGroupName", request.parent_group_name.is_some()),
            ("tags", !request.tags.is_empty()),
        ] {
            if given {
                return Err(super::thing::unsupported(field));
            }
        }
        Ok(request)
    }
}

pub async fn create_type(State(plane): Plane, Path(name): Name, body: Bytes) -> Answer {
    let properties = Create::read(&body)?.thing_type_properties;
    let id = plane.registry.create_thing_type(&name, properties)?;
    let arn = plane.registry.thing_type_arn(&name);
    Ok(ok(
        &json!({"thingTypeName": name, "thingTypeArn": arn, "thingTypeId": id}),
    ))
}

pub async fn describe_type(State(plane): Plane, Path(name): Name) -> Answer {
    let records = plane.registry.records();
    let found = records.thing_type(&name)?;
    Ok(ok(&json!({
        "thingTypeName": name,
        "thingTypeArn": plane.registry.thing_type_arn(&name),
        "thingTypeId": found.id,
        "thingTypeProperties": object(&found.properties),
        "thingTypeMetadata": {"deprecated": false, "creationDate": seconds(found.created_at_ms)},
    })))
}

pub async fn create(State(plane): Plane, Path(name): Name, body: Bytes) -> Answer {
    let properties = Create::read(&body)?.thing_group_properties;
    let id = plane.registry.create_thing_group(&name, properties)?;
    let arn = plane.registry.thing_group_arn(&name);
    Ok(ok(
        &json!({"thingGroupName": name, "thingGroupArn": arn, "thingGroupId": id}),
    ))
}

pub async fn describe(State(plane): Plane, Path(name): Name) -> Answer {
    let records = plane.registry.records();
    let found = records.thing_group(&name)?;
    Ok(ok(&json!({
        "thingGroupName": name,
        "thingGroupArn": plane.registry.thing_group_arn(&name),
        "thingGroupId": found.id,
        "thingGroupProperties": object(&found.properties),
        "thingGroupMetadata": {"creationDate": seconds(found.created_at_ms)},
        "version": 1,
    })))
}

/// Properties that were not given are an empty object.
fn object(properties: &Value) -> Value {
    match properties {
        Value::Null => json!({}),
        given => given.clone(),
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Member {
    thing_group_name: Option<String>,
    thing_group_arn: Option<String>,
    thing_name: Option<String>,
    thing_arn: Option<String>,
}

/// Group and thing of a body, each by its name or its ARN.
fn member(bytes: &[u8]) -> Result<(String, String), ApiError> {
    let member: Member = input::body(bytes)?;
    let name = |name: Option<String>, arn: Option<String>, field| {
        let of_arn = || Some(arn?.rsplit_once('/')?.1.to_owned());
        let name = name.or_else(of_arn);
        name.ok_or_else(|| ApiError::invalid(&format!("{field} is missing")))
    };
    Ok((
        name(
            member.thing_group_name,
            member.thing_group_arn,
            "thingGroupName",
        )?,
        name(member.thing_name, member.thing_arn, "thingName")?,
    ))
}

pub async fn add(State(plane): Plane, body: Bytes) -> Answer {
    let (group, thing) = member(&body)?;
    plane.registry.change_group(&group, &thing, true)?;
    done()
}

pub async fn remove(State(plane): Plane, body: Bytes) -> Answer {
    let (group, thing) = member(&body)?;
    plane.registry.change_group(&group, &thing, false)?;
    done()
}

pub async fn of_thing(State(plane): Plane, Path(name): Name, q: Parameters) -> Answer {
    let thing = super::thing::find(&plane, &name)?;
    let rows = thing.groups.into_iter().map(|group| {
        let arn = plane.registry.thing_group_arn(&group);
        let row = json!({"groupName": group, "groupArn": arn});
        (group, row)
    });
    page::of_things(&q, "thingGroups", rows)
}

pub async fn things(State(plane): Plane, Path(name): Name, q: Parameters) -> Answer {
    let records = plane.registry.records();
    records.thing_group(&name)?;
    let all = records.things.iter();
    let rows = all.filter(|(_, thing)| thing.groups.contains(&name));
    let rows = rows.map(|(thing, _)| (thing.clone(), Value::from(thing.as_str())));
    page::of_things(&q, "things", rows)
}
