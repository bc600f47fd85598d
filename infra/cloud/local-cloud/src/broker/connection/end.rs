//! Why a connection ended, in AWS's words.
//!
//! Must not know: packets. Source: AWS IoT Core developer guide, lifecycle events.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Client,
    /// DISCONNECT from the client, with its will to be published.
    ClientWithWill,
    /// The socket closed without a DISCONNECT.
    Lost,
    /// The client broke the protocol or a limit.
    ClientError,
    /// A policy denied the request.
    Forbidden,
    /// Nothing was received for one and a half keep-alives.
    KeepAlive,
    /// The same client id connected again.
    TakenOver,
    Deactivated,
    /// An operator requested it.
    Api {
        /// Whether the will is published.
        with_will: bool,
    },
    Shutdown,
    /// An error in the broker.
    ServerError,
}

impl End {
    /// AWS's name for it.
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

    pub fn is_by_client(self) -> bool {
        matches!(self, Self::Client | Self::ClientWithWill)
    }

    /// Whether the client's will is published: on every end but its own DISCONNECT, unless the
    /// operator prevents it. A broker that shuts down has no counterpart in AWS; it publishes none.
    pub(super) fn has_will(self) -> bool {
        !matches!(
            self,
            Self::Client | Self::Shutdown | Self::Api { with_will: false }
        )
    }
}
