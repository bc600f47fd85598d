//! A client's first packet, before the packet layer sees it.
//!
//! The packet layer panics on a CONNECT whose Topic Alias Maximum is 0, which MQTT 5 allows: "a
//! value of 0 indicates that the Client does not accept any Topic Aliases on this connection", and
//! an absent property means the same (3.1.2.11.5). So a 0 is removed first. Must not know: sockets,
//! how the packet is answered.

/// Property identifier of Topic Alias Maximum, and the property's bytes with the value 0.
const ALIAS_MAXIMUM: u8 = 0x22;
const NO_ALIASES: [u8; 3] = [ALIAS_MAXIMUM, 0, 0];
/// Protocol name and level of a CONNECT of MQTT 5; flags and keep-alive follow.
const MQTT_5: &[u8] = b"\0\x04MQTT\x05";
const FLAGS_AND_KEEP_ALIVE_BYTES: usize = 3;
/// Longest form of a length.
const LENGTH_BYTES_MAX: usize = 4;

/// Collects bytes until the first packet is complete.
#[derive(Debug)]
pub struct FirstPacket {
    bytes: Vec<u8>,
    bytes_max: usize,
}

impl FirstPacket {
    /// An empty buffer. A packet of more than `bytes_max` is not waited for.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            bytes: Vec::new(),
            bytes_max,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds received bytes. Returns all of them for the packet layer once the packet is complete,
    /// or can be refused as it is.
    pub fn add(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        self.bytes.extend_from_slice(bytes);
        let (length, head_bytes) = match varint(self.bytes.get(1..).unwrap_or_default()) {
            Varint::Whole(length, used) => (length, 1 + used),
            Varint::CutOff => return None,
            Varint::TooLong => return Some(std::mem::take(&mut self.bytes)),
        };
        let whole = head_bytes + length;
        if self.bytes.len() < whole && whole <= self.bytes_max {
            return None;
        }
        let bytes = std::mem::take(&mut self.bytes);
        let rest = bytes.get(whole..).unwrap_or_default();
        let body = bytes.get(head_bytes..whole).unwrap_or_default();
        match without_alias_maximum_of_0(body) {
            Some(body) => {
                let mut corrected = vec![bytes[0]];
                corrected.extend(varint_of(body.len()));
                corrected.extend(body);
                corrected.extend_from_slice(rest);
                Some(corrected)
            }
            None => Some(bytes),
        }
    }
}

/// Removes a Topic Alias Maximum of 0 from the body of an MQTT 5 CONNECT; `None` if it has none. A
/// malformed body, or one with two such properties, is left to the packet layer to refuse.
fn without_alias_maximum_of_0(body: &[u8]) -> Option<Vec<u8>> {
    let before_bytes = MQTT_5.len() + FLAGS_AND_KEEP_ALIVE_BYTES;
    let (before, rest) = body.split_at_checked(before_bytes)?;
    if !before.starts_with(MQTT_5) {
        return None;
    }
    let Varint::Whole(length, used) = varint(rest) else {
        return None;
    };
    let (properties, after) = rest[used..].split_at_checked(length)?;
    let mut kept = Vec::with_capacity(properties.len());
    let mut count = 0;
    let mut left = properties;
    while !left.is_empty() {
        let (property, next) = left.split_at_checked(property_bytes(left)?)?;
        count += usize::from(property[0] == ALIAS_MAXIMUM);
        if property != NO_ALIASES {
            kept.extend_from_slice(property);
        }
        left = next;
    }
    if count != 1 || kept.len() == properties.len() {
        return None;
    }
    Some([before, &varint_of(kept.len()), &kept, after].concat())
}

/// Length of the first property with its identifier; `None` if no CONNECT can have it.
/// Source: MQTT 5.0, 2.2.2.2 and 3.1.2.11.
fn property_bytes(properties: &[u8]) -> Option<usize> {
    let text_bytes = |at: usize| {
        let length = properties.get(at..at + 2)?;
        Some(2 + usize::from(u16::from_be_bytes([length[0], length[1]])))
    };
    let value_bytes = match properties.first()? {
        // Request problem and response information.
        0x17 | 0x19 => 1,
        // Receive maximum, topic alias maximum.
        0x21 | 0x22 => 2,
        // Session expiry, maximum packet size.
        0x11 | 0x27 => 4,
        // Authentication method and data.
        0x15 | 0x16 => text_bytes(1)?,
        // User property: a pair of texts.
        0x26 => {
            let name_bytes = text_bytes(1)?;
            name_bytes + text_bytes(1 + name_bytes)?
        }
        _ => return None,
    };
    Some(1 + value_bytes)
}

