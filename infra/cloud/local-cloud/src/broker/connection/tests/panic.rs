//! A panic while serving a client ends that client's connection and no other.

use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use tokio::io::AsyncReadExt;

use tokio::io::ReadBuf;

use super::*;
use crate::captured::Captured;

/// A stream that panics when it is read after `is_broken` is set, in the task that handles packets.
struct Faulty {
    stream: DuplexStream,
    is_broken: Arc<AtomicBool>,
}

impl AsyncRead for Faulty {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        assert!(!self.is_broken.load(Ordering::SeqCst), "a bug of ours");
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Faulty {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

// AWS same(broker): an error of the server ends the connection with SERVER_ERROR, and its will
//     follows
#[tokio::test]
async fn a_panic_ends_its_own_connection_with_an_error_and_no_other() {
    let (log, _capturing) = Captured::begin();
    let (broker, certificate) = broker();
    let (mut other, server) = tokio::io::duplex(4096);
    tokio::spawn(serve(broker.clone(), server, certificate.clone(), peer()));
    other
        .write_all(b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01o\x82\x06\0\x09\0\x01w\0")
        .await
        .unwrap();
    packet(&mut other, 0x20).await;
    packet(&mut other, 0x90).await;

    // The will of the faulty one goes to `w`.
    let hello = b"\x10\x13\0\x04MQTT\x04\x06\0\x3c\0\x01c\0\x01w\0\x01x";
    let mut published = broker.tap();
    let (mut client, stream) = tokio::io::duplex(4096);
    let is_broken = Arc::new(AtomicBool::new(false));
    let faulty = Faulty {
        stream,
        is_broken: is_broken.clone(),
    };
    let served = tokio::spawn(serve(broker.clone(), faulty, certificate.clone(), peer()));
    client.write_all(hello).await.unwrap();
    packet(&mut client, 0x20).await;
    is_broken.store(true, Ordering::SeqCst);
    client.write_all(&[0xC0, 0]).await.unwrap();

    let panicked = timeout(DEADLINE, served).await.unwrap().unwrap();
    assert_eq!(panicked.unwrap_err().to_string(), "panicked: a bug of ours");
    let mut rest = Vec::new();
    client.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty(), "closed without a packet");
    assert_eq!(reason(&mut published).await, "SERVER_ERROR");
    let text = log.text();
    for part in ["ERROR", "a bug of ours", "127.0.0.1:1", "\"c\""] {
        assert!(text.contains(part), "{part} in {text}");
    }

    // The other client is still served, and so is the same client id again.
    assert_eq!(packet(&mut other, 0x30).await, b"\0\x01wx");
    let (mut again, server) = tokio::io::duplex(4096);
    tokio::spawn(serve(broker, server, certificate, peer()));
    again.write_all(hello).await.unwrap();
    assert_eq!(packet(&mut again, 0x20).await, [0, 0]);
}
