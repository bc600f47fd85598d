//! A policy and its versions, one of which is the default.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::RegistryError;
use super::name::check_policy_name;
use aws_policy::{Document, PolicyError};

/// Most versions of a policy. Source: AWS IoT Core quotas.
const VERSIONS_MAX: usize = 5;

/// A policy: its versions as text, and the default version parsed.
#[derive(Debug, Clone)]
pub struct PolicyRecord {
    kept: Kept,
    document: Document,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PolicyVersion {
    pub text: String,
    /// Milliseconds since the Unix epoch.
    pub created_at_ms: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Kept {
    default: u32,
    /// The last number used; numbers are not reused.
    latest: u32,
    versions: BTreeMap<u32, PolicyVersion>,
}

impl PolicyRecord {
    pub(super) fn new(name: &str, text: String, now_ms: u64) -> Result<Self, RegistryError> {
        check_policy_name(name)?;
        let document = parse_of(name, &text)?;
        Ok(Self {
            kept: Kept::first(text, now_ms),
            document,
        })
    }

    /// A policy of the template; a name that is refused has its place there.
    pub(super) fn declared(
        name: &str,
        document: &serde_json::Value,
        now_ms: u64,
    ) -> Result<Self, RegistryError> {
        check_policy_name(name).map_err(|source| RegistryError::PolicyName {
            name: name.to_owned(),
            source: Box::new(source),
        })?;
        Self::new(name, document.to_string(), now_ms)
    }

    pub(super) fn document(&self) -> &Document {
        &self.document
    }

    /// Text of the default version.
    pub fn text(&self) -> &str {
        self.version(self.kept.default)
            .map_or("", |version| &version.text)
    }

    pub fn default_version(&self) -> u32 {
        self.kept.default
    }

    pub fn version(&self, number: u32) -> Option<&PolicyVersion> {
        self.kept.versions.get(&number)
    }

    pub fn versions(&self) -> impl DoubleEndedIterator<Item = (u32, &PolicyVersion)> {
        self.kept.versions.iter().map(|(number, v)| (*number, v))
    }

    pub fn find(&self, policy: &str, version: &str) -> Result<u32, RegistryError> {
        let number = version.parse().ok();
        number
            .filter(|number| self.kept.versions.contains_key(number))
            .ok_or_else(|| RegistryError::PolicyVersionNotFound {
                policy: policy.to_owned(),
                version: version.to_owned(),
            })
    }

    pub(super) fn add_version(
        &mut self,
        name: &str,
        text: String,
        is_default: bool,
        now_ms: u64,
    ) -> Result<u32, RegistryError> {
        let document = parse_of(name, &text)?;
        if self.kept.versions.len() == VERSIONS_MAX {
            return Err(RegistryError::TooManyVersions(name.to_owned()));
        }
        self.kept.latest += 1;
        let number = self.kept.latest;
        let version = PolicyVersion {
            text,
            created_at_ms: now_ms,
        };
        self.kept.versions.insert(number, version);
        if is_default {
            self.kept.default = number;
            self.document = document;
        }
        Ok(number)
    }

    pub(super) fn set_default(&mut self, name: &str, version: &str) -> Result<(), RegistryError> {
        let number = self.find(name, version)?;
        let text = &self.kept.versions[&number].text;
        self.document = parse_of(name, text)?;
        self.kept.default = number;
        Ok(())
    }

    pub(super) fn delete_version(
        &mut self,
        name: &str,
        version: &str,
    ) -> Result<(), RegistryError> {
        let number = self.find(name, version)?;
        if number == self.kept.default {
            return Err(RegistryError::DefaultVersion(name.to_owned()));
        }
        self.kept.versions.remove(&number);
        Ok(())
    }
}

impl Kept {
    fn first(text: String, created_at_ms: u64) -> Self {
        let version = PolicyVersion {
            text,
            created_at_ms,
        };
        Self {
            default: 1,
            latest: 1,
            versions: BTreeMap::from([(1, version)]),
        }
    }
}

fn parse_of(name: &str, text: &str) -> Result<Document, RegistryError> {
    parse(text).map_err(|source| RegistryError::Policy {
        name: name.to_owned(),
        source,
    })
}

fn parse(text: &str) -> Result<Document, PolicyError> {
    let value = serde_json::from_str(text).map_err(|e| PolicyError::Malformed(e.to_string()))?;
    Document::parse(&value)
}

impl Serialize for PolicyRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.kept.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PolicyRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Older data directories have the bare text of a single version. An untagged enum cannot
        // read the numbers, because JSON writes keys as strings.
        let kept = match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Kept::first(text, 0),
            kept => serde_json::from_value(kept).map_err(serde::de::Error::custom)?,
        };
        let current = kept.versions.get(&kept.default).map(|v| v.text.as_str());
        let current = current.ok_or_else(|| serde::de::Error::custom("no default version"))?;
        let document = parse(current).map_err(serde::de::Error::custom)?;
        Ok(Self { kept, document })
    }
}
