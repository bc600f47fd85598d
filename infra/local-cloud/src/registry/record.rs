//! What the registry keeps, as it is written to disk.
//!
//! Must not know how it is stored or asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::RegistryError;
use crate::policy::{Document, PolicyError};

/// Longest thing or policy name.
const NAME_CHARS_MAX: usize = 128;

/// Everything.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// By name.
    pub things: BTreeMap<String, Thing>,
    /// By certificate id.
    pub certificates: BTreeMap<String, CertificateRecord>,
    /// By name.
    pub policies: BTreeMap<String, PolicyRecord>,
}

impl Records {
    pub(super) fn thing_mut(&mut self, name: &str) -> Result<&mut Thing, RegistryError> {
        self.things
            .get_mut(name)
            .ok_or_else(|| RegistryError::ThingNotFound(name.to_owned()))
    }

    pub(super) fn certificate_mut(
        &mut self,
        id: &str,
    ) -> Result<&mut CertificateRecord, RegistryError> {
        self.certificates
            .get_mut(id)
            .ok_or_else(|| RegistryError::CertificateNotFound(id.to_owned()))
    }

    /// Names of the things that a certificate is attached to.
    pub fn things_of<'a>(&'a self, certificate_id: &'a str) -> impl Iterator<Item = &'a str> {
        self.things
            .iter()
            .filter(move |(_, thing)| thing.principals.contains(certificate_id))
            .map(|(name, _)| name.as_str())
    }

    /// The documents attached to an active certificate.
    pub(super) fn documents_of(&self, certificate_id: &str) -> Option<Arc<[Document]>> {
        let certificate = self.certificates.get(certificate_id)?;
        if !certificate.active {
            return None;
        }
        let attached = certificate
            .policies
            .iter()
            .filter_map(|name| self.policies.get(name));
        Some(attached.map(|policy| policy.document.clone()).collect())
    }
}

/// A thing.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thing {
    /// AWS gives every thing a UUID beside its name.
    pub id: String,
    /// Attributes.
    pub attributes: BTreeMap<String, String>,
    /// Ids of the certificates attached to it.
    pub principals: BTreeSet<String>,
}

impl Thing {
    pub(super) fn new(attributes: BTreeMap<String, String>) -> Thing {
        Thing {
            id: Uuid::new_v4().to_string(),
            attributes,
            principals: BTreeSet::new(),
        }
    }
}

/// A certificate, without its key, which is never kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CertificateRecord {
    /// The certificate.
    pub pem: String,
    /// Whether it may connect.
    pub active: bool,
    /// When it was signed, in milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    /// Names of the policies attached to it.
    pub policies: BTreeSet<String>,
}

impl CertificateRecord {
    pub(super) fn new(pem: String, created_at_ms: u64) -> CertificateRecord {
        CertificateRecord {
            pem,
            active: true,
            created_at_ms,
            policies: BTreeSet::new(),
        }
    }
}

/// A policy: its text as it was given, and parsed.
#[derive(Debug, Clone)]
pub struct PolicyRecord {
    /// As it was given.
    pub text: String,
    document: Document,
}

impl PolicyRecord {
    pub(super) fn new(name: &str, text: String) -> Result<PolicyRecord, RegistryError> {
        check_name(name)?;
        parse(text).map_err(|source| RegistryError::Policy {
            name: name.to_owned(),
            source,
        })
    }
}

fn parse(text: String) -> Result<PolicyRecord, PolicyError> {
    let value = serde_json::from_str(&text).map_err(|e| PolicyError::Malformed(e.to_string()))?;
    let document = Document::parse(&value)?;
    Ok(PolicyRecord { text, document })
}

impl Serialize for PolicyRecord {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PolicyRecord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<PolicyRecord, D::Error> {
        parse(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Thing and policy names: 1–128 of letters, digits, `:`, `_`, `-` (policies may also have `+=,.@`).
pub(super) fn check_name(name: &str) -> Result<(), RegistryError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ":_-+=,.@".contains(c);
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(allowed) {
        return Err(RegistryError::InvalidName(name.to_owned()));
    }
    Ok(())
}
