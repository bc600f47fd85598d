//! Reads bodies and certificate ARNs from requests.

use axum::http::HeaderMap;
use serde::de::DeserializeOwned;

use super::ControlPlane;
use crate::answer::ApiError;

/// Hexadecimal digits of a certificate id.
const CERTIFICATE_ID_CHARS: usize = 64;

/// A JSON body; an empty body is an empty object.
pub fn body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|e| ApiError::invalid(&format!("request body: {e}")))
}

/// The certificate that a header names by its ARN.
pub fn principal(
    plane: &ControlPlane,
    headers: &HeaderMap,
    header: &str,
) -> Result<String, ApiError> {
    let arn = headers.get(header).and_then(|v| v.to_str().ok());
    let arn = arn.ok_or_else(|| ApiError::invalid(&format!("{header} is missing")))?;
    certificate_of(plane, arn)
}

/// The id in a certificate's ARN. AWS's other principals and targets are not supported.
pub fn certificate_of(plane: &ControlPlane, arn: &str) -> Result<String, ApiError> {
    let prefix = plane.registry.certificate_arn("");
    match arn.strip_prefix(&prefix) {
        Some(id) => certificate_id(id).map(str::to_owned),
        None => Err(ApiError::invalid(&format!(
            "{arn} is not the ARN of a certificate ({prefix}…): \
             the local cloud supports no other principals or targets"
        ))),
    }
}

/// Checks that `id` has the form of a certificate id.
pub fn certificate_id(id: &str) -> Result<&str, ApiError> {
    if id.len() == CERTIFICATE_ID_CHARS && id.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Ok(id);
    }
    Err(ApiError::invalid(&format!(
        "{id:?} is not a certificate id"
    )))
}
