//! One client's connection, from the first packet to the last byte.
//!
//! Reads and writes packets and keeps the timers. `handle` answers each packet, `serve` ends the
//! connection. Must not know: other connections, except through the broker.
mod accept;
mod connect;
mod deliver;
mod end;
mod handle;
mod publish;
mod read;
mod serve;
mod subscribe;
#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{ConnectionOptions, GenericEvent};
use mqtt_protocol_core::mqtt::packet::Packet;
use mqtt_protocol_core::mqtt::packet::prelude::GenericPacketTrait;
use mqtt_protocol_core::mqtt::result_code::{DisconnectReasonCode, MqttError};
use mqtt_protocol_core::mqtt::{Connection as PacketConnection, Version, role};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep_until, timeout};

use super::Broker;
use super::in_flight::InFlight;
use super::limit::Meter;
use super::message::{MESSAGE_EXPIRY_S, Origin};
use super::packet::{self, FirstPacket, Will};
use super::session::{Kick, Link, Session};
use super::user::Proof;
use crate::event::EventKind;
use crate::registry::Identity;
pub use accept::accept;
pub use end::End;
pub use serve::serve;

const CONNECT_TIME: Duration = Duration::from_secs(10);
/// A client that reads nothing for this long is cut off.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// Largest packet, as AWS announces it.
const PACKET_BYTES_MAX: u32 = 149_504;
/// Messages a client may publish in a second; more are discarded.
/// Source: AWS IoT Core message broker quotas.
const PUBLISHES_PER_S: u32 = 100;
/// Bytes a client may send in a second; more are delayed. Source: the same.
const BYTES_PER_S: u32 = 512 * 1024;
const CONNECT_BYTE: u8 = 0x10;
const SECOND: Duration = Duration::from_secs(1);
const FLUSH_BYTES: usize = 64 * 1024;
/// The output buffer shrinks to this size after a burst.
const KEPT_BYTES: usize = 4 * 1024;

#[derive(Debug)]
pub struct Client {
    pub(super) session: Arc<Session>,
    pub(super) link: Arc<Link>,
    pub(super) identity: Identity,
    pub(super) session_identifier: String,
    pub(super) number: u64,
    version: Version,
    window: usize,
    packet_bytes_max: usize,
    /// Silence after which the connection is closed.
    patience: Duration,
    /// MQTT 5 clients that connected without an expiry cannot set one at the end.
    has_session_expiry: bool,
    will: Option<Will>,
}

impl Client {
    pub fn id(&self) -> &str {
        self.session.client_id()
    }

    fn origin(&self) -> Origin {
        Origin {
            client: Some(self.id().to_owned()),
            principal: Some(self.identity.principal.clone()),
            ..Origin::default()
        }
    }
}

/// What a client showed before its first packet.
#[derive(Debug, Default)]
pub struct Shown {
    /// Who it is.
    pub proof: Option<Proof>,
    /// The domain name that it connected to, if it named one.
    pub domain: Option<String>,
}

impl<P: Into<Proof>> From<P> for Shown {
    fn from(proof: P) -> Self {
        Self {
            proof: Some(proof.into()),
            domain: None,
        }
    }
}

struct Connection<S> {
    broker: Broker,
    stream: S,
    /// Until the CONNECT.
    shown: Shown,
    peer: SocketAddr,
    packets: PacketConnection<role::Server>,
    out: Vec<u8>,
    client: Option<Client>,
    /// The first packet, until it is complete.
    first: Option<FirstPacket>,
    /// When the connection is closed unless the client sends something.
    deadline: Instant,
    publishes: Meter,
    bytes: Meter,
    requests: InFlight,
    /// Length of one keep-alive second; tests shorten it.
    second: Duration,
    /// Whether reading has precedence over sending in this turn.
    prefers_reading: bool,
}

enum Next {
    Read(std::io::Result<Vec<u8>>),
    /// There is a message to send, or a kick.
    Woken,
    Silence,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    fn new(broker: Broker, stream: S, shown: Shown, peer: SocketAddr, second: Duration) -> Self {
        let options = ConnectionOptions::new().maximum_packet_size_recv(PACKET_BYTES_MAX);
        let mut packets = PacketConnection::with_options(Version::Undetermined, options);
        packets.set_auto_ping_response(true);
        Self {
            broker,
            stream,
            shown,
            peer,
            packets,
            out: Vec::new(),
            client: None,
            first: Some(FirstPacket::new(PACKET_BYTES_MAX as usize)),
            deadline: Instant::now() + CONNECT_TIME,
            publishes: Meter::new(PUBLISHES_PER_S),
            bytes: Meter::new(BYTES_PER_S),
            requests: InFlight::default(),
            second,
            prefers_reading: false,
        }
    }

    /// Reads, answers and delivers until something ends it.
    async fn exchange(&mut self) -> End {
        let mut read_from = Instant::now();
        loop {
            let step = match self.next(read_from).await {
                Next::Read(Ok(bytes)) if !bytes.is_empty() => {
                    let now = Instant::now();
                    read_from = now + self.bytes.charge(bytes.len(), now);
                    self.receive(&bytes)
                }
                Next::Read(_) => return End::Lost,
                Next::Woken => self.check_kick(),
                Next::Silence => self.leave(DisconnectReasonCode::KeepAliveTimeout, End::KeepAlive),
            };
            let step = match step {
                Ok(()) => self.deliver().await,
                ended => ended,
            };
            let written = self.flush().await;
            if let Err(end) = step.and(written) {
                return end;
            }
        }
    }

