//! Turns an input into what the client sends: its connections, and how their bytes are split.
//!
//! The lowest bit of the first byte selects framing, the next two how the bytes are cut. With
//! framing, the rest holds packets of `first byte, length (one byte), body`. Their length fields
//! are corrected, so that a changed body does not invalidate all that follows; a first byte of 0
//! opens another connection. Without framing, the rest is sent unchanged.

use super::frame;

/// Connections of one input.
const CONNECTIONS_MAX: usize = 4;
/// Packets of a connection: beyond 100 messages the clock decides which are accepted.
const PACKETS_MAX: usize = 100;
/// The same for bytes without framing: a message has at least 5 bytes.
const RAW_BYTES_MAX: usize = 5 * PACKETS_MAX;

/// The actions of one input.
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
    /// The bytes, in the pieces to send.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks(self.chunk_bytes)
    }
}

impl Script {
    /// Reads a script; any bytes are valid.
    pub fn parse(bytes: &[u8]) -> Self {
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
        Self {
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
