//! Accepts a socket: sets up TLS, and decides by ALPN and certificate which protocol follows.
//!
//! As in AWS one port serves all: a client selects by ALPN. Without ALPN one with a certificate
//! speaks MQTT, another one WebSocket. Must not know: MQTT beyond the first byte, which shows a
//! client without TLS.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::super::websocket;
use super::{Broker, CONNECT_TIME, Shown, serve};
use crate::registry::ALPN;

/// First byte of a CONNECT without TLS.
const PLAIN_CONNECT: u8 = 0x10;

pub async fn accept(broker: Broker, tls: TlsAcceptor, socket: TcpStream, peer: SocketAddr) {
    // Small packets, answered at once: waiting to fill a segment would only add latency.
    if let Err(error) = socket.set_nodelay(true) {
        tracing::debug!(%error, %peer, "set nodelay");
    }
    let handshake = async {
        let mut first = [0];
        // A client that sends nothing, or has gone, fails in the handshake.
        let is_plain = socket.peek(&mut first).await.is_ok() && first[0] == PLAIN_CONNECT;
        if is_plain {
            tracing::warn!(
                %peer,
                "mqtt without tls refused: use TLS, the root and a client certificate"
            );
            return None;
        }
        // What the handshake needs ends with it; the connection keeps the stream alone. Both are on
        // the heap because a future holds room for every place that a value moves through.
        match Box::pin(tls.accept(socket)).await {
            Ok(stream) => Some(Box::new(stream)),
            Err(error) => {
                tracing::info!(%error, %peer, "mqtt tls handshake");
                None
            }
        }
    };
    let stream = match timeout(CONNECT_TIME, handshake).await {
        Ok(Some(stream)) => stream,
        Ok(None) => return,
        Err(_) => return tracing::info!(%peer, "mqtt tls handshake: timed out"),
    };
    let session = &stream.get_ref().1;
    let certificates = session.peer_certificates().unwrap_or_default();
    let certificate = certificates.first().map(|c| c.to_vec());
    let domain = session.server_name().map(str::to_owned);
    let chosen = session.alpn_protocol();
    let [mqtt, custom, http] = ALPN.map(|name| chosen == Some(name.as_bytes()));
    match certificate {
        _ if custom => tracing::warn!(
            %peer,
            "custom authentication (ALPN mqtt) is not supported: select x-amzn-mqtt-ca, or none"
        ),
        Some(certificate) if !http => {
            let shown = Shown {
                domain,
                ..Shown::from(certificate)
            };
            // The error is already logged.
            drop(serve(broker, stream, shown, peer).await);
        }
        None if mqtt => tracing::info!(%peer, "mqtt client without certificate"),
        _ => Box::pin(websocket::accept(broker, stream, peer)).await,
    }
}
