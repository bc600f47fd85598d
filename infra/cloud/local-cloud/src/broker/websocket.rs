//! MQTT over WebSocket: the signed handshake, and the frames that carry the packets.
//!
//! Must not know: MQTT; the connection behind it reads and writes a plain stream.
//! Source: RFC 6455; AWS IoT Core developer guide, "MQTT over the WebSocket protocol".

mod frame;
mod handshake;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::Broker;
use super::connection::serve;
use super::user::Proof;
use frame::{CLOSE, Decoder, Frame, PONG, encode};

const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Room between the frames and the connection, more than either writes at once.
const BUFFER_BYTES: usize = 512 * 1024;
const READ_BYTES: usize = 16 * 1024;
/// Why a connection is closed. Source: RFC 6455, section 7.4.1.
const NORMAL: u16 = 1000;

/// Serves a client that speaks HTTP first.
pub async fn accept(
    broker: Broker,
    mut stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    peer: SocketAddr,
) {
    let shaken = timeout(HANDSHAKE_TIME, handshake::shake(&mut stream, &broker)).await;
    let (caller, rest) = match shaken {
        Ok(Ok(shaken)) => shaken,
        Ok(Err(why)) => return tracing::info!(%peer, "websocket handshake: {why}"),
        Err(_) => return tracing::info!(%peer, "websocket handshake: timed out"),
    };
    let (near, far) = tokio::io::duplex(BUFFER_BYTES);
    let served = serve(broker, near, Proof::Caller(Arc::new(caller)), peer);
    // The error is already logged.
    let (_, ()) = tokio::join!(Box::pin(served), carry(stream, far, rest));
}

/// Carries bytes between the frames of `outer` and the plain stream `inner`, until one of them
/// ends.
async fn carry(
    outer: impl AsyncRead + AsyncWrite + Unpin + Send,
    inner: DuplexStream,
    rest: Vec<u8>,
) {
    let (mut from_client, to_client) = tokio::io::split(outer);
    let (mut from_broker, mut to_broker) = tokio::io::split(inner);
    let to_client = Mutex::new(to_client);
    let inbound = async {
        let mut decoder = Decoder::new(rest);
        let mut read = vec![0; READ_BYTES];
        loop {
            loop {
                let answer = match decoder.next_frame() {
                    Ok(Some(Frame::Data(bytes))) => {
                        to_broker.write_all(&bytes).await?;
                        continue;
                    }
                    Ok(Some(Frame::Ping(bytes))) => encode(PONG, &bytes),
                    Ok(Some(Frame::Pong)) => continue,
                    Ok(Some(Frame::Close)) => return Ok::<u16, std::io::Error>(NORMAL),
                    Ok(None) => break,
                    Err(code) => return Ok(code),
                };
                write(&to_client, &answer).await?;
            }
            match from_client.read(&mut read).await? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => decoder.add(&read[..count]),
            }
        }
    };
    let outbound = async {
        let mut read = vec![0; READ_BYTES];
        loop {
            match from_broker.read(&mut read).await? {
                0 => return Ok::<u16, std::io::Error>(NORMAL),
                count => write(&to_client, &encode(frame::BINARY, &read[..count])).await?,
            }
        }
    };
    let ended: std::io::Result<u16> = tokio::select! {
        ended = inbound => ended,
        ended = outbound => ended,
    };
    if let Ok(code) = ended {
        // The client may be gone already, so an error does not matter.
        let _ = write(&to_client, &encode(CLOSE, &code.to_be_bytes())).await;
        let _ = to_client.lock().await.shutdown().await;
    }
}

async fn write(to: &Mutex<impl AsyncWrite + Unpin>, bytes: &[u8]) -> std::io::Result<()> {
    let mut to = to.lock().await;
    to.write_all(bytes).await?;
    to.flush().await
}
