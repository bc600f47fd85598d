//! How a device connects: TLS 1.2 with its certificate, or plain text; and the MQTT client of a
//! device that lives in this process.
//!
//! Must not know: topics and messages.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rumqttc_v4::{
    AsyncClient, EventLoop, MqttOptions, NetworkOptions, TlsConfiguration, Transport,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// `mqtt.keep_alive` of mos.yml's platform, in seconds.
const KEEP_ALIVE_S: u16 = 60;
/// Longest time for TCP, TLS and CONNACK; generous, since a busy machine may run all devices.
const CONNECT_S: u64 = 60;

/// Makes the client of a thing, with a clean session. `queue` is the number of requests that may
/// wait for the connection, which the first poll of the event loop opens.
pub fn make_client(
    thing: &str,
    broker: (&str, u16),
    transport: Transport,
    queue: usize,
) -> (AsyncClient, EventLoop) {
    let mut options = MqttOptions::new(thing, broker);
    options
        .set_keep_alive(KEEP_ALIVE_S)
        .set_clean_session(true)
        .set_transport(transport);
    let (client, mut events) = AsyncClient::builder(options).capacity(queue).build();
    let mut network = NetworkOptions::new();
    network
        .set_connection_timeout(CONNECT_S)
        .set_tcp_nodelay(true);
    events.set_network_options(network);
    (client, events)
}

/// Makes the transport for a CA bundle, a client certificate and its key, as paths of PEM files;
/// empty is none. Without TLS settings the connection is plain text, and a client certificate
/// without a CA is refused, both as in Mongoose OS.
///
/// # Errors
/// The settings are incomplete, or one of the files cannot be read.
pub fn make_transport([ca, cert, key]: &[String; 3]) -> Result<Transport> {
    if ca.is_empty() && cert.is_empty() {
        return Ok(Transport::tcp());
    }
    if ca.is_empty() {
        bail!("mqtt.ssl_cert is set without mqtt.ssl_ca_cert");
    }
    let mut roots = rustls::RootCertStore::empty();
    for root in read_certificates(ca)? {
        roots
            .add(root)
            .with_context(|| format!("use root certificate of {ca}"))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS12])
        .context("choose TLS 1.2")?
        .with_root_certificates(roots);
    let config = if cert.is_empty() {
        builder.with_no_client_auth()
    } else {
        let key = PrivateKeyDer::from_pem_file(Path::new(key))
            .with_context(|| format!("read private key {key}"))?;
        builder
            .with_client_auth_cert(read_certificates(cert)?, key)
            .context("use client certificate")?
    };
    Ok(Transport::tls_with_config(TlsConfiguration::Rustls(
        Arc::new(config),
    )))
}

fn read_certificates(file: &str) -> Result<Vec<CertificateDer<'static>>> {
    CertificateDer::pem_file_iter(Path::new(file))
        .and_then(Iterator::collect)
        .with_context(|| format!("read certificates {file}"))
}
