//! Reads `AWS::Serverless::LayerVersion` and `AWS::Lambda::LayerVersion`: folders of code that
//! functions share.
//!
//! Source: the SAM and `CloudFormation` references of the types; SAM developer guide, "Building
//! Lambda layers".

use super::error::TemplateError;
use super::fields::Fields;
use super::function::uri_of;
use super::identity::Identity;
use super::resource::Layer;

/// Reads a layer; `metadata` and properties are resolved.
pub(super) fn read(
    id: &str,
    identity: Identity,
    metadata: Option<Fields>,
    mut fields: Fields,
) -> Result<Layer, TemplateError> {
    let (key, of_bucket) = match fields.place.kind.as_str() {
        "AWS::Lambda::LayerVersion" => ("Content", ["S3Bucket", "S3Key"]),
        _ => ("ContentUri", ["Bucket", "Key"]),
    };
    let Some(node) = fields.take(key) else {
        return Err(fields.missing(key));
    };
    let content_uri = uri_of(&fields, key, node, of_bucket)?;
    let method = metadata.map(|mut metadata| metadata.text("BuildMethod"));
    fields.accept(&[
        "LayerName",
        "Description",
        "CompatibleArchitectures",
        "CompatibleRuntimes",
        "LicenseInfo",
        "RetentionPolicy",
    ]);
    fields.finish()?;
    Ok(Layer {
        logical_id: id.to_owned(),
        arn: identity.reference,
        content_uri,
        is_source: method.transpose()?.flatten().is_some(),
    })
}
