//! IoT policy documents: which client may do which action on which resource.
//!
//! Pure. Must not know: certificates, connections, where a document is attached.

use std::collections::BTreeMap;

use serde_json::Value;

/// A parsed policy document.
#[derive(Clone, Debug, PartialEq)]
pub struct Document {}

/// Why a policy document is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The shape is wrong.
    #[error("policy document: {0}")]
    Malformed(String),
}

/// One question to the policies.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Action such as `iot:Publish`.
    pub action: &'a str,
    /// ARN of the resource.
    pub resource: &'a str,
    /// Values of policy variables and condition keys, by name without `${}`.
    pub variables: &'a BTreeMap<String, String>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// At least one statement allows and none denies.
    Allow,
    /// A statement denies.
    ExplicitDeny,
    /// No statement speaks of it.
    ImplicitDeny,
}

impl Document {
    /// Parses a document.
    pub fn parse(value: &Value) -> Result<Document, PolicyError> {
        let _ = value;
        Ok(Document {})
    }
}

/// Evaluates all `documents` of one principal.
pub fn evaluate(documents: &[Document], request: &Request<'_>) -> Decision {
    let _ = (documents, request);
    Decision::ImplicitDeny
}
