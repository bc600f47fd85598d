//! Endpoints of the services that only an operator calls.
//! Must not know: which calls are made.

use super::{Lookup, SettingsError, endpoint};

/// Endpoints of the services that only an operator calls. `None`: AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperatorEndpoints {
    /// `AWS_ENDPOINT_URL_IOT`, or else `AWS_ENDPOINT_URL`; so with all others.
    pub iot: Option<String>,
    /// `AWS_ENDPOINT_URL_CLOUDFORMATION`.
    pub cloudformation: Option<String>,
    /// `AWS_ENDPOINT_URL_LAMBDA`.
    pub lambda: Option<String>,
    /// `AWS_ENDPOINT_URL_CLOUDWATCH`.
    pub cloudwatch: Option<String>,
    /// `AWS_ENDPOINT_URL_SQS`.
    pub sqs: Option<String>,
}

impl OperatorEndpoints {
    pub(super) fn from_lookup(lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            iot: endpoint(lookup, "AWS_ENDPOINT_URL_IOT")?,
            cloudformation: endpoint(lookup, "AWS_ENDPOINT_URL_CLOUDFORMATION")?,
            lambda: endpoint(lookup, "AWS_ENDPOINT_URL_LAMBDA")?,
            cloudwatch: endpoint(lookup, "AWS_ENDPOINT_URL_CLOUDWATCH")?,
            sqs: endpoint(lookup, "AWS_ENDPOINT_URL_SQS")?,
        })
    }
}
