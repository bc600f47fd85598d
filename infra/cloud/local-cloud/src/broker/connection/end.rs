//! Why a connection ended, in AWS's words.
//!
//! *Source*: AWS IoT Core developer guide, lifecycle events. Must not know packets.

/// Why a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// DISCONNECT from the client.
    Client,
    /// DISCONNECT from the client, which wants its will published.
    ClientWithWill,
    /// The socket closed without one.
    Lost,
    /// The client broke the protocol or a limit.
    ClientError,
    /// A policy refused.
    Forbidden,
    /// Nothing heard for one and a half keep-alives.
    KeepAlive,
    /// The same client id connected again.
    TakenOver,
    /// The certificate is no longer active.
    Deactivated,
    /// An operator asked for it.
    Api {
        /// Whether the will is published.
        with_will: bool,
    },
    /// The broker shuts down.
    Shutdown,
    /// A fault of the broker's own.
    ServerError,
}

impl End {
    /// AWS's word for it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Client | Self::ClientWithWill => "CLIENT_INITIATED_DISCONNECT",
            Self::Lost => "CONNECTION_LOST",
            Self::ClientError => "CLIENT_ERROR",
            Self::Forbidden => "FORBIDDEN_ACCESS",
            Self::KeepAlive => "MQTT_KEEP_ALIVE_TIMEOUT",
            Self::TakenOver => "DUPLICATE_CLIENTID",
            Self::Deactivated => "AUTH_ERROR",
            Self::Api { .. } => "API_INITIATED_DISCONNECT",
            Self::Shutdown => "SERVER_INITIATED_DISCONNECT",
            Self::ServerError => "SERVER_ERROR",
        }
    }

    /// Whether the client said goodbye.
    pub fn is_by_client(self) -> bool {
        matches!(self, Self::Client | Self::ClientWithWill)
    }

    /// Whether the client's will follows: on every end but its own goodbye, and where the operator forbids it. A broker
    /// that shuts down has no counterpart in AWS; it keeps silent.
    pub(super) fn has_will(self) -> bool {
        !matches!(
            self,
            Self::Client | Self::Shutdown | Self::Api { with_will: false }
        )
    }
}
