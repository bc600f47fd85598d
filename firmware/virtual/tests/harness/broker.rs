//! A broker for one client that the test plays packet by packet, in MQTT 3.1.1 with
//! acknowledgements up to PUBACK.
#![allow(dead_code, reason = "no test file uses all of it")]

#[path = "talk.rs"]
mod talk;

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::device::{Device, PATIENCE};

/// Topic of the commands to the device under test.
pub const COMMANDS: &str = "remote-lock/thing-1";
/// Topics of the answers of its shadow.
pub const ACCEPTED: &str = "$aws/things/thing-1/shadow/update/accepted";
pub const REJECTED: &str = "$aws/things/thing-1/shadow/update/rejected";
pub const DELETED: &str = "$aws/things/thing-1/shadow/delete/accepted";

/// Shadow of a button, and the topics of its answers, in the order of subscribing.
pub const BUTTON_SHADOW: &str = "$aws/things/thing-1/shadow/name/button";
pub const BUTTON_TOPICS: [&str; 3] = ["/delete/accepted", "/update/rejected", "/update/accepted"];

/// The only topics that a lock subscribes to, in order.
pub const LOCK_TOPICS: [&str; 4] = [
    "remote-lock/THING",
    "$aws/things/THING/shadow/delete/accepted",
    "$aws/things/THING/shadow/update/rejected",
    "$aws/things/THING/shadow/update/accepted",
];

/// A packet from the client that a test looks at.
#[derive(Debug, PartialEq)]
pub enum Packet {
    /// Packet id, topics with their quality of service.
    Subscribe(u16, Vec<(String, u8)>),
    /// Topic, payload, packet id (0 without acknowledgement).
    Publish(String, Value, u16),
}

/// A listening socket whose clients wait for the test.
pub struct Broker {
    address: SocketAddr,
    accepted: Receiver<TcpStream>,
}

/// The transport of a session.
trait Wire: Read + Write + Send {}
impl<T: Read + Write + Send> Wire for T {}

/// The broker's side of one client's connection.
pub struct Session(Box<dyn Wire>);

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

/// A PUBLISH: first byte (0x32 asks for a PUBACK), topic, payload. A packet id is 1.
pub fn publish_bytes(first: u8, topic: &str, payload: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    body.extend(
        u16::try_from(topic.len())
            .expect("a short topic")
            .to_be_bytes(),
    );
    body.extend(topic.as_bytes());
    if first & 6 != 0 {
        body.extend([0, 1]);
    }
    body.extend(payload);
    let mut packet = vec![first];
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
    packet
}

/// A command that is valid now.
pub fn command_text(action: &str, version: u64) -> String {
    command_text_at(action, version, now_s())
}

/// A command that was issued at this time, in seconds since 1970.
pub fn command_text_at(action: &str, version: u64, issued_s: u64) -> String {
    json!({
        "v": 1, "action": action, "version": version, "commandId": format!("c-{version}"),
        "issuedAt": issued_s, "expiresAt": issued_s + 30,
    })
    .to_string()
}

/// The current time in seconds since 1970.
pub fn now_s() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("it is later than 1970").as_secs()
}

impl Broker {
    /// Listens on a free port.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let (sender, accepted) = channel();
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if sender.send(stream).is_err() {
                    return;
                }
            }
        });
        Self { address, accepted }
    }

    /// Address that it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A device that reaches this broker without TLS.
    pub fn device(&self, flash: &tempfile::TempDir, role: &str, settings: &[&str]) -> Device {
        let server = format!("mqtt.server={}", self.address);
        let mut all = vec![server.as_str(), "mqtt.ssl_ca_cert=", "mqtt.ssl_cert="];
        all.extend(settings);
        Device::start(flash.path(), role, &all)
    }

    /// A lock that was never installed and reaches this broker without TLS.
    pub fn new_lock(&self, flash: &tempfile::TempDir) -> Device {
        let server = format!("mqtt.server={}", self.address);
        let stated = ["lock.unlocked_level=1", "lock.power_on=locked"];
        let plain = [&server, "mqtt.ssl_ca_cert=", "mqtt.ssl_cert="];
        Device::start_bare(flash.path(), "lock", &[&stated[..], &plain].concat())
    }

    /// The next connection, from which nothing was read.
    pub fn connection(&self) -> TcpStream {
        let stream = self.accepted.recv_timeout(PATIENCE);
        let stream = stream.expect("a client connects in time");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a timeout can be set");
        stream.set_nodelay(true).expect("an option can be set");
        stream
    }

    /// Whether no unclaimed connection exists.
    pub fn no_connection(&self) -> bool {
        self.accepted.try_recv().is_err()
    }

    /// The next client that has sent its CONNECT; clients that are gone already are skipped.
    pub fn connect(&self) -> Session {
        loop {
            let mut session = Session::over(self.connection());
            if session.take_connect().is_ok() {
                return session;
            }
        }
    }

    /// A client that is connected already, if any, from which nothing was read.
    pub fn connect_now(&self) -> Option<Session> {
        self.accepted.try_recv().ok().map(Session::over)
    }

    /// Accepts a client: answers its CONNECT and nothing else.
    pub fn accept(&self) -> Session {
        let mut session = self.connect();
        session.write(&[0x20, 2, 0, 0]);
        session
    }

    /// Accepts a client and grants the subscriptions of a button.
    pub fn accept_button(&self) -> Session {
        let mut session = self.accept();
        session.grant_button();
        session
    }

    /// Accepts a client and grants the subscriptions of a lock.
    pub fn accept_lock(&self, thing: &str) -> Session {
        let mut session = self.accept();
        session.grant_lock(thing);
        session
    }
}

