//! Serves one client's connection, and ends it in an orderly manner even after a panic.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::super::Broker;
use super::super::message::Message;
use super::{Client, Connection, End, SECOND, Shown, WRITE_TIME, expires_at_ms};
use crate::contain::{Panicked, contain};
use crate::event::EventKind;

/// Serves one client to its end, over a channel that is already secure.
///
/// # Errors
/// [`Panicked`], which is logged; the connection has ended like any other.
pub async fn serve(
    broker: Broker,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    shown: impl Into<Shown>,
    peer: SocketAddr,
) -> Result<(), Panicked> {
    serve_with(broker, stream, shown, peer, SECOND).await
}

/// `second` is the length of one keep-alive second; tests shorten it.
pub(super) async fn serve_with(
    broker: Broker,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send,
    shown: impl Into<Shown>,
    peer: SocketAddr,
    second: Duration,
) -> Result<(), Panicked> {
    // On the heap, so that the task of an idle connection has no room for copies of it.
    let shown = shown.into();
    let mut connection = Box::new(Connection::new(broker, stream, shown, peer, second));
    let exchanged = contain(Box::pin(connection.exchange())).await;
    if let Err(panicked) = &exchanged {
        let client = connection.client.as_ref().map(Client::id);
        tracing::error!(%panicked, %peer, client, "serve mqtt client: connection closed");
    }
    // After a panic, too, the session must not seem connected.
    let end = exchanged.as_ref().map_or(End::ServerError, |end| *end);
    let finished = contain(Box::pin(connection.finish(end))).await;
    if let Err(panicked) = &finished {
        tracing::error!(%panicked, %peer, "end mqtt connection");
    }
    exchanged.and(finished)
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection<S> {
    /// Detaches the session, publishes the will, announces the end.
    async fn finish(mut self: Box<Self>, end: End) {
        // The client may be gone already, so an error does not matter.
        let _ = timeout(WRITE_TIME, self.stream.shutdown()).await;
        let Some(client) = self.client.take() else {
            return;
        };
        let inner = &self.broker.inner;
        let now_ms = inner.clock.now_ms();
        let remainder = client.session.detach(&client.link, now_ms);
        self.broker.settle(remainder, client.id());
        self.broker
            .note_ended(client.id(), client.number, end.reason());
        inner.events.emit(EventKind::Disconnected {
            client: client.id().to_owned(),
            reason: end.reason().to_owned(),
        });
        if end.has_will()
            && let Some(will) = client.will.clone()
        {
            self.broker.publish(Message {
                topic: will.topic,
                payload: will.payload.into(),
                qos: will.qos,
                retain: will.retain,
                expires_at_ms: expires_at_ms(will.expiry_s, now_ms),
                properties: will.properties,
                origin: client.origin(),
                is_will: true,
            });
        }
        self.broker.announce_disconnected(&client, end);
    }
}