/// A length as MQTT encodes it: seven bits a byte, lowest first.
enum Varint {
    /// The value, and how many bytes it took.
    Whole(usize, usize),
    CutOff,
    TooLong,
}

fn varint(bytes: &[u8]) -> Varint {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(LENGTH_BYTES_MAX).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Varint::Whole(value, at + 1);
        }
    }
    if bytes.len() < LENGTH_BYTES_MAX {
        Varint::CutOff
    } else {
        Varint::TooLong
    }
}

fn varint_of(mut value: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (value & 0x7F) as u8;
        value >>= 7;
        bytes.push(if value > 0 { low | 0x80 } else { low });
        if value == 0 {
            return bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES_MAX: usize = 1_000;

    /// A CONNECT of this level with these properties and the client id `c`.
    fn connect(level: u8, properties: &[u8]) -> Vec<u8> {
        let mut body = b"\0\x04MQTT".to_vec();
        body.extend([level, 2, 0, 60]);
        if level == 5 {
            body.extend(varint_of(properties.len()));
            body.extend(properties);
        }
        body.extend(b"\0\x01c");
        let mut packet = vec![0x10];
        packet.extend(varint_of(body.len()));
        packet.extend(body);
        packet
    }

    fn given(bytes: &[u8]) -> Option<Vec<u8>> {
        FirstPacket::new(BYTES_MAX).add(bytes)
    }

    #[test]
    fn a_topic_alias_maximum_of_0_is_removed_wherever_it_is() {
        let user = b"\x26\0\x03\x22\0\0\0\x03\x22\0\0".as_slice();
        let long = [b"\x15\0\x7b".as_slice(), &[b'm'; 123]].concat();
        type Properties<'a> = &'a [&'a [u8]];
        let rows: [(Properties<'_>, Properties<'_>); 6] = [
            // (properties, the remaining ones)
            (&[&NO_ALIASES], &[]),
            (&[b"\x11\0\0\0\x09", &NO_ALIASES], &[b"\x11\0\0\0\x09"]),
            (&[&NO_ALIASES, b"\x21\0\x22"], &[b"\x21\0\x22"]),
            (&[user, &NO_ALIASES, user], &[user, user]),
            (&[b"\x16\0\x02\x22\0", &NO_ALIASES], &[b"\x16\0\x02\x22\0"]),
            // The length of the properties becomes a byte shorter.
            (&[&long, &NO_ALIASES], &[&long]),
        ];
        for (properties, left) in rows {
            let (sent, expected) = (connect(5, &properties.concat()), connect(5, &left.concat()));
            assert_eq!(given(&sent), Some(expected), "{left:?}");
        }
    }

    #[test]
    fn every_other_packet_is_passed_on_unchanged() {
        let twice = [NO_ALIASES, NO_ALIASES].concat();
        let two = [&NO_ALIASES[..], b"\x22\0\x05"].concat();
        for bytes in [
            connect(4, &[]),
            connect(5, &[]),
            connect(5, b"\x22\0\x05"),
            connect(5, b"\x26\0\x03\x22\0\0\0\0"),
            // For the packet layer to refuse: a property twice, one of another packet, one cut off.
            connect(5, &twice),
            connect(5, &two),
            connect(5, b"\x23\0\0\x22\0\0"),
            connect(5, b"\x22\0\0\x22\0"),
            connect(5, b"\x22\0\0\x26\0\x09a"),
            connect(6, &NO_ALIASES),
            b"\x10\0".to_vec(),
            b"\x10\x05\0\x04MQT".to_vec(),
            b"\x10\x0c\0\x04MQTT\x05\x02\0\x3c\x09\x22".to_vec(),
        ] {
            assert_eq!(given(&bytes).as_ref(), Some(&bytes), "{bytes:?}");
        }
    }

    #[test]
    fn the_packet_is_waited_for_and_the_bytes_after_it_are_kept() {
        let (sent, expected) = (connect(5, &NO_ALIASES), connect(5, &[]));
        let ping = b"\xc0\0";
        let mut first = FirstPacket::new(BYTES_MAX);
        for byte in &sent[..sent.len() - 1] {
            assert_eq!(first.add(&[*byte]), None);
        }
        let last = [&sent[sent.len() - 1..], ping].concat();
        assert_eq!(first.add(&last), Some([&expected[..], ping].concat()));
    }

    #[test]
    fn a_packet_that_is_too_long_or_has_no_length_is_not_waited_for() {
        assert_eq!(
            given(b"\x10\xff\xff\x7f\0"),
            Some(b"\x10\xff\xff\x7f\0".to_vec())
        );
        let endless = b"\x10\xff\xff\xff\xff".to_vec();
        assert_eq!(given(&endless).as_ref(), Some(&endless));
        assert_eq!(given(&endless[..4]), None, "a fourth byte may end it");
    }
}
