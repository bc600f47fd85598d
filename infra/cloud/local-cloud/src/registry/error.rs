//! The registry's errors.
//!
//! Messages are AWS's own words unless AWS's are not known. Must not know: names of errors in any
//! API.

use super::AuthorityError;
use crate::storage::StorageError;
use aws_policy::PolicyError;

/// Why the registry refused. The control plane maps each to the error of AWS's API.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No thing has this name.
    #[error("Thing {0} not found")]
    ThingNotFound(String),
    /// No thing type or thing group has this name.
    #[error("{what} {name} not found")]
    KindNotFound {
        /// `Thing type` or `Thing group`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// No certificate has this id or ARN.
    #[error("The certificate given in the request does not exist: {0}")]
    CertificateNotFound(String),
    /// No policy has this name.
    #[error("Policy {0} not found")]
    PolicyNotFound(String),
    /// The policy has no such version.
    #[error("Policy version {version} of {policy} not found")]
    PolicyVersionNotFound {
        /// Policy name.
        policy: String,
        /// The requested version.
        version: String,
    },
    /// The name is taken by a different record.
    #[error("{message}")]
    AlreadyExists {
        /// Says which record has the name.
        message: String,
        /// The existing name.
        name: String,
        /// The existing ARN.
        arn: String,
    },
    /// A name or attribute has characters or a length that AWS refuses.
    #[error("{0}")]
    Invalid(String),
    /// The thing has changed since the caller read it.
    #[error(
        "The version for thing {name} does not match the expected version. \
         Expected: {expected}, actual: {version}"
    )]
    VersionConflict {
        /// Thing name.
        name: String,
        /// The version that the caller expects.
        expected: u64,
        /// The current version.
        version: u64,
    },
    /// The thing still has certificates.
    #[error("Cannot delete. Thing {0} is still attached to one or more principals")]
    ThingAttached(String),
    /// The certificate is still active.
    #[error("Certificate must be deactivated (not ACTIVE) before deletion. id={0}")]
    CertificateActive(String),
    /// Something is attached to the certificate.
    #[error("{what} must be detached before deletion (arn: {arn})")]
    CertificateAttached {
        /// `Things` or `Certificate policies`.
        what: &'static str,
        /// ARN of the certificate.
        arn: String,
    },
    /// The policy is still attached to certificates.
    #[error(
        "The policy cannot be deleted as the policy is attached to one or more principals \
         (name={0})"
    )]
    PolicyAttached(String),
    /// The policy has versions other than its default version.
    #[error(
        "Cannot delete the policy because it has one or more policy versions attached to it \
         (name={0})"
    )]
    PolicyHasVersions(String),
    /// The version is the policy's default version.
    #[error("Cannot delete the default version of a policy (name={0})")]
    DefaultVersion(String),
    /// The policy has the maximum number of versions.
    #[error("The policy {0} already has the maximum number of versions (5)")]
    TooManyVersions(String),
    /// The certificate has the maximum number of policies.
    #[error("The maximum number of policies (10) is attached to {0} already")]
    TooManyPolicies(String),
    /// The policy document is invalid.
    #[error("policy {name}")]
    Policy {
        /// Policy name.
        name: String,
        /// What is wrong with the document.
        #[source]
        source: PolicyError,
    },
    /// A policy of the template cannot have this name.
    #[error("the policy's name")]
    PolicyName {
        /// Policy name.
        name: String,
        /// What is wrong with the name.
        #[source]
        source: Box<Self>,
    },
    /// A resource of the template is refused.
    #[error("declare {id}")]
    Declared {
        /// Logical id.
        id: String,
        /// The refusal of the call that AWS would make.
        #[source]
        source: Box<Self>,
    },
    /// An attachment of the template names something that is not here.
    #[error("{what} is not here: {advice}")]
    Foreign {
        /// Logical id of the attachment.
        id: String,
        /// `policy`, `thing` or `certificate`, with its name or ARN.
        what: String,
        /// What to do.
        advice: String,
    },
    /// The certificate authority failed.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The data directory cannot be used.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