impl Session {
    /// A client over TCP or TLS.
    pub fn over(wire: impl Read + Write + Send + 'static) -> Self {
        Self(Box::new(wire))
    }

    /// Sends bytes, which need not be a packet.
    pub fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).expect("the client reads");
    }

    /// Sends bytes, if the client still reads.
    pub fn try_write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)?;
        self.0.flush()
    }

    fn try_read(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let mut byte = [0];
        self.0.read_exact(&mut byte)?;
        let kind = byte[0];
        let (mut length, mut shift) = (0, 0);
        loop {
            self.0.read_exact(&mut byte)?;
            length |= usize::from(byte[0] & 0x7f) << shift;
            shift += 7;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body)?;
        Ok((kind, body))
    }

    fn read(&mut self) -> (u8, Vec<u8>) {
        self.try_read().expect("the client sends a packet in time")
    }

    /// Reads a CONNECT and checks it.
    ///
    /// # Errors
    /// The client has closed the connection.
    pub fn take_connect(&mut self) -> io::Result<()> {
        let (kind, body) = self.try_read()?;
        assert_eq!(
            (kind, &body[..8]),
            (0x10, b"\x00\x04MQTT\x04\x02".as_slice()),
            "CONNECT, clean session, no will"
        );
        Ok(())
    }

    /// Reads until the client ends the connection. Returns what it sent.
    pub fn until_end(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        let mut bytes = [0; 1024];
        loop {
            match self.0.read(&mut bytes) {
                Ok(0) => return all,
                Ok(count) => all.extend(&bytes[..count]),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => {
                    panic!("the client keeps the connection")
                }
                Err(_) => return all,
            }
        }
    }

    fn acknowledge(&mut self, id: u16) {
        if id != 0 {
            let [high, low] = id.to_be_bytes();
            self.write(&[0x40, 2, high, low]);
        }
    }

    /// The next packet; acknowledgements are skipped, and pings are answered.
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
                12 => self.write(&[0xd0, 0]),
                4 | 5 | 7 => {}
                other => panic!("packet type {other} was not expected"),
            }
        }
    }

    /// Waits for a PUBACK; everything else is skipped.
    pub fn until_acknowledged(&mut self) {
        while self.read().0 != 0x40 {}
    }

    /// The next publish, which is acknowledged: topic, payload.
    pub fn publish(&mut self) -> (String, Value) {
        let Packet::Publish(topic, payload, id) = self.packet() else {
            panic!("a publish was expected");
        };
        self.acknowledge(id);
        (topic, payload)
    }

    /// Sends a SUBACK with the same code for all topics: 1 grants, 0x80 refuses.
    pub fn answer_subscribe(&mut self, id: u16, topics: usize, code: u8) {
        let [high, low] = id.to_be_bytes();
        let length = u8::try_from(2 + topics).expect("few topics");
        let mut packet = vec![0x90, length, high, low];
        packet.resize(packet.len() + topics, code);
        self.write(&packet);
    }

    /// Sends a message that asks for a PUBACK.
    pub fn send(&mut self, topic: &str, payload: &str) {
        self.write(&publish_bytes(0x32, topic, payload.as_bytes()));
    }
}
