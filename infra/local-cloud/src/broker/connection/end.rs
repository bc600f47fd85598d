//! Why connections end, in AWS's words.
//!
//! Must not know what ends them.

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
    /// The broker shuts down.
    Shutdown,
    /// An operator asked for it.
    Api {
        /// Whether the will is published.
        with_will: bool,
    },
}

impl End {
    /// AWS's word for it.
    pub fn reason(self) -> &'static str {
        match self {
            End::Client | End::ClientWithWill => "CLIENT_INITIATED_DISCONNECT",
            End::Lost => "CONNECTION_LOST",
            End::ClientError => "CLIENT_ERROR",
            End::Forbidden => "FORBIDDEN_ACCESS",
            End::KeepAlive => "MQTT_KEEP_ALIVE_TIMEOUT",
            End::TakenOver => "DUPLICATE_CLIENTID",
            End::Shutdown => "SERVER_INITIATED_DISCONNECT",
            End::Api { .. } => "API_INITIATED_DISCONNECT",
        }
    }

    /// Whether the client's will follows.
    pub(super) fn has_will(self) -> bool {
        !matches!(
            self,
            End::Client | End::Shutdown | End::Api { with_will: false }
        )
    }

    /// Whether the client said goodbye.
    pub fn is_by_client(self) -> bool {
        matches!(self, End::Client | End::ClientWithWill)
    }
}
