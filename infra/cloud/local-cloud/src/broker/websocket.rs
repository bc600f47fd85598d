//! MQTT over WebSocket: the signed handshake, and the frames that carry the packets.
//!
//! Must not know: MQTT; the connection behind it reads and writes a plain stream.
//! Source: AWS IoT Core developer guide, "MQTT over the WebSocket protocol".

mod handshake;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderValue, Request, Response, header};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Message, WebSocketConfig};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

use super::Broker;
use super::connection::serve;
use super::user::Proof;

const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// Room between the frames and the connection, more than either writes at once, and the longest
/// message.
const BUFFER_BYTES: usize = 512 * 1024;
const READ_BYTES: usize = 16 * 1024;

/// Serves a client that speaks HTTP first.
pub async fn accept(
    broker: Broker,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    peer: SocketAddr,
) {
    let mut signer = None;
    #[expect(clippy::result_large_err, reason = "the error is the library's answer")]
    let check = |request: &Request<()>, mut answer: Response<()>| {
        let judged = handshake::judge(request, &broker);
        signer = Some(judged.map_err(|refusal| {
            tracing::info!(%peer, "websocket handshake: {refusal}");
            refusal.answer()
        })?);
        let name = HeaderValue::from_static(handshake::SUBPROTOCOL);
        answer
            .headers_mut()
            .insert(header::SEC_WEBSOCKET_PROTOCOL, name);
        Ok(answer)
    };
    let config = WebSocketConfig::default()
        .max_message_size(Some(BUFFER_BYTES))
        .max_frame_size(Some(BUFFER_BYTES));
    let shaken = accept_hdr_async_with_config(stream, check, Some(config));
    let frames = match timeout(HANDSHAKE_TIME, shaken).await {
        Ok(Ok(frames)) => frames,
        // Without a certificate and ALPN an MQTT client ends up here, too.
        Ok(Err(error)) => return tracing::info!(%peer, %error, "websocket handshake"),
        Err(_) => return tracing::info!(%peer, "websocket handshake: timed out"),
    };
    let Some(caller) = signer else {
        return;
    };
    let (near, far) = tokio::io::duplex(BUFFER_BYTES);
    let served = serve(broker, near, Proof::Caller(Arc::new(caller)), peer);
    // The error is already logged.
    let (_, ()) = tokio::join!(Box::pin(served), carry(frames, far));
}

/// Carries bytes between the frames of `outer` and the plain stream `inner`, until one of them
/// ends.
async fn carry(
    outer: WebSocketStream<impl AsyncRead + AsyncWrite + Unpin + Send>,
    inner: DuplexStream,
) {
    let (mut to_client, mut from_client) = outer.split();
    let (mut from_broker, mut to_broker) = tokio::io::split(inner);
    let inbound = async {
        // After a close it goes on, until the library's answer is sent.
        while let Some(Ok(message)) = from_client.next().await {
            let written = match message {
                Message::Binary(bytes) => to_broker.write_all(&bytes).await,
                Message::Text(_) => return Some(CloseCode::Unsupported),
                _ => Ok(()),
            };
            if written.is_err() {
                return None;
            }
        }
        None
    };
    let outbound = async {
        let mut read = vec![0; READ_BYTES];
        loop {
            match from_broker.read(&mut read).await {
                Ok(0) | Err(_) => return Some(CloseCode::Normal),
                Ok(count) => {
                    let message = Message::binary(read[..count].to_vec());
                    if to_client.send(message).await.is_err() {
                        return None;
                    }
                }
            }
        }
    };
    let code = tokio::select! {
        code = inbound => code,
        code = outbound => code,
    };
    if let Some(code) = code {
        let frame = CloseFrame {
            code,
            reason: "".into(),
        };
        // The client may be gone already, so an error does not matter.
        let _ = to_client.send(Message::Close(Some(frame))).await;
    }
}
