//! Dispatches each packet, and decides which packets show that the client is alive.
//!
//! MQTT 3.1.1 has no packet for a refusal, so AWS closes the connection; MQTT 5 gets a reason.
//! Must not know: sockets, other clients.

use mqtt_protocol_core::mqtt::result_code::DisconnectReasonCode;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::super::Receipt;
use super::super::packet::Inbound;

use super::connect::SESSION_EXPIRY_S_MAX;
use super::{Connection, End};

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    pub(super) fn handle(&mut self, inbound: Inbound) -> Result<(), End> {
        let shows_life = matches!(
            inbound,
            Inbound::Publish(_)
                | Inbound::Acknowledge(_)
                | Inbound::Subscribe { .. }
                | Inbound::Ping
        );
        if let Some(client) = &self.client
            && shows_life
        {
            self.deadline = Instant::now() + client.patience;
        }
        match (inbound, self.client.is_some()) {
            (Inbound::Connect(request), false) => self.connect(request),
            (_, false) | (Inbound::Connect(_) | Inbound::Unsupported, true) => {
                self.leave(DisconnectReasonCode::ProtocolError, End::ClientError)
            }
            (Inbound::Publish(request), true) => self.publish(request),
            (Inbound::Acknowledge(id), true) => {
                self.acknowledged(id);
                Ok(())
            }
            (
                Inbound::Subscribe {
                    id,
                    entries,
                    has_identifier,
                },
                true,
            ) => {
                if has_identifier {
                    let reason = DisconnectReasonCode::SubscriptionIdentifiersNotSupported;
                    return self.leave(reason, End::ClientError);
                }
                self.subscribe(id, &entries)
            }
            (Inbound::Unsubscribe(id, filters), true) => self.unsubscribe(id, &filters),
            (
                Inbound::Disconnect {
                    with_will,
                    session_expiry_s,
                },
                true,
            ) => self.disconnect(with_will, session_expiry_s),
            (Inbound::Ping, true) => Ok(()),
        }
    }

    fn acknowledged(&self, id: u16) {
        let Some(client) = &self.client else {
            return;
        };
        if let Some(delivery) = client.session.acknowledged(&client.link, id) {
            delivery.report(Receipt::Acknowledged);
        }
    }

    fn disconnect(&mut self, with_will: bool, expiry_s: Option<u32>) -> Result<(), End> {
        if let (Some(client), Some(expiry_s)) = (&self.client, expiry_s) {
            if expiry_s > 0 && !client.has_session_expiry {
                return self.leave(DisconnectReasonCode::ProtocolError, End::ClientError);
            }
            let expiry_s = expiry_s.min(SESSION_EXPIRY_S_MAX);
            let session = &client.session;
            session.set_expiry(&client.link, u64::from(expiry_s) * 1000);
        }
        Err(if with_will {
            End::ClientWithWill
        } else {
            End::Client
        })
    }
}
