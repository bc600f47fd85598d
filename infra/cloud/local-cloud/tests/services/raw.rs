//! An MQTT client that sends arbitrary bytes over mutual TLS, and returns every packet unchanged.
//!
//! It tests behaviour that a correct client library would prevent. Must not know: the tests.

use std::sync::Arc;

use local_cloud::{IssuedCertificate, LocalCloud};
use rustls::HandshakeKind;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::world::{DEADLINE, tls};

pub const CONNACK: u8 = 0x20;
pub const PUBACK: u8 = 0x40;
pub const SUBACK: u8 = 0x90;
pub const UNSUBACK: u8 = 0xB0;
pub const DISCONNECT: u8 = 0xE0;

/// How to connect.
#[derive(Clone)]
pub struct Connect<'a> {
    /// 4 for MQTT 3.1.1, 5.
    pub version: u8,
    pub clean: bool,
    pub keep_alive_s: u16,
    /// Encoded; MQTT 5 only.
    pub properties: Vec<u8>,
    pub will: Option<Will<'a>>,
}

#[derive(Clone)]
pub struct Will<'a> {
    pub topic: &'a str,
    pub payload: &'a str,
    pub qos: u8,
    pub retain: bool,
    /// Encoded; MQTT 5 only.
    pub properties: Vec<u8>,
}

impl Connect<'_> {
    pub fn new(version: u8) -> Connect<'static> {
        Connect {
            version,
            clean: true,
            keep_alive_s: 60,
            properties: Vec::new(),
            will: None,
        }
    }

    /// Resumes the session, which is kept for `seconds` (MQTT 5 only).
    pub fn persistent(version: u8, seconds: u32) -> Connect<'static> {
        let mut properties = vec![0x11];
        properties.extend(seconds.to_be_bytes());
        Connect {
            clean: false,
            properties: if version == 5 { properties } else { Vec::new() },
            ..Connect::new(version)
        }
    }

    fn encode(&self, id: &str) -> Vec<u8> {
        let mut body = text("MQTT");
        let will = self.will.as_ref();
        let will_bits = will.map_or(0, |w| 4 | (w.qos << 3) | (u8::from(w.retain) << 5));
        body.extend([self.version, (u8::from(self.clean) << 1) | will_bits]);
        body.extend(self.keep_alive_s.to_be_bytes());
        let is_5 = self.version == 5;
        if is_5 {
            body.extend(sized(&self.properties));
        }
        body.extend(text(id));
        if let Some(will) = will {
            if is_5 {
                body.extend(sized(&will.properties));
            }
            body.extend(text(will.topic));
            body.extend(text(will.payload));
        }
        packet(0x10, &body)
    }
}

/// One packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packet {
    /// Type and flags.
    pub first: u8,
    /// Without the length.
    pub body: Vec<u8>,
}

/// A decoded PUBLISH.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publish {
    pub first: u8,
    pub topic: String,
    pub id: Option<u16>,
    pub properties: Vec<u8>,
    pub payload: String,
}

/// A connection.
pub struct Raw {
    stream: TlsStream<TcpStream>,
    version: u8,
    pending: Vec<u8>,
}

impl Raw {
    /// A secure channel, before the first packet.
    pub async fn open(cloud: &LocalCloud, certificate: &IssuedCertificate) -> Self {
        let config = tls(
            cloud.ca_pem(),
            &certificate.pem,
            &certificate.private_key_pem,
        );
        Self::open_with(cloud, config).await
    }

    /// The same, for MQTT 5.
    pub async fn open_5(cloud: &LocalCloud, certificate: &IssuedCertificate) -> Self {
        Self {
            version: 5,
            ..Self::open(cloud, certificate).await
        }
    }

    pub async fn open_with(cloud: &LocalCloud, config: Arc<rustls::ClientConfig>) -> Self {
        let socket = TcpStream::connect(cloud.endpoints().mqtts).await.unwrap();
        socket.set_nodelay(true).unwrap();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let stream = TlsConnector::from(config).connect(name, socket).await;
        Self {
            stream: stream.unwrap(),
            version: 4,
            pending: Vec::new(),
        }
    }

    /// Connects; returns the first packet of the answer.
    pub async fn try_connect(
        cloud: &LocalCloud,
        id: &str,
        certificate: &IssuedCertificate,
        how: &Connect<'_>,
    ) -> (Self, Option<Packet>) {
        let mut raw = Self::open(cloud, certificate).await;
        raw.version = how.version;
        raw.send(&how.encode(id)).await;
        let answer = raw.packet().await;
        (raw, answer)
    }

    /// Connects, which must succeed; returns the CONNACK's body.
    pub async fn connect(
        cloud: &LocalCloud,
        id: &str,
        certificate: &IssuedCertificate,
        how: &Connect<'_>,
    ) -> (Self, Vec<u8>) {
        let (raw, answer) = Self::try_connect(cloud, id, certificate, how).await;
        let answer = answer.expect("closed instead of a connack");
        assert_eq!((answer.first, answer.body[1]), (CONNACK, 0), "{answer:?}");
        (raw, answer.body)
    }

    pub fn handshake(&self) -> Option<HandshakeKind> {
        self.stream.get_ref().1.handshake_kind()
    }

