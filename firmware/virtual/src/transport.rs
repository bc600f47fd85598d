//! How a device connects: TLS 1.2 with its certificate, or plain text.
//!
//! Must not know: MQTT.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use rumqttc_v4::{TlsConfiguration, Transport};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

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
