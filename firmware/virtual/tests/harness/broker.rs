//! A broker for one client, over plain TCP, of which the test plays every move. MQTT 3.1.1, QoS 0 and 1 only.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::Value;

use crate::device::PATIENCE;

/// A packet from the client that a test looks at.
#[derive(Debug, PartialEq)]
pub enum Packet {
    /// Topics with their QoS.
    Subscribe(u16, Vec<(String, u8)>),
    /// Topic, payload, packet id (0 for QoS 0).
    Publish(String, Value, u16),
}

/// The listening side.
pub struct Broker(TcpListener);

/// One accepted client.
pub struct Session(TcpStream);

fn text(bytes: &[u8], at: &mut usize) -> String {
    let length = usize::from(u16::from_be_bytes([bytes[*at], bytes[*at + 1]]));
    let text =
        String::from_utf8(bytes[*at + 2..*at + 2 + length].to_vec()).expect("topics are UTF-8");
    *at += 2 + length;
    text
}

fn number(bytes: &[u8], at: &mut usize) -> u16 {
    let number = u16::from_be_bytes([bytes[*at], bytes[*at + 1]]);
    *at += 2;
    number
}

impl Broker {
    /// Listens on a free port.
    pub fn start() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").expect("a port is free"))
    }

    /// Where.
    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("it is bound")
    }

    /// Accepts a client: CONNECT is answered, what follows is not.
    pub fn accept(&self) -> Session {
        let (stream, _) = self.0.accept().expect("a client connects");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout can be set");
        let mut session = Session(stream);
        let (kind, body) = session.read();
        assert_eq!(
            (kind, &body[..8]),
            (0x10, b"\x00\x04MQTT\x04\x02".as_slice()),
            "CONNECT, clean session, no will"
        );
        session.write(&[0x20, 2, 0, 0]);
        session
    }

    /// Accepts a client that subscribes as a lock does, and grants it.
    pub fn accept_lock(&self, thing: &str) -> Session {
        let mut session = self.accept();
        let shadow = [
            "get/accepted",
            "get/rejected",
            "update/accepted",
            "update/rejected",
            "update/delta",
        ]
        .map(|suffix| (format!("$aws/things/{thing}/shadow/{suffix}"), 1));
        let own = [(format!("remote-lock/{thing}"), 1)];
        for expected in [own.as_slice(), shadow.as_slice()] {
            let Packet::Subscribe(id, topics) = session.packet() else {
                panic!("a lock subscribes first");
            };
            assert_eq!(topics, expected);
            session.grant(id, topics.len());
        }
        session
    }
}

impl Session {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).expect("the client reads");
    }

    fn read(&mut self) -> (u8, Vec<u8>) {
        let mut byte = [0];
        self.0
            .read_exact(&mut byte)
            .expect("the client sends a packet in time");
        let kind = byte[0];
        let (mut length, mut shift) = (0, 0);
        loop {
            self.0.read_exact(&mut byte).expect("a packet has a length");
            length |= usize::from(byte[0] & 0x7f) << shift;
            shift += 7;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).expect("a packet is whole");
        (kind, body)
    }

    /// The next packet; acknowledgements and pings are passed over.
    pub fn packet(&mut self) -> Packet {
        loop {
            let (kind, body) = self.read();
            let mut at = 0;
            match kind >> 4 {
                3 => {
                    let topic = text(&body, &mut at);
                    let id = if kind & 6 == 0 {
                        0
                    } else {
                        number(&body, &mut at)
                    };
                    let payload =
                        serde_json::from_slice(&body[at..]).expect("the firmware sends JSON");
                    return Packet::Publish(topic, payload, id);
                }
                8 => {
                    let id = number(&body, &mut at);
                    let mut topics = Vec::new();
                    while at < body.len() {
                        let topic = text(&body, &mut at);
                        topics.push((topic, body[at]));
                        at += 1;
                    }
                    return Packet::Subscribe(id, topics);
                }
                4 | 12 | 14 => {}
                other => panic!("packet type {other} was not expected"),
            }
        }
    }

    /// The next publish: topic, payload; acknowledged.
    pub fn publish(&mut self) -> (String, Value) {
        let Packet::Publish(topic, payload, id) = self.packet() else {
            panic!("a publish was expected");
        };
        if id != 0 {
            let [high, low] = id.to_be_bytes();
            self.write(&[0x40, 2, high, low]);
        }
        (topic, payload)
    }

    /// The next report that fulfils `wanted`, whole request; none is echoed.
    pub fn report(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (topic, payload) = self.publish();
            assert!(topic.ends_with("/shadow/update"), "{topic}");
            if wanted(&payload["state"]["reported"]) {
                return payload;
            }
        }
    }

    /// SUBACK with QoS 1 for all.
    fn grant(&mut self, id: u16, topics: usize) {
        let [high, low] = id.to_be_bytes();
        let length = u8::try_from(2 + topics).expect("few topics");
        let mut packet = vec![0x90, length, high, low];
        packet.resize(packet.len() + topics, 1);
        self.write(&packet);
    }

    /// Sends a message with QoS 1.
    pub fn send(&mut self, topic: &str, payload: &str) {
        let mut body = Vec::new();
        body.extend(
            u16::try_from(topic.len())
                .expect("a short topic")
                .to_be_bytes(),
        );
        body.extend(topic.as_bytes());
        body.extend([0, 1]);
        body.extend(payload.as_bytes());
        let mut packet = vec![0x32];
        let mut length = body.len();
        loop {
            let more = if length > 0x7f { 0x80 } else { 0 };
            packet.push(u8::try_from(length & 0x7f).expect("seven bits") | more);
            length >>= 7;
            if length == 0 {
                break;
            }
        }
        packet.extend(body);
        self.write(&packet);
    }
}
