//! Reads HTTP messages from a connection, for the servers and proxies of the tests.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// One HTTP message with a `content-length`: its head, and its body. `None` if the peer has closed
/// the connection. `bytes` keeps what was read beyond the message.
pub async fn read_message(
    stream: &mut TcpStream,
    bytes: &mut Vec<u8>,
) -> Option<(String, Vec<u8>)> {
    let head = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break bytes.drain(..end + 4).collect::<Vec<u8>>();
        }
        if stream.read_buf(bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    };
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        line.to_lowercase()
            .strip_prefix("content-length:")?
            .trim()
            .parse()
            .ok()
    });
    let length: usize = length.unwrap_or(0);
    while bytes.len() < length {
        assert_ne!(
            stream.read_buf(bytes).await.unwrap(),
            0,
            "the body ends early"
        );
    }
    Some((head, bytes.drain(..length).collect()))
}
