//! What the client under test sends: on which connections, in which pieces.
//!
//! *Shape*: the first byte's lowest bit says whether packets are framed here, the next two how the bytes are cut. Framed, the
//! rest is packets of `first byte, length (one byte), body`, whose length field is then written as it must be, so that a
//! change of a body does not break all that follows; a first byte of 0 opens another connection. Otherwise the rest is sent as
//! it is. Must not know: MQTT beyond that.

use super::frame;

/// Connections of one input.
const CONNECTIONS_MAX: usize = 4;
/// Packets of a connection: beyond 100 messages, the clock decides which of them are taken.
const PACKETS_MAX: usize = 100;
/// The same for bytes that are sent as they are: no message is shorter than 5 bytes.
const RAW_BYTES_MAX: usize = 5 * PACKETS_MAX;

/// All that one input does.
#[derive(Debug)]
pub struct Script {
    pub connections: Vec<Sent>,
}

/// What is sent on one connection.
#[derive(Debug)]
pub struct Sent {
    bytes: Vec<u8>,
    chunk_bytes: usize,
}

impl Sent {
    /// The bytes, in the pieces in which they are sent.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks(self.chunk_bytes)
    }
}

impl Script {
    /// Any bytes are a script.
    pub fn parse(bytes: &[u8]) -> Script {
        let (flags, rest) = bytes
            .split_first()
            .map_or((0, bytes), |(f, rest)| (*f, rest));
        let chunk_bytes = [usize::MAX, 64, 7, 1][usize::from(flags >> 1 & 3)];
        let bytes_of_each = if flags & 1 == 0 {
            vec![rest[..rest.len().min(RAW_BYTES_MAX)].to_vec()]
        } else {
            framed(rest)
        };
        let connections = bytes_of_each
            .into_iter()
            .map(|bytes| Sent { bytes, chunk_bytes });
        Script {
            connections: connections.collect(),
        }
    }
}

fn framed(mut rest: &[u8]) -> Vec<Vec<u8>> {
    let mut connections = vec![Vec::new()];
    let mut packets = 0;
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first == 0 {
            if connections.len() == CONNECTIONS_MAX {
                break;
            }
            connections.push(Vec::new());
            packets = 0;
            continue;
        }
        let Some((length, after)) = rest.split_first() else {
            break;
        };
        let (body, after) = after.split_at(after.len().min(usize::from(*length)));
        rest = after;
        packets += 1;
        if let Some(connection) = connections.last_mut()
            && packets <= PACKETS_MAX
        {
            connection.extend(frame::packet(*first, body));
        }
    }
    connections
}
