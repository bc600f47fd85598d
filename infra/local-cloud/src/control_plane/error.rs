//! What the registry's refusals are called in the `iot` API.
//!
//! Must not know the operations.

use crate::answer::ApiError;
use crate::registry::{AuthorityError, RegistryError};

/// `InvalidRequestException`.
pub fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidRequestException", message)
}

/// `ResourceNotFoundException`.
pub fn not_found(message: &str) -> ApiError {
    ApiError::new(404, "ResourceNotFoundException", message)
}

impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> ApiError {
        let message = error.to_string();
        match error {
            RegistryError::ThingNotFound(_)
            | RegistryError::CertificateNotFound(_)
            | RegistryError::PolicyNotFound(_) => not_found(&message),
            RegistryError::AlreadyExists(_) => {
                ApiError::new(409, "ResourceAlreadyExistsException", &message)
            }
            RegistryError::InUse(_) => ApiError::new(409, "DeleteConflictException", &message),
            RegistryError::Policy { source, .. } => {
                let message = format!("{message}: {source}");
                ApiError::new(400, "MalformedPolicyException", &message)
            }
            RegistryError::InvalidName(_)
            | RegistryError::Authority(AuthorityError::BadRequest(_)) => invalid(&message),
            RegistryError::Authority(_) | RegistryError::Storage(_) => {
                tracing::error!(%error, "control plane");
                ApiError::new(500, "InternalFailureException", &message)
            }
        }
    }
}
