//! Connections other than MQTT over mutual TLS, and the supported versions of TLS.

use local_cloud::{IssuedCertificate, LocalCloud};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, HandshakeKind, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::mqtt_connect::free;
use crate::raw::{Raw, packet};
use crate::world::{DEADLINE, cloud, tls};

const VERSIONS: [&SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];
/// Of the client `c`, without the fixed header.
const CONNECT: &[u8] = b"\0\x04MQTT\x04\x02\0\x3c\0\x01c";

// AWS same(broker): plain TCP is refused
// AWS same(broker): MQTT without a certificate is refused
// AWS different(broker): AWS requires or recommends the SNI extension; here clients that connect by
//     address and cannot send it are served
#[tokio::test]
async fn only_mqtt_over_mutual_tls_is_served() {
    let cloud = cloud().await;
    let mut plain = TcpStream::connect(cloud.endpoints().mqtts).await.unwrap();
    let connect = packet(0x10, CONNECT);
    plain.write_all(&connect).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(DEADLINE, plain.read_to_end(&mut answer)).await;
    // Reset or closed, but no CONNACK.
    assert!(read.is_ok() && answer.is_empty(), "{answer:?}");

    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(cloud.ca_pem().as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let anonymous = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let socket = TcpStream::connect(cloud.endpoints().mqtts).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connector = TlsConnector::from(std::sync::Arc::new(anonymous));
    // Without a certificate WebSocket is expected.
    let mut stream = connector.connect(name, socket).await.unwrap();
    let _ = stream.write_all(&connect).await;
    let mut answer = Vec::new();
    let read = timeout(DEADLINE, stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok() && answer.is_empty(), "{answer:?}");

    let all = free(&cloud);
    let mut browser = Raw::open(&cloud, &all).await;
    browser
        .send(b"GET /mqtt HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
        .await;
    assert_eq!(browser.packet().await, None);
    cloud.shutdown().await;
}

// AWS same(broker): TLS 1.2 and 1.3 are supported
#[tokio::test]
async fn both_versions_of_tls_are_spoken() {
    let cloud = cloud().await;
    let all = free(&cloud);
    for version in VERSIONS {
        let config = speaking(version, &cloud, &all);
        let mut raw = Raw::open_with(&cloud, config.into()).await;
        raw.send(&packet(0x10, CONNECT)).await;
        assert_eq!(raw.packet().await.unwrap().body, [0, 0], "{version:?}");
    }
    cloud.shutdown().await;
}

/// Sessions to resume would take memory for clients that have long gone.
#[tokio::test]
async fn every_connection_begins_with_a_full_handshake() {
    let cloud = cloud().await;
    let all = free(&cloud);
    for version in VERSIONS {
        let config = std::sync::Arc::new(speaking(version, &cloud, &all));
        for _ in 0..2 {
            let mut raw = Raw::open_with(&cloud, config.clone()).await;
            raw.send(&packet(0x10, CONNECT)).await;
            // A ticket would arrive before it.
            assert_eq!(raw.packet().await.unwrap().body, [0, 0], "{version:?}");
            assert_eq!(raw.handshake(), Some(HandshakeKind::Full), "{version:?}");
        }
    }
    cloud.shutdown().await;
}

fn speaking(
    version: &'static SupportedProtocolVersion,
    cloud: &LocalCloud,
    certificate: &IssuedCertificate,
) -> ClientConfig {
    let like = tls(
        cloud.ca_pem(),
        &certificate.pem,
        &certificate.private_key_pem,
    );
    let mut roots = rustls::RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(cloud.ca_pem().as_bytes()).unwrap();
    roots.add(ca).unwrap();
    ClientConfig::builder_with_provider(like.crypto_provider().clone())
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_client_cert_resolver(like.client_auth_cert_resolver.clone())
}