    pub async fn send(&mut self, bytes: &[u8]) {
        // The cloud may have closed the connection; the packets it sent before can still be read.
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// The next packet, or `None` if the connection has ended.
    pub async fn packet(&mut self) -> Option<Packet> {
        let next = async {
            loop {
                if let Some((packet, used)) = take(&self.pending) {
                    self.pending.drain(..used);
                    return Some(packet);
                }
                let mut buffer = [0; 4096];
                match self.stream.read(&mut buffer).await {
                    Ok(length) if length > 0 => self.pending.extend_from_slice(&buffer[..length]),
                    _ => return None,
                }
            }
        };
        timeout(DEADLINE, next)
            .await
            .expect("neither packet nor end in time")
    }

    /// The next message.
    pub async fn message(&mut self) -> Publish {
        loop {
            let packet = self.packet().await.expect("closed instead of a message");
            if packet.first & 0xF0 == 0x30 {
                return self.publish_in(&packet);
            }
        }
    }

    fn publish_in(&self, packet: &Packet) -> Publish {
        let (topic, mut rest) = split_text(&packet.body);
        let mut id = None;
        if packet.first & 0x06 != 0 {
            id = Some(u16::from_be_bytes([rest[0], rest[1]]));
            rest = &rest[2..];
        }
        let mut properties = Vec::new();
        if self.version == 5 {
            let (length, used) = varint(rest).unwrap();
            properties = rest[used..used + length].to_vec();
            rest = &rest[used + length..];
        }
        Publish {
            first: packet.first,
            topic,
            id,
            properties,
            payload: String::from_utf8(rest.to_vec()).unwrap(),
        }
    }

    pub async fn publish(&mut self, topic: &str, qos: u8, payload: &str) {
        self.publish_with(topic, qos, 7, &[], payload).await;
    }

    pub async fn publish_with(
        &mut self,
        topic: &str,
        qos: u8,
        id: u16,
        properties: &[u8],
        payload: &str,
    ) {
        let bytes =
            self.publish_bytes(0x30 | (qos << 1), topic, id, properties, payload.as_bytes());
        self.send(&bytes).await;
    }

    pub fn publish_bytes(
        &self,
        first: u8,
        topic: &str,
        id: u16,
        properties: &[u8],
        payload: &[u8],
    ) -> Vec<u8> {
        let mut body = text(topic);
        if first & 0x06 != 0 {
            body.extend(id.to_be_bytes());
        }
        if self.version == 5 {
            body.extend(sized(properties));
        }
        body.extend(payload);
        packet(first, &body)
    }

    pub async fn subscribe(&mut self, filters: &[(&str, u8)]) {
        self.subscribe_with(&[], filters).await;
    }

    pub async fn subscribe_with(&mut self, properties: &[u8], filters: &[(&str, u8)]) {
        let mut body = vec![0, 9];
        if self.version == 5 {
            body.extend(sized(properties));
        }
        for (filter, qos) in filters {
            body.extend(text(filter));
            body.push(*qos);
        }
        self.send(&packet(0x82, &body)).await;
    }

    /// Subscribes; returns the codes of the SUBACK.
    pub async fn subscribed(&mut self, filters: &[(&str, u8)]) -> Vec<u8> {
        self.subscribe(filters).await;
        let ack = self.answer(SUBACK).await;
        ack.body[ack.body.len() - filters.len()..].to_vec()
    }

    pub async fn unsubscribe(&mut self, filters: &[&str]) {
        let mut body = vec![0, 9];
        if self.version == 5 {
            body.push(0);
        }
        filters.iter().for_each(|filter| body.extend(text(filter)));
        self.send(&packet(0xA2, &body)).await;
    }

    pub async fn acknowledge(&mut self, message: &Publish) {
        let id = message.id.expect("QoS 1").to_be_bytes();
        self.send(&packet(PUBACK, &id)).await;
    }

    /// The next packet of this type, skipping messages.
    pub async fn answer(&mut self, first: u8) -> Packet {
        loop {
            let packet = self.packet().await.expect("closed instead of an answer");
            if packet.first == first {
                return packet;
            }
            assert_eq!(
                packet.first & 0xF0,
                0x30,
                "{packet:?} instead of {first:#x}"
            );
        }
    }

    /// The connection must end: with this reason in MQTT 5, without a packet in MQTT 3.1.1.
    pub async fn ended(&mut self, reason: u8, case: &str) {
        let mut last = None;
        while let Some(packet) = self.packet().await {
            last = Some(packet);
        }
        if self.version == 5 {
            let last = last.unwrap_or_else(|| panic!("{case}: closed without a reason"));
            assert_eq!(last.first, DISCONNECT, "{case}: {last:?}");
            assert_eq!(last.body.first(), Some(&reason), "{case}: {last:?}");
        } else {
            assert_eq!(last, None, "{case}");
        }
    }

    /// Sends DISCONNECT and waits for the end.
    pub async fn leave(mut self) {
        self.send(&[0xE0, 0]).await;
        while self.packet().await.is_some() {}
    }
}

pub fn text(text: &str) -> Vec<u8> {
    let mut bytes = u16::try_from(text.len()).unwrap().to_be_bytes().to_vec();
    bytes.extend(text.as_bytes());
    bytes
}

pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    bytes.extend(sized(body));
    bytes
}

/// `bytes` after their length, as MQTT encodes it.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let mut length = bytes.len();
    let mut out = Vec::new();
    loop {
        let low = u8::try_from(length % 128).unwrap();
        length /= 128;
        out.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
    out.extend(bytes);
    out
}

fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0;
    for (at, byte) in bytes.iter().enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

fn take(bytes: &[u8]) -> Option<(Packet, usize)> {
    let first = *bytes.first()?;
    let (length, used) = varint(&bytes[1..])?;
    let body = bytes.get(1 + used..1 + used + length)?.to_vec();
    Some((Packet { first, body }, 1 + used + length))
}

fn split_text(bytes: &[u8]) -> (String, &[u8]) {
    let length = usize::from(u16::from_be_bytes([bytes[0], bytes[1]]));
    let text = String::from_utf8(bytes[2..2 + length].to_vec()).unwrap();
    (text, &bytes[2 + length..])
}
