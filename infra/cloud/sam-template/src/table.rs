//! Reads `AWS::DynamoDB::Table`.

use std::collections::BTreeMap;

use super::error::TemplateError;
use super::fields::Fields;
use super::identity::Identity;
use super::resource::{Index, KeyType, Projection, Stream, StreamView, Table};

type Keys = ((String, KeyType), Option<(String, KeyType)>);

pub(super) fn read(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<Table, TemplateError> {
    let attributes = read_attributes(&mut fields)?;
    let (hash, range) = read_keys(&mut fields, &attributes)?;
    let mut indexes = Vec::new();
    for mut index in fields.maps("GlobalSecondaryIndexes")? {
        let (hash, range) = read_keys(&mut index, &attributes)?;
        let projection = read_projection(&mut index)?;
        indexes.push(Index {
            name: index.need_text("IndexName")?,
            hash,
            range,
            projection,
        });
        index.accept(&["ProvisionedThroughput"]);
        index.finish()?;
    }
    let ttl_attribute = read_expiry(&mut fields)?;
    let deletion_protection = fields.boolean("DeletionProtectionEnabled")?;
    let stream = read_stream(&identity, &mut fields)?;
    fields.text("TableName")?;
    fields.accept(&[
        "BillingMode",
        "ProvisionedThroughput",
        "PointInTimeRecoverySpecification",
        "SSESpecification",
        "TableClass",
        "Tags",
    ]);
    fields.finish()?;
    Ok(Table {
        logical_id: id.to_owned(),
        name: identity.name,
        hash,
        range,
        attributes,
        indexes,
        ttl_attribute,
        deletion_protection: deletion_protection.unwrap_or(false),
        stream,
    })
}

fn read_attributes(fields: &mut Fields) -> Result<BTreeMap<String, KeyType>, TemplateError> {
    let mut attributes = BTreeMap::new();
    for mut definition in fields.maps("AttributeDefinitions")? {
        let name = definition.need_text("AttributeName")?;
        let kind = match definition.need_text("AttributeType")?.as_str() {
            "S" => KeyType::S,
            "N" => KeyType::N,
            "B" => KeyType::B,
            other => {
                return Err(definition.refused("AttributeType", other, "it must be S, N or B"));
            }
        };
        definition.finish()?;
        attributes.insert(name, kind);
    }
    Ok(attributes)
}

fn read_keys(
    fields: &mut Fields,
    attributes: &BTreeMap<String, KeyType>,
) -> Result<Keys, TemplateError> {
    let mut hash = None;
    let mut range = None;
    for mut key in fields.maps("KeySchema")? {
        let name = key.need_text("AttributeName")?;
        let role = key.need_text("KeyType")?;
        let Some(kind) = attributes.get(&name) else {
            let reason = "it is not in AttributeDefinitions";
            return Err(key.refused("AttributeName", &name, reason));
        };
        match role.as_str() {
            "HASH" if hash.is_none() => hash = Some((name, *kind)),
            "RANGE" if range.is_none() => range = Some((name, *kind)),
            other => {
                let reason = "a key has one HASH and at most one RANGE";
                return Err(key.refused("KeyType", other, reason));
            }
        }
        key.finish()?;
    }
    let hash = hash.ok_or_else(|| fields.missing("KeySchema"))?;
    Ok((hash, range))
}

fn read_projection(index: &mut Fields) -> Result<Projection, TemplateError> {
    let mut fields = index.need_map("Projection")?;
    let kind = fields.need_text("ProjectionType")?;
    let listed: Vec<String> = fields
        .list("NonKeyAttributes")?
        .unwrap_or_default()
        .iter()
        .filter_map(|node| node.as_text().map(str::to_owned))
        .collect();
    let projection = match kind.as_str() {
        "ALL" => Projection::All,
        "KEYS_ONLY" => Projection::KeysOnly,
        "INCLUDE" => Projection::Include(listed),
        other => {
            let reason = "it must be ALL, KEYS_ONLY or INCLUDE";
            return Err(fields.refused("ProjectionType", other, reason));
        }
    };
    fields.finish()?;
    Ok(projection)
}

fn read_expiry(fields: &mut Fields) -> Result<Option<String>, TemplateError> {
    let Some(mut expiry) = fields.map("TimeToLiveSpecification")? else {
        return Ok(None);
    };
    let enabled = expiry
        .boolean("Enabled")?
        .ok_or_else(|| expiry.missing("Enabled"))?;
    let attribute = expiry.text("AttributeName")?;
    if enabled && attribute.is_none() {
        return Err(expiry.missing("AttributeName"));
    }
    expiry.finish()?;
    Ok(attribute.filter(|_| enabled))
}

fn read_stream(identity: &Identity, fields: &mut Fields) -> Result<Option<Stream>, TemplateError> {
    let Some(mut stream) = fields.map("StreamSpecification")? else {
        return Ok(None);
    };
    let named = stream.need_text("StreamViewType")?;
    let mut views = StreamView::NAMES.iter();
    let Some((_, view)) = views.find(|(name, _)| *name == named) else {
        let reason = "it must be KEYS_ONLY, NEW_IMAGE, OLD_IMAGE or NEW_AND_OLD_IMAGES";
        return Err(stream.refused("StreamViewType", &named, reason));
    };
    stream.finish()?;
    Ok(Some(Stream {
        arn: identity.stream_arn(),
        view: *view,
    }))
}

/// Reads `AWS::Serverless::SimpleTable`: one partition key, by default `id`.
pub(super) fn read_simple(
    id: &str,
    identity: Identity,
    mut fields: Fields,
) -> Result<Table, TemplateError> {
    let mut hash = ("id".to_owned(), KeyType::S);
    if let Some(mut key) = fields.map("PrimaryKey")? {
        let kind = match key.need_text("Type")?.as_str() {
            "String" => KeyType::S,
            "Number" => KeyType::N,
            "Binary" => KeyType::B,
            other => {
                let reason = "it must be String, Number or Binary";
                return Err(key.refused("Type", other, reason));
            }
        };
        hash = (key.need_text("Name")?, kind);
        key.finish()?;
    }
    fields.accept(&[
        "TableName",
        "ProvisionedThroughput",
        "PointInTimeRecoverySpecification",
        "SSESpecification",
        "Tags",
    ]);
    fields.finish()?;
    Ok(Table {
        logical_id: id.to_owned(),
        name: identity.name,
        attributes: BTreeMap::from([hash.clone()]),
        hash,
        range: None,
        indexes: Vec::new(),
        ttl_attribute: None,
        deletion_protection: false,
        stream: None,
    })
}
