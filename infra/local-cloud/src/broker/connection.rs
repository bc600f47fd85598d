//! One client's connection, from TLS handshake to the last byte.
//!
//! Reads and writes packets and keeps the timers; what a packet is answered with stands in `handle`.
//! Must not know other connections, except through the broker.

mod end;
mod handle;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use mqtt_protocol_core::mqtt::common::Cursor;
use mqtt_protocol_core::mqtt::connection::{ConnectionOptions, GenericEvent};
use mqtt_protocol_core::mqtt::packet::prelude::GenericPacketTrait;
use mqtt_protocol_core::mqtt::packet::{Packet, Qos};
use mqtt_protocol_core::mqtt::result_code::{DisconnectReasonCode, MqttError};
use mqtt_protocol_core::mqtt::{Connection as PacketConnection, Version, role};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsAcceptor;

pub use end::End;

use super::Broker;
use super::in_flight::InFlight;
use super::lookup::Receipt;
use super::message::{Message, Origin};
use super::packet::{self, Inbound, Will};
use super::session::{Kick, Link, Session};
use crate::event::EventKind;
use crate::registry::Identity;

/// Handshake and CONNECT must be done within this time.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// A client that does not read for so long is cut off.
const WRITE_TIME: Duration = Duration::from_secs(10);
/// Largest packet, as AWS announces it.
const PACKET_BYTES_MAX: u32 = 149_504;
/// QoS 1 messages that may be unacknowledged, in each direction.
const IN_FLIGHT_MAX: u16 = 100;
const READ_BYTES: usize = 16 * 1024;
const FLUSH_BYTES: usize = 64 * 1024;

/// An accepted client.
#[derive(Debug)]
pub struct Client {
    pub(super) session: Arc<Session>,
    pub(super) link: Arc<Link>,
    pub(super) identity: Identity,
    pub(super) session_identifier: String,
    pub(super) number: u64,
    version: Version,
    /// Unacknowledged messages it takes at once.
    window: usize,
    /// Largest packet it takes.
    packet_bytes_max: usize,
    /// Silence after which it is given up.
    patience: Duration,
    will: Option<Will>,
}

impl Client {
    /// Client id.
    pub fn id(&self) -> &str {
        self.session.client_id()
    }
}

/// What is left of a socket once TLS has ended.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

struct Connection {
    broker: Broker,
    stream: Box<dyn Stream>,
    /// The client's certificate, DER.
    certificate: Vec<u8>,
    peer: SocketAddr,
    packets: PacketConnection<role::Server>,
    /// Encoded packets not yet written.
    out: Vec<u8>,
    client: Option<Client>,
    /// Shadow requests not yet answered.
    requests: InFlight,
}

/// Serves one socket to its end.
pub async fn serve(broker: Broker, tls: TlsAcceptor, socket: TcpStream, peer: SocketAddr) {
    // Small packets, answered at once: waiting to fill a segment would only add latency.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, %peer, "set nodelay");
    }
    let stream = match timeout(CONNECT_TIME, tls.accept(socket)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::info!(%error, %peer, "mqtt tls handshake"),
        Err(_) => return tracing::info!(%peer, "mqtt tls handshake: timed out"),
    };
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let Some(certificate) = certificates.first().map(|c| c.to_vec()) else {
        return tracing::info!(%peer, "mqtt client without certificate");
    };
    converse(broker, Box::new(stream), certificate, peer).await;
}

/// Serves one client whose TLS has ended, to the end of the stream.
pub async fn converse(
    broker: Broker,
    stream: Box<dyn Stream>,
    certificate: Vec<u8>,
    peer: SocketAddr,
) {
    let options = ConnectionOptions::new()
        .maximum_packet_size_recv(PACKET_BYTES_MAX)
        .receive_maximum(IN_FLIGHT_MAX);
    let mut packets = PacketConnection::with_options(Version::Undetermined, options);
    packets.set_auto_ping_response(true);
    let mut connection = Connection {
        broker,
        stream,
        certificate,
        peer,
        packets,
        out: Vec::new(),
        client: None,
        requests: InFlight::default(),
    };
    let end = connection.exchange().await;
    connection.finish(end).await;
}

