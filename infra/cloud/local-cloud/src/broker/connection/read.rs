//! Reads from a client into a buffer that is lent for a moment, not held by each idle connection.
//!
//! Must not know: what the bytes mean.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::ready;

use tokio::io::{AsyncRead, ReadBuf};

const READ_BYTES: usize = 16 * 1024;

thread_local! {
    /// Shared by all connections that this thread serves.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ_BYTES]);
}

/// The next bytes, at most 16 KiB; none at the end.
pub(super) async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    poll_fn(|context| {
        BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(buffer);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut buffer))?;
            Ok(buffer.filled().to_vec()).into()
        })
    })
    .await
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    #[tokio::test]
    async fn bytes_arrive_in_order_and_the_end_is_no_bytes() {
        let (mut client, mut server) = tokio::io::duplex(64 * 1024);
        let sent: Vec<u8> = (0..=u8::MAX).cycle().take(READ_BYTES + 10).collect();
        client.write_all(&sent).await.unwrap();
        let first = read(&mut server).await.unwrap();
        assert_eq!(first, sent[..READ_BYTES]);
        assert_eq!(read(&mut server).await.unwrap(), sent[READ_BYTES..]);
        drop(client);
        assert!(read(&mut server).await.unwrap().is_empty());
    }

    #[tokio::test]
    async fn a_connection_that_waits_holds_no_buffer() {
        let (_client, mut server) = tokio::io::duplex(1024);
        let waiting = read(&mut server);
        assert!(size_of_val(&waiting) < 64);
        let mut waiting = std::pin::pin!(waiting);
        let polled = poll_fn(|context| waiting.as_mut().poll(context).is_pending().into());
        assert!(polled.await);
        // Another connection of the same thread gets the buffer in between.
        let (mut client, mut other) = tokio::io::duplex(1024);
        client.write_all(b"x").await.unwrap();
        assert_eq!(read(&mut other).await.unwrap(), b"x");
    }
}