    /// Waits for the next event. Reading and sending have precedence in turns, so neither starves
    /// the other, and the same bytes always have the same effect, unlike with a random choice.
    async fn next(&mut self, read_from: Instant) -> Next {
        self.prefers_reading = !self.prefers_reading;
        let link = self.client.as_ref().map(|client| client.link.clone());
        let woken = pin!(async {
            match &link {
                Some(link) => link.wake.notified().await,
                None => std::future::pending().await,
            }
        });
        let read = pin!(async {
            // Even a sleep of no length takes a millisecond, and most reads need none.
            if read_from > Instant::now() {
                sleep_until(read_from).await;
            }
            read::read(&mut self.stream).await
        });
        let silence = pin!(sleep_until(self.deadline));
        if self.prefers_reading {
            tokio::select! {
                biased;
                read = read => Next::Read(read),
                () = woken => Next::Woken,
                () = silence => Next::Silence,
            }
        } else {
            tokio::select! {
                biased;
                () = woken => Next::Woken,
                read = read => Next::Read(read),
                () = silence => Next::Silence,
            }
        }
    }

    fn receive(&mut self, bytes: &[u8]) -> Result<(), End> {
        let Some(first) = &mut self.first else {
            return self.take(bytes);
        };
        if first.is_empty() && bytes.first() != Some(&CONNECT_BYTE) {
            tracing::info!(
                peer = %self.peer,
                "not mqtt: a client with a certificate must begin with CONNECT; for WebSocket \
                 connect without one, or select http/1.1 by ALPN"
            );
            return Err(End::ClientError);
        }
        let Some(bytes) = first.add(bytes) else {
            return Ok(());
        };
        self.first = None;
        self.take(&bytes)
    }

    /// Passes bytes to the packet layer, and handles the resulting packets.
    fn take(&mut self, bytes: &[u8]) -> Result<(), End> {
        let mut cursor = Cursor::new(bytes);
        self.requests.begin_read();
        while !cursor.remaining_slice().is_empty() {
            for event in self.packets.recv(&mut cursor) {
                match event {
                    GenericEvent::NotifyPacketReceived(packet) => {
                        self.handle(packet::decode(packet))?;
                    }
                    other => self.follow(other)?,
                }
            }
        }
        Ok(())
    }

    /// Carries out a request of the packet layer. Timers are ours. It may report an error without
    /// asking to close, but after any error the connection is closed.
    fn follow(&mut self, event: GenericEvent<u16>) -> Result<(), End> {
        match event {
            GenericEvent::RequestSendPacket { packet, .. } => {
                self.out.extend_from_slice(&packet.to_continuous_buffer());
                Ok(())
            }
            GenericEvent::NotifyError(error) => {
                tracing::info!(?error, peer = %self.peer, "mqtt protocol");
                Err(End::ClientError)
            }
            GenericEvent::RequestClose => Err(End::ClientError),
            _ => Ok(()),
        }
    }

    fn send(&mut self, packet: Result<Packet, MqttError>) -> Result<(), End> {
        let packet = packet.map_err(|error| {
            tracing::info!(?error, peer = %self.peer, "build mqtt packet");
            End::ClientError
        })?;
        for event in self.packets.send(packet) {
            self.follow(event)?;
        }
        Ok(())
    }

    /// Ends the connection for `end`, with the reason if the protocol has a packet for it.
    fn leave(&mut self, reason: DisconnectReasonCode, end: End) -> Result<(), End> {
        if let Some(client) = &self.client
            && let Ok(Some(goodbye)) = packet::disconnect(client.version, reason)
        {
            // The packet layer asks to close after a DISCONNECT, which happens next anyway.
            let _ = self.send(Ok(goodbye));
        }
        Err(end)
    }

    fn check_kick(&mut self) -> Result<(), End> {
        let kicked = self.client.as_ref().and_then(|client| client.link.kicked());
        let (reason, end) = match kicked {
            Some(Kick::TakenOver) => (DisconnectReasonCode::SessionTakenOver, End::TakenOver),
            Some(Kick::Deactivated) => (DisconnectReasonCode::NotAuthorized, End::Deactivated),
            Some(Kick::Api { with_will }) => (
                DisconnectReasonCode::AdministrativeAction,
                End::Api { with_will },
            ),
            Some(Kick::Shutdown) => (DisconnectReasonCode::ServerShuttingDown, End::Shutdown),
            None => return Ok(()),
        };
        self.leave(reason, end)
    }

    /// Whether the client's policies allow it.
    fn is_allowed(&self, action: &str, resource: &str) -> bool {
        let resource = self.broker.inner.registry.arn(resource);
        self.client
            .as_ref()
            .is_some_and(|client| self.broker.allows(&client.identity, action, &resource))
    }

    /// Whether the client's policies allow it; reports a refusal.
    fn allows(&self, action: &str, resource: &str) -> bool {
        let is_allowed = self.is_allowed(action, resource);
        if let Some(client) = &self.client
            && !is_allowed
        {
            self.broker.inner.events.emit(EventKind::Denied {
                client: client.id().to_owned(),
                action: action.to_owned(),
                resource: self.broker.inner.registry.arn(resource),
            });
        }
        is_allowed
    }

    async fn flush(&mut self) -> Result<(), End> {
        if self.out.is_empty() {
            return Ok(());
        }
        let write = async {
            self.stream.write_all(&self.out).await?;
            self.stream.flush().await
        };
        let written = timeout(WRITE_TIME, write).await;
        self.out.clear();
        self.out.shrink_to(KEPT_BYTES);
        match written {
            Ok(Ok(())) => Ok(()),
            _ => Err(End::Lost),
        }
    }
}

fn expires_at_ms(expiry_s: Option<u32>, now_ms: u64) -> Option<u64> {
    let expiry_s = expiry_s?.clamp(*MESSAGE_EXPIRY_S.start(), *MESSAGE_EXPIRY_S.end());
    Some(now_ms + u64::from(expiry_s) * 1000)
}
