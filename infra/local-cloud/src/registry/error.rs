//! Why the registry refuses.
//!
//! Must not know what a refusal is called in any API.

use super::AuthorityError;
use crate::policy::PolicyError;
use crate::storage::StorageError;

/// Why the registry refused. The control plane turns each into the error that AWS's API gives.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No thing of that name.
    #[error("thing {0} not found")]
    ThingNotFound(String),
    /// No certificate of that id or ARN.
    #[error("certificate {0} not found")]
    CertificateNotFound(String),
    /// No policy of that name.
    #[error("policy {0} not found")]
    PolicyNotFound(String),
    /// The name is taken by something different.
    #[error("{0} already exists")]
    AlreadyExists(String),
    /// A name with characters or a length that AWS refuses.
    #[error("invalid name {0}")]
    InvalidName(String),
    /// Still attached to something.
    #[error("{0} is still in use")]
    InUse(String),
    /// A policy document that is none.
    #[error("policy {name}")]
    Policy {
        /// Policy name.
        name: String,
        /// What is wrong with it.
        #[source]
        source: PolicyError,
    },
    /// Signing.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The data directory.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
