//! Maps the registry's errors to the exceptions of the `iot` API.

use serde_json::json;

use crate::answer::ApiError;
use crate::registry::{AuthorityError, RegistryError};

impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> Self {
        use RegistryError as E;
        let message = error.to_string();
        let exception = |status, kind| Self::new(status, kind, &message);
        match error {
            E::ThingNotFound(_)
            | E::KindNotFound { .. }
            | E::CertificateNotFound(_)
            | E::PolicyNotFound(_)
            | E::PolicyVersionNotFound { .. } => Self::not_found(&message),
            E::AlreadyExists { name, arn, .. } => exception(409, "ResourceAlreadyExistsException")
                .with_fields(json!({"resourceId": name, "resourceArn": arn})),
            E::VersionConflict { .. } => exception(409, "VersionConflictException"),
            E::CertificateActive(_) => exception(406, "CertificateStateException"),
            E::CertificateAttached { .. }
            | E::PolicyAttached(_)
            | E::PolicyHasVersions(_)
            | E::DefaultVersion(_) => exception(409, "DeleteConflictException"),
            E::TooManyVersions(_) => exception(409, "VersionsLimitExceededException"),
            E::TooManyPolicies(_) => exception(410, "LimitExceededException"),
            E::Policy { source, .. } => {
                let message = format!("Policy document is Malformed: {message}: {source}");
                Self::new(400, "MalformedPolicyException", &message)
            }
            E::ThingAttached(_) | E::Invalid(_) | E::Authority(AuthorityError::BadRequest(_)) => {
                Self::invalid(&message)
            }
            // Only a template is refused so, and no call.
            E::Declared { .. }
            | E::Foreign { .. }
            | E::PolicyName { .. }
            | E::Authority(_)
            | E::Storage(_) => {
                tracing::error!(%error, "handle iot api call");
                exception(500, "InternalFailureException")
            }
        }
    }
}
