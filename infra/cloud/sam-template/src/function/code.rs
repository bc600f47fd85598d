//! Where a function's code is: a folder, the template itself, or a bucket.
//!
//! Source: the SAM reference of `CodeUri` and `InlineCode`, the `CloudFormation` reference of
//! `Code`; AWS CLI reference, `cloudformation package`, for a local path in `Code` and
//! for none in `CodeUri`.
//!
//! Must not know: how code is run.

use crate::error::{Problem, TemplateError};
use crate::fields::Fields;
use crate::node::{Data, Node};

/// Most characters of inline code.
const INLINE_CHARS_MAX: usize = 4 * 1024 * 1024;
/// How the runtimes begin whose code may be in the template.
const INLINE: [&str; 2] = ["python", "nodejs"];

/// A function's code as the template gives it.
pub(super) struct Code {
    /// Folder as written; `s3://…` for code in a bucket.
    pub uri: String,
    pub inline: Option<String>,
}

/// Reads `CodeUri` or `InlineCode` of a SAM function.
pub(super) fn of_serverless(fields: &mut Fields, runtime: &str) -> Result<Code, TemplateError> {
    if let Some(text) = fields.text("InlineCode")? {
        // SAM ignores CodeUri then.
        fields.accept(&["CodeUri"]);
        return inline(fields, "InlineCode", text, runtime);
    }
    let Some(node) = fields.take("CodeUri") else {
        // The template's own folder, as AWS's command lines package it.
        return Ok(Code {
            uri: ".".to_owned(),
            inline: None,
        });
    };
    of_node(fields, "CodeUri", node, ["Bucket", "Key"])
}

/// Reads `Code` of an `AWS::Lambda::Function`.
pub(super) fn of_plain(fields: &mut Fields, runtime: &str) -> Result<Code, TemplateError> {
    let Some(node) = fields.take("Code") else {
        return Err(fields.missing("Code"));
    };
    match node.get("ZipFile").map(|text| (text, text.as_text())) {
        Some((_, Some(text))) => inline(fields, "Code.ZipFile", text.to_owned(), runtime),
        Some((other, None)) => Err(fields.place.kind(other.at, "Code.ZipFile", "text")),
        None => of_node(fields, "Code", node, ["S3Bucket", "S3Key"]),
    }
}

/// A path, or a place in S3 that these two keys give.
fn of_node(
    fields: &Fields,
    name: &str,
    node: Node,
    [bucket, key]: [&str; 2],
) -> Result<Code, TemplateError> {
    let uri = uri_of(fields, name, node, [bucket, key])?;
    Ok(Code { uri, inline: None })
}

/// The path in a property, or `s3://…` for a map with these two keys.
pub(crate) fn uri_of(
    fields: &Fields,
    name: &str,
    node: Node,
    [bucket, key]: [&str; 2],
) -> Result<String, TemplateError> {
    let at = node.at;
    match node.data {
        Data::String(path) => Ok(path),
        Data::Map(_) if node_has_image(&node) => {
            let advice = "container images are not run here; give the code as a folder";
            let problem = Problem::unsupported(format!("property {name}.ImageUri"), advice);
            Err(fields.place.error(at, problem))
        }
        Data::Map(_) => {
            let mut stored = Fields::new(fields.place.clone(), name, node)?;
            let uri = format!(
                "s3://{}/{}",
                stored.need_text(bucket)?,
                stored.need_text(key)?
            );
            stored.accept(&["S3ObjectVersion", "Version", "SourceKMSKeyArn"]);
            stored.finish()?;
            Ok(uri)
        }
        _ => Err(fields.place.kind(at, name, "a path or a place in S3")),
    }
}

fn node_has_image(node: &Node) -> bool {
    node.get("ImageUri").is_some()
}

fn inline(fields: &Fields, name: &str, text: String, runtime: &str) -> Result<Code, TemplateError> {
    if !INLINE.iter().any(|language| runtime.starts_with(language)) {
        let reason = "only code of Python and Node can be in the template: name a folder";
        return Err(fields.refused("Runtime", runtime, reason));
    }
    if text.chars().count() > INLINE_CHARS_MAX {
        let size = format!("{} characters", text.chars().count());
        let reason = format!("at most {INLINE_CHARS_MAX}: name a folder instead");
        return Err(fields.place.refused(fields.at, name, &size, &reason));
    }
    Ok(Code {
        uri: String::new(),
        inline: Some(text),
    })
}

/// ARNs of the function's layers.
pub(super) fn layers(fields: &mut Fields) -> Result<Vec<String>, TemplateError> {
    let mut arns = Vec::new();
    for node in fields.list("Layers")?.unwrap_or_default() {
        match node.as_text() {
            Some(arn) => arns.push(arn.to_owned()),
            None => return Err(fields.place.kind(node.at, "Layers", "a list of ARNs")),
        }
    }
    if arns.len() > 5 {
        let count = arns.len().to_string();
        return Err(fields.refused("Layers", &count, "at most five"));
    }
    Ok(arns)
}
