//! The frames of WebSocket, from a client and to it.
//!
//! Must not know: what they carry. Source: RFC 6455, section 5.

/// A frame with bytes.
pub const BINARY: u8 = 0x2;
/// The last frame of either side.
pub const CLOSE: u8 = 0x8;
/// The answer to a ping.
pub const PONG: u8 = 0xA;
const CONTINUATION: u8 = 0x0;
const PING: u8 = 0x9;
/// Codes of a close. Source: RFC 6455, section 7.4.1.
const PROTOCOL_ERROR: u16 = 1002;
const UNSUPPORTED_DATA: u16 = 1003;
const TOO_BIG: u16 = 1009;
/// Largest frame from a client; the packets inside are smaller.
const FRAME_BYTES_MAX: usize = 1024 * 1024;
const CONTROL_BYTES_MAX: usize = 125;
const MASK_BYTES: usize = 4;

/// A frame from a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// Bytes of the stream; where a message ends does not matter to MQTT.
    Data(Vec<u8>),
    /// A question whether this side lives, with the bytes of its answer.
    Ping(Vec<u8>),
    /// The answer to a question.
    Pong,
    /// The client leaves.
    Close,
}

/// Bytes from a client that are not frames yet.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
}

impl Decoder {
    /// Begins with bytes that came with the handshake.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes }
    }

    /// Adds bytes.
    pub fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The next complete frame.
    ///
    /// # Errors
    ///
    /// The code to close with.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, u16> {
        let [first, second, ..] = self.bytes[..] else {
            return Ok(None);
        };
        let is_control = first & 0x08 != 0;
        let is_masked = second & 0x80 != 0;
        // Extensions were not negotiated, so the reserved bits are 0; clients mask every frame.
        if first & 0x70 != 0 || !is_masked || (is_control && first & 0x80 == 0) {
            return Err(PROTOCOL_ERROR);
        }
        let (length_bytes, short) = match second & 0x7F {
            126 => (2, None),
            127 => (8, None),
            short => (0, Some(usize::from(short))),
        };
        let begin = 2 + length_bytes;
        let Some(head) = self.bytes.get(2..begin + MASK_BYTES) else {
            return Ok(None);
        };
        let (length, mask) = head.split_at(length_bytes);
        let long = || {
            length
                .iter()
                .fold(0u64, |n, byte| (n << 8) | u64::from(*byte))
        };
        let length = short.or_else(|| usize::try_from(long()).ok());
        let Some(length) = length.filter(|length| *length <= FRAME_BYTES_MAX) else {
            return Err(TOO_BIG);
        };
        if is_control && length > CONTROL_BYTES_MAX {
            return Err(PROTOCOL_ERROR);
        }
        let body = begin + MASK_BYTES;
        let Some(masked) = self.bytes.get(body..body + length) else {
            return Ok(None);
        };
        let unmasked = masked.iter().zip(mask.iter().cycle());
        let payload: Vec<u8> = unmasked.map(|(byte, mask)| byte ^ mask).collect();
        self.bytes.drain(..body + length);
        match first & 0x0F {
            BINARY | CONTINUATION => Ok(Some(Frame::Data(payload))),
            PING => Ok(Some(Frame::Ping(payload))),
            PONG => Ok(Some(Frame::Pong)),
            CLOSE => Ok(Some(Frame::Close)),
            // MQTT over WebSocket has no text.
            _ => Err(UNSUPPORTED_DATA),
        }
    }
}

/// A whole message to a client, in one frame.
pub fn encode(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0x80 | kind];
    match payload.len() {
        short @ 0..126 => frame.push(u8::try_from(short).unwrap_or(u8::MAX)),
        length => match u16::try_from(length) {
            Ok(length) => {
                frame.push(126);
                frame.extend_from_slice(&length.to_be_bytes());
            }
            Err(_) => {
                frame.push(127);
                frame.extend_from_slice(&(length as u64).to_be_bytes());
            }
        },
    }
    frame.extend_from_slice(payload);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut frame = encode(0, payload);
        frame[0] = first;
        frame[1] |= 0x80;
        let begin = frame.len() - payload.len();
        let mask = [1, 2, 3, 4];
        frame.splice(begin..begin, mask);
        for (index, byte) in frame[begin + 4..].iter_mut().enumerate() {
            *byte ^= mask[index % 4];
        }
        frame
    }

    #[test]
    fn frames_of_every_length_are_read_whatever_comes_at_once() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![7; length];
            let bytes = [masked(0x82, &payload), masked(0x89, b"?")].concat();
            for step in [1, 1000, bytes.len()] {
                let mut decoder = Decoder::default();
                let mut found = Vec::new();
                for part in bytes.chunks(step) {
                    decoder.add(part);
                    while let Some(frame) = decoder.next_frame().unwrap() {
                        found.push(frame);
                    }
                }
                let expected = [Frame::Data(payload.clone()), Frame::Ping(b"?".to_vec())];
                assert_eq!(found, expected, "{length} bytes in steps of {step}");
            }
        }
    }

    #[test]
    fn a_frame_that_breaks_the_protocol_closes_with_its_code() {
        let mut huge = vec![0x82, 0xFF];
        huge.extend_from_slice(&u64::MAX.to_be_bytes());
        huge.extend_from_slice(&[0; 4]);
        for (frame, expected) in [
            (encode(BINARY, b"not masked"), PROTOCOL_ERROR),
            (masked(0xC2, b"reserved bit"), PROTOCOL_ERROR),
            (masked(0x09, b"a control frame in parts"), PROTOCOL_ERROR),
            (masked(0x88, &[0; 126]), PROTOCOL_ERROR),
            (masked(0x81, b"text"), UNSUPPORTED_DATA),
            (huge, TOO_BIG),
        ] {
            assert_eq!(Decoder::new(frame).next_frame(), Err(expected));
        }
    }
}
