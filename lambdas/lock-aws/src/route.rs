//! Routes to services: address and shared connector, and connections that are open before a call
//! needs them. Must not know: what is called.
//!
//! A process has one connector, since each one reads the machine's root certificates.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::http::{
    HttpConnector as _, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use lock_core::time::UnixMillis;

use crate::address::Address;

/// Longest wait for a connection, in ms.
pub(crate) const CONNECT_MS: u64 = 1_000;
/// Longest wait for a connection that opens ahead of a call, in ms.
const OPEN_MS: u64 = 1_500;
/// Time between two events after which the connection is opened again, in ms. Services close idle
/// connections, and the connector drops its own after 90 s.
const PAUSE_MS: u64 = 60_000;

/// The way to one service.
#[derive(Debug, Clone)]
pub(crate) struct Route {
    address: Address,
    connector: SharedHttpConnector,
    /// Time of the last event, in ms. 0: none yet, and the connection was not opened at start-up.
    last_event_ms: Arc<AtomicU64>,
}

impl Route {
    /// Routes to these addresses over one connector. Calls nothing.
    pub fn to_all<const N: usize>(addresses: [Address; N]) -> [Self; N] {
        let connector = connector(addresses.iter().any(Address::is_tls));
        addresses.map(|address| Self {
            address,
            connector: connector.clone(),
            last_event_ms: Arc::default(),
        })
    }

    /// The service's address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The route as an SDK client takes it. All clients use the same connections.
    pub fn to_http_client(&self) -> SharedHttpClient {
        let connector = self.connector.clone();
        http_client_fn(move |_, _| connector.clone())
    }

    /// Opens a connection, and leaves it to the next call. Does nothing without TLS, since such a
    /// connection takes almost no time.
    ///
    /// An error is not returned: the call that needs the connection opens another one and reports
    /// its own error.
    pub async fn open(&self) {
        if !self.address.is_tls() {
            return;
        }
        let opened = tokio::time::timeout(Duration::from_millis(OPEN_MS), self.ping());
        if opened.await.is_err() {
            let address = self.address.as_str();
            tracing::warn!("connection to {address} not open within {OPEN_MS} ms");
        }
    }

    /// Opens a connection without being waited for.
    pub fn open_aside(&self) {
        if self.address.is_tls() {
            let route = self.clone();
            tokio::spawn(async move { route.open().await });
        }
    }

    /// Notes an event at `now`. Opens the connection aside if the last one was long ago.
    pub fn note_event(&self, now: UnixMillis) {
        let last_ms = self.last_event_ms.swap(now.0, Ordering::Relaxed);
        if now.0.saturating_sub(last_ms) > PAUSE_MS {
            self.open_aside();
        }
    }

    /// Notes that the connection was opened at `now`.
    pub fn note_opened(&self, now: UnixMillis) {
        self.last_event_ms.store(now.0, Ordering::Relaxed);
    }

    /// Sends `GET /ping`, which is not an API call: DynamoDB answers it, and the data plane refuses
    /// it. The connection stays open whatever the answer is, once the answer is read.
    async fn ping(&self) {
        let mut ping = HttpRequest::new(SdkBody::empty());
        let uri = format!("{}/ping", self.address.origin());
        if ping.set_uri(uri).is_ok()
            && let Ok(answer) = self.connector.call(ping).await
        {
            let _ = ByteStream::new(answer.into_body()).collect().await;
        }
    }
}

/// A connector, without TLS and root certificates if nothing needs them.
fn connector(tls: bool) -> SharedHttpConnector {
    let settings = HttpConnectorSettings::builder();
    let settings = settings.connect_timeout(Duration::from_millis(CONNECT_MS));
    let builder = Connector::builder()
        .connector_settings(settings.build())
        .sleep_impl(TokioSleep::new());
    let ring = Provider::Rustls(CryptoMode::Ring);
    SharedHttpConnector::new(if tls {
        builder.tls_provider(ring).build()
    } else {
        builder.build_http()
    })
}
