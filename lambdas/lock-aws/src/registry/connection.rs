//! The connection of a device: whether it has one, since when, and ending it.

use super::{Registry, RegistryError};

const NOT_FOUND: &str = "ResourceNotFoundException";
/// Answers of a region without these calls, and to a caller who may not make them. `HTTP 404` is an
/// unknown path: a client that is not known gets a code.
const NOT_OFFERED: [&str; 11] = [
    "AccessDenied",
    "AccessDeniedException",
    "ForbiddenException",
    "HTTP 403",
    "HTTP 404",
    "HTTP 405",
    "MethodNotAllowedException",
    "NotFoundException",
    "UnauthorizedException",
    "UnknownOperationException",
    "UnsupportedOperationException",
];

/// What AWS `IoT` knows of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connection {
    /// Whether it is connected.
    pub is_connected: bool,
    /// When its connection began, by the clock of AWS `IoT`, in ms since the Unix epoch. 0
    /// without a connection.
    pub since_ms: i64,
}

impl Registry {
    /// The connection of a client; `None` if no client of this id has ever connected.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn find_connection(&self, client: &str) -> Result<Option<Connection>, RegistryError> {
        let call = self.clients.iot_data.get_connection().client_id(client);
        match call.send().await {
            Ok(found) => Ok(Some(Connection {
                is_connected: found.connected(),
                since_ms: found.connected_since(),
            })),
            Err(error) => {
                let error = RegistryError::of(format!("iot:GetConnection {client}"), &error);
                error.absent_if(NOT_FOUND)
            }
        }
    }

    /// Ends the connection of a client. It may have none.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn end_connection(&self, client: &str) -> Result<(), RegistryError> {
        let call = self.clients.iot_data.delete_connection().client_id(client);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let error = RegistryError::of(format!("iot:DeleteConnection {client}"), &error);
                error.absent_if::<()>(NOT_FOUND).map(drop)
            }
        }
    }
}

impl RegistryError {
    /// Whether a call about a connection is not offered here: the region does not know it, or the
    /// caller may not make it. A repetition gets the same answer. A failed network is another case.
    pub fn is_not_offered(&self) -> bool {
        self.code().is_some_and(|code| NOT_OFFERED.contains(&code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::CallError;

    #[test]
    fn a_call_that_is_not_offered_differs_from_one_that_fails() {
        let is_not_offered = |source: CallError| {
            let call = "iot:GetConnection lock-1".to_owned();
            RegistryError { call, source }.is_not_offered()
        };
        let refused = |code: &str| CallError::Refused {
            code: code.to_owned(),
            message: None,
        };
        for code in NOT_OFFERED {
            assert!(is_not_offered(refused(code)), "{code}");
        }
        for code in [
            "ExpiredTokenException",
            "HTTP 503",
            "InternalFailureException",
            "ResourceNotFoundException",
            "ThrottlingException",
        ] {
            assert!(!is_not_offered(refused(code)), "{code}");
        }
        let refusal = "connection refused".to_owned();
        assert!(!is_not_offered(CallError::NoConnection(refusal)));
        assert!(!is_not_offered(CallError::NoAnswer));
    }
}