impl Connection {
    /// Reads, answers and delivers until something ends it.
    async fn exchange(&mut self) -> End {
        let mut buffer = vec![0; READ_BYTES];
        let mut deadline = Instant::now() + CONNECT_TIME;
        loop {
            let link = self.client.as_ref().map(|client| client.link.clone());
            let woken = async {
                match &link {
                    Some(link) => link.wake.notified().await,
                    None => std::future::pending().await,
                }
            };
            let step = tokio::select! {
                read = self.stream.read(&mut buffer) => match read {
                    Ok(length) if length > 0 => {
                        let received = self.receive(&buffer[..length]);
                        let patience = self.client.as_ref().map_or(CONNECT_TIME, |c| c.patience);
                        deadline = Instant::now() + patience;
                        received
                    }
                    _ => return End::Lost,
                },
                () = woken => self.check_kick(),
                () = sleep_until(deadline) => self.leave(DisconnectReasonCode::KeepAliveTimeout, End::KeepAlive),
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

    fn receive(&mut self, bytes: &[u8]) -> Result<(), End> {
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

    /// Does what the packet layer asks. Timers are our own; it may report an error without asking to close, but no
    /// state after an error is worth going on with.
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

    /// Encodes a packet for sending.
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

    /// Ends the connection for `end`, with the reason where the protocol has a packet for it.
    fn leave(&mut self, reason: DisconnectReasonCode, end: End) -> Result<(), End> {
        if let Some(client) = &self.client
            && let Ok(Some(goodbye)) = packet::disconnect(client.version, reason)
        {
            // The packet layer asks to close after a DISCONNECT, which is what follows anyway.
            let _ = self.send(Ok(goodbye));
        }
        Err(end)
    }

    fn check_kick(&mut self) -> Result<(), End> {
        let kicked = self.client.as_ref().and_then(|client| client.link.kicked());
        match kicked {
            Some(Kick::TakenOver) => {
                self.leave(DisconnectReasonCode::SessionTakenOver, End::TakenOver)
            }
            Some(Kick::Shutdown) => {
                self.leave(DisconnectReasonCode::ServerShuttingDown, End::Shutdown)
            }
            Some(Kick::Api { with_will }) => {
                let end = End::Api { with_will };
                self.leave(DisconnectReasonCode::AdministrativeAction, end)
            }
            None => Ok(()),
        }
    }

    /// Sends what waits in the session, as far as the client's window allows.
    async fn deliver(&mut self) -> Result<(), End> {
        loop {
            let Some(client) = &self.client else {
                return Ok(());
            };
            let (session, link) = (client.session.clone(), client.link.clone());
            let acquire = || self.packets.acquire_packet_id().ok();
            let Some((delivery, id)) = session.next(&link, client.window, acquire) else {
                return Ok(());
            };
            let packet_bytes_max = client.packet_bytes_max;
            let now_ms = self.broker.inner.clock.now_ms();
            let (message, retain) = (&delivery.message, delivery.retain);
            let packet = packet::publish(client.version, message, id, retain, now_ms);
            let is_too_large = packet.as_ref().is_ok_and(|p| p.size() > packet_bytes_max);
            // Left out, silently as in AWS: what is too old, too large, or not for this client.
            if is_too_large || message.is_expired(now_ms) || !self.may_receive(&message.topic) {
                delivery.report(Receipt::LeftOut);
                if let Some(id) = id {
                    session.acknowledged(&link, id);
                    for event in self.packets.release_packet_id(id) {
                        self.follow(event)?;
                    }
                }
                continue;
            }
            self.send(packet)?;
            delivery.report(Receipt::Sent);
            if self.out.len() >= FLUSH_BYTES {
                self.flush().await?;
            }
        }
    }

    fn may_receive(&self, topic: &str) -> bool {
        self.allows("iot:Receive", &format!("topic/{topic}"))
    }

    /// Asks the policies, and reports a refusal.
    fn allows(&self, action: &str, resource: &str) -> bool {
        let Some(client) = &self.client else {
            return false;
        };
        let registry = &self.broker.inner.registry;
        let resource = registry.arn(resource);
        let is_allowed = registry.allows(&client.identity, action, &resource);
        if !is_allowed {
            self.broker.inner.events.emit(EventKind::Denied {
                client: client.id().to_owned(),
                action: action.to_owned(),
                resource,
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
        match written {
            Ok(Ok(())) => Ok(()),
            _ => Err(End::Lost),
        }
    }

    /// Gives the session back, publishes the will, tells the world.
    async fn finish(mut self, end: End) {
        // The client may be gone already: closing is a courtesy.
        let _ = timeout(WRITE_TIME, self.stream.shutdown()).await;
        let Some(client) = self.client.take() else {
            return;
        };
        let inner = &self.broker.inner;
        let dropped = client.session.detach(&client.link, inner.clock.now_ms());
        self.broker.forget(&dropped, client.id());
        self.broker
            .note_ended(client.id(), client.number, end.reason());
        inner.events.emit(EventKind::Disconnected {
            client: client.id().to_owned(),
            reason: end.reason().to_owned(),
        });
        if end.has_will()
            && let Some(will) = client.will.clone()
        {
            self.broker.publish(Message {
                topic: will.topic,
                payload: will.payload.into(),
                qos: will.qos,
                retain: will.retain,
                expires_at_ms: None,
                properties: Vec::new(),
                origin: Origin {
                    client: Some(client.id().to_owned()),
                    principal: Some(client.identity.principal.clone()),
                    slot: None,
                },
                is_will: true,
            });
        }
        self.broker.announce_disconnected(&client, end);
    }
}
