//! Provisioning templates as they are saved.
//!
//! Must not know: what is in a template's text.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Most versions of a template. Source: AWS IoT Core fleet provisioning quotas.
pub const VERSIONS_MAX: usize = 5;

/// The function that is asked before a device is provisioned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hook {
    /// Version of what the function gets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_version: Option<String>,
    /// ARN of the function.
    pub target_arn: String,
}

/// One version of a template's text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub body: String,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: u64,
}

/// A template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TemplateRecord {
    pub name: String,
    pub description: Option<String>,
    pub is_enabled: bool,
    pub role_arn: String,
    pub hook: Option<Hook>,
    pub default_version: u32,
    /// The last number used; numbers are not reused.
    pub latest_version: u32,
    pub versions: BTreeMap<u32, Version>,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    pub updated_at_ms: u64,
}

impl TemplateRecord {
    /// The text of the default version.
    pub fn body(&self) -> &str {
        let version = self.versions.get(&self.default_version);
        version.map_or("", |version| version.body.as_str())
    }
}
