//! Signatures in the query of a request, as MQTT over WebSocket carries them.
//!
//! Must not know: keys or times.
//!
//! Source: IAM user guide, "Add the signature to the request", query string; AWS IoT Core developer
//! guide, "MQTT over the WebSocket protocol" (the session token is added after signing).

use super::canonical::percent_decode;
use super::{ALGORITHM, Claim, Scope, SignatureError};

const PARAMETER_OF_SIGNATURE: &str = "X-Amz-Signature";
const PARAMETER_OF_TOKEN: &str = "X-Amz-Security-Token";

impl Claim {
    /// Reads a signature in the query of a request to AWS IoT; `None` if the query has none.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Incomplete`].
    pub fn read_query(query: &str) -> Option<Result<Self, SignatureError>> {
        let parameter = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(key, _)| *key == name)?;
            Some(String::from_utf8_lossy(&percent_decode(value)).into_owned())
        };
        let signature = parameter(PARAMETER_OF_SIGNATURE)?;
        Some(Self::of_parameters(signature, parameter))
    }

    fn of_parameters(
        signature: String,
        parameter: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, SignatureError> {
        let need = |name: &str| {
            parameter(name).ok_or_else(|| {
                let problem = format!("AWS query-string parameters must include '{name}'.");
                SignatureError::Incomplete(problem)
            })
        };
        let algorithm = need("X-Amz-Algorithm")?;
        if algorithm != ALGORITHM {
            let problem = format!("Unsupported AWS 'algorithm': '{algorithm}', only {ALGORITHM}.");
            return Err(SignatureError::Incomplete(problem));
        }
        let (access_key_id, scope) = Scope::read(&need("X-Amz-Credential")?)?;
        let expires = parameter("X-Amz-Expires").map(|text| text.parse());
        let expires = expires.transpose().map_err(|_| {
            SignatureError::Incomplete("X-Amz-Expires should be a number".to_owned())
        })?;
        Ok(Self {
            access_key_id,
            session_token: parameter(PARAMETER_OF_TOKEN),
            scope,
            signed_headers: need("X-Amz-SignedHeaders")?
                .split(';')
                .map(str::to_owned)
                .collect(),
            signature,
            amz_date: need("X-Amz-Date")?,
            presigned_s: Some(expires.unwrap_or_default()),
        })
    }
}

/// The query that was signed: without the signature, and without the session token.
pub(super) fn signed_query(query: &str) -> String {
    let is_signed = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        name != PARAMETER_OF_SIGNATURE && name != PARAMETER_OF_TOKEN
    };
    let pairs: Vec<&str> = query.split('&').filter(is_signed).collect();
    pairs.join("&")
}

#[cfg(test)]
mod tests;
