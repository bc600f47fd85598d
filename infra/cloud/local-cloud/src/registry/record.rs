//! The registry's records, as they are saved.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::RegistryError;
pub use super::version::{PolicyRecord, PolicyVersion};
use aws_policy::Document;

#[derive(Debug, Clone, Default)]
pub struct Records {
    pub things: BTreeMap<String, Thing>,
    pub thing_types: BTreeMap<String, Kind>,
    pub thing_groups: BTreeMap<String, Kind>,
    pub certificates: BTreeMap<String, CertificateRecord>,
    pub policies: BTreeMap<String, PolicyRecord>,
}

impl Records {
    pub(super) fn thing_mut(&mut self, name: &str) -> Result<&mut Thing, RegistryError> {
        find(&mut self.things, name, RegistryError::ThingNotFound)
    }

    pub(super) fn certificate_mut(
        &mut self,
        id: &str,
    ) -> Result<&mut CertificateRecord, RegistryError> {
        find(
            &mut self.certificates,
            id,
            RegistryError::CertificateNotFound,
        )
    }

    pub(super) fn policy_mut(&mut self, name: &str) -> Result<&mut PolicyRecord, RegistryError> {
        find(&mut self.policies, name, RegistryError::PolicyNotFound)
    }

    pub fn certificates_with<'a>(&'a self, policy: &'a str) -> impl Iterator<Item = &'a str> {
        self.certificates
            .iter()
            .filter(move |(_, certificate)| certificate.policies.contains(policy))
            .map(|(id, _)| id.as_str())
    }

    pub fn things_of<'a>(&'a self, certificate_id: &'a str) -> impl Iterator<Item = &'a str> {
        self.things
            .iter()
            .filter(move |(_, thing)| thing.principals.contains(certificate_id))
            .map(|(name, _)| name.as_str())
    }

    pub(super) fn documents_of(&self, policies: &BTreeSet<String>) -> Arc<[Document]> {
        let found = policies.iter().filter_map(|name| self.policies.get(name));
        found.map(|policy| policy.document().clone()).collect()
    }
}

fn find<'a, T>(
    records: &'a mut BTreeMap<String, T>,
    key: &str,
    missing: fn(String) -> RegistryError,
) -> Result<&'a mut T, RegistryError> {
    records.get_mut(key).ok_or_else(|| missing(key.to_owned()))
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Thing {
    /// The UUID that AWS gives every thing.
    pub id: String,
    pub attributes: BTreeMap<String, String>,
    pub principals: BTreeSet<String>,
    /// Grows by one with each change of the attributes.
    #[serde(default = "first_version")]
    pub version: u64,
    /// Name of its thing type.
    #[serde(default)]
    pub type_name: Option<String>,
    /// Names of the thing groups that it is in.
    #[serde(default)]
    pub groups: BTreeSet<String>,
}

/// A thing type or a thing group. A group's members are in the records of the things.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kind {
    /// The UUID that AWS gives each.
    pub id: String,
    /// Its properties, as `CreateThingType` or `CreateThingGroup` gave them.
    pub properties: Value,
    /// When it was created, milliseconds since the Unix epoch.
    pub created_at_ms: u64,
}

impl Kind {
    pub(super) fn new(properties: Value, created_at_ms: u64) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            properties,
            created_at_ms,
        }
    }
}

fn first_version() -> u64 {
    1
}

impl Thing {
    pub(super) fn new(attributes: BTreeMap<String, String>, type_name: Option<String>) -> Self {
        Self {
            id: Uuid::new_v4().to_string(),
            attributes,
            principals: BTreeSet::new(),
            version: first_version(),
            type_name,
            groups: BTreeSet::new(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStatus {
    Active,
    Inactive,
    /// It may not connect, permanently.
    Revoked,
    /// It waits for the registration of its thing.
    PendingActivation,
}

impl CertificateStatus {
    /// Its name in AWS's API.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Inactive => "INACTIVE",
            Self::Revoked => "REVOKED",
            Self::PendingActivation => "PENDING_ACTIVATION",
        }
    }
}

/// The right to provision one device by a template, for a short time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Name of the provisioning template.
    pub template: String,
    /// When it ends, milliseconds since the Unix epoch.
    pub until_ms: u64,
}

/// A certificate. Its private key is never kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CertificateRecord {
    pub pem: String,
    pub active: bool,
    #[serde(default)]
    pub revoked: bool,
    #[serde(default)]
    pub pending: bool,
    /// What it may do if it was made by `CreateProvisioningClaim`.
    #[serde(default)]
    pub claim: Option<Claim>,
    /// When it was signed, milliseconds since the Unix epoch.
    pub created_at_ms: u64,
    #[serde(default)]
    pub modified_at_ms: Option<u64>,
    pub policies: BTreeSet<String>,
}

impl CertificateRecord {
    pub(super) fn new(pem: String, created_at_ms: u64) -> Self {
        Self {
            pem,
            active: true,
            revoked: false,
            pending: false,
            claim: None,
            created_at_ms,
            modified_at_ms: None,
            policies: BTreeSet::new(),
        }
    }

    pub fn status(&self) -> CertificateStatus {
        match (self.active, self.revoked) {
            (true, _) => CertificateStatus::Active,
            (false, false) if self.pending => CertificateStatus::PendingActivation,
            (false, false) => CertificateStatus::Inactive,
            (false, true) => CertificateStatus::Revoked,
        }
    }

    /// Whether it is a claim that is over.
    pub fn is_over(&self, now_ms: u64) -> bool {
        self.claim.as_ref().is_some_and(|c| c.until_ms <= now_ms)
    }
}
