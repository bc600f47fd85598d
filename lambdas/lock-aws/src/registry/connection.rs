//! The connection of a device: whether it has one, since when, and ending it.

use super::{Registry, RegistryError};
const NOT_FOUND: &str = "ResourceNotFoundException";

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
