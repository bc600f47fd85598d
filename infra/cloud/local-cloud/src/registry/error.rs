//! Why the registry refuses.
//!
//! Must not know what a refusal is called in any API.

use super::AuthorityError;
use crate::storage::StorageError;
use aws_policy::PolicyError;

/// Why the registry refused. The control plane turns each into the error that AWS's API gives.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No thing of that name.
    #[error("Thing {0} not found")]
    ThingNotFound(String),
    /// No certificate of that id or ARN.
    #[error("The certificate given in the request does not exist: {0}")]
    CertificateNotFound(String),
    /// No policy of that name.
    #[error("Policy {0} not found")]
    PolicyNotFound(String),
    /// No such version of a policy.
    #[error("Policy version {version} of {policy} not found")]
    PolicyVersionNotFound {
        /// Policy name.
        policy: String,
        /// What was asked for.
        version: String,
    },
    /// The name is taken by something different.
    #[error("{message}")]
    AlreadyExists {
        /// What is taken, by what.
        message: String,
        /// Name of what is there.
        name: String,
        /// ARN of what is there.
        arn: String,
    },
    /// A name or attribute with characters or a length that AWS refuses.
    #[error("{0}")]
    Invalid(String),
    /// A thing that has changed since its caller read it.
    #[error(
        "The version for thing {name} does not match the expected version. Expected: {expected}, actual: {version}"
    )]
    VersionConflict {
        /// Thing name.
        name: String,
        /// The version that the caller knows.
        expected: u64,
        /// The version there is.
        version: u64,
    },
    /// A thing that still has certificates.
    #[error("Cannot delete. Thing {0} is still attached to one or more principals")]
    ThingAttached(String),
    /// A certificate that could still connect.
    #[error("Certificate must be deactivated (not ACTIVE) before deletion. id={0}")]
    CertificateActive(String),
    /// A certificate that something is attached to.
    #[error("{what} must be detached before deletion (arn: {arn})")]
    CertificateAttached {
        /// `Things` or `Certificate policies`.
        what: &'static str,
        /// The certificate.
        arn: String,
    },
    /// A policy that certificates still have.
    #[error(
        "The policy cannot be deleted as the policy is attached to one or more principals (name={0})"
    )]
    PolicyAttached(String),
    /// A policy that has more than its default version.
    #[error(
        "Cannot delete the policy because it has one or more policy versions attached to it (name={0})"
    )]
    PolicyHasVersions(String),
    /// The version of a policy that is in force.
    #[error("Cannot delete the default version of a policy (name={0})")]
    DefaultVersion(String),
    /// As many versions of a policy as AWS keeps.
    #[error("The policy {0} already has the maximum number of versions (5)")]
    TooManyVersions(String),
    /// As many policies on a certificate as AWS allows.
    #[error("The maximum number of policies (10) is attached to {0} already")]
    TooManyPolicies(String),
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
