//! MQTT packets as bytes, as far as both versions agree: type, flags, length, body.
//!
//! Source: MQTT 3.1.1 and 5.0, section 2.1.

pub const CONNACK: u8 = 2;
pub const PUBLISH: u8 = 3;
pub const PUBACK: u8 = 4;
pub const SUBACK: u8 = 9;
pub const UNSUBACK: u8 = 11;
pub const PINGRESP: u8 = 13;
pub const DISCONNECT: u8 = 14;

/// One packet.
#[derive(Debug)]
pub struct Packet<'a> {
    pub kind: u8,
    pub flags: u8,
    pub body: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Quality of service of a PUBLISH.
    pub fn qos(&self) -> u8 {
        self.flags >> 1 & 3
    }

    /// Topic of a PUBLISH; `None` if it is malformed.
    pub fn topic(&self) -> Option<&'a str> {
        let (length, rest) = self.body.split_first_chunk::<2>()?;
        let topic = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        std::str::from_utf8(topic)
            .ok()
            .filter(|topic| !topic.is_empty())
    }
}

/// The first packet and the bytes after it; `None` if it is incomplete.
pub fn split(bytes: &[u8]) -> Option<(Packet<'_>, &[u8])> {
    let (first, mut rest) = bytes.split_first()?;
    let mut length = 0usize;
    for shift in [0, 7, 14, 21] {
        let (byte, after) = rest.split_first()?;
        rest = after;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let (body, after) = rest.split_at_checked(length)?;
            let packet = Packet {
                kind: first >> 4,
                flags: first & 0x0f,
                body,
            };
            return Some((packet, after));
        }
    }
    None
}

/// A packet with this first byte and body.
pub fn packet(first: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    let mut length = body.len();
    loop {
        let low = u8::try_from(length & 0x7f).expect("seven bits fit");
        length >>= 7;
        bytes.push(if length > 0 { low | 0x80 } else { low });
        if length == 0 {
            break;
        }
    }
    bytes.extend_from_slice(body);
    bytes
}

/// A string with its length prefix.
pub fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).expect("the harness's own texts are short");
    [&length.to_be_bytes(), text.as_bytes()].concat()
}
