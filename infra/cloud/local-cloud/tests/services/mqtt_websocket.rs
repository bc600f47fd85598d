//! MQTT over WebSocket with a signed handshake, and the protocols that a client selects by ALPN.

use std::sync::Arc;

use local_cloud::LocalCloud;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::mqtt_connect::free;
use crate::world::{DEADLINE, cloud, tls};

/// CONNECT of the client `c`, MQTT 3.1.1.
const CONNECT: &[u8] = b"\x10\x0d\0\x04MQTT\x04\x02\0\x3c\0\x01c";
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
/// The answer to [`KEY`]. Source: RFC 6455, section 1.3.
const ACCEPTED: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const BINARY: u8 = 0x82;
const MASK: [u8; 4] = [1, 2, 3, 4];

type Keys<'a> = (&'a str, &'a str, &'a str);

/// A secure channel without a certificate, with these protocols in ALPN.
async fn open(cloud: &LocalCloud, alpn: &[&str]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    let ca = CertificateDer::from_pem_slice(cloud.ca_pem().as_bytes()).unwrap();
    roots.add(ca).unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let mut config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    connect(cloud, config).await.unwrap()
}

async fn connect(
    cloud: &LocalCloud,
    config: ClientConfig,
) -> std::io::Result<TlsStream<TcpStream>> {
    let socket = TcpStream::connect(cloud.endpoints().mqtts).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, socket)
        .await
}

/// A handshake signed with these keys (id, secret, session token).
fn handshake(target: &str, headers: &str, (key, secret, token): Keys<'_>) -> String {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let date = aws_sigv4_verify::amz_date(since_epoch.unwrap().as_secs());
    let mut signed = format!("host: localhost\r\nx-amz-date: {date}\r\n");
    if !token.is_empty() {
        signed += &format!("x-amz-security-token: {token}\r\n");
    }
    let names = signed.lines().map(|line| {
        let (name, value) = line.split_once(": ").unwrap();
        let name = axum::http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, value.parse().unwrap())
    });
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let request = aws_sigv4_verify::Request {
        method: "GET",
        path,
        query,
        headers: &names.collect(),
        body: b"",
    };
    let scope = ("us-east-1", "iotdevicegateway");
    let authorization = aws_sigv4_verify::authorization(&request, (key, secret), scope);
    format!(
        "GET {target} HTTP/1.1\r\n{signed}Authorization: {authorization}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: {KEY}\r\n{headers}\r\n"
    )
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let length = 0x80 | u8::try_from(payload.len()).unwrap();
    let mut frame = vec![first, length];
    frame.extend(MASK);
    let masked = payload.iter().zip(MASK.iter().cycle());
    frame.extend(masked.map(|(byte, mask)| byte ^ mask));
    frame
}

async fn read(stream: &mut TlsStream<TcpStream>, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    let read = timeout(DEADLINE, stream.read_exact(&mut bytes)).await;
    read.expect("an answer in time").unwrap();
    bytes
}

/// The answer to a handshake.
async fn head_of_answer(stream: &mut TlsStream<TcpStream>) -> String {
    let mut answer = String::new();
    while !answer.ends_with("\r\n\r\n") {
        answer.push(char::from(read(stream, 1).await[0]));
    }
    answer
}

/// Everything until the end.
async fn rest(stream: &mut TlsStream<TcpStream>) -> String {
    let mut bytes = Vec::new();
    // A client that breaks the rules may be cut off without TLS's own goodbye.
    let _ = timeout(DEADLINE, stream.read_to_end(&mut bytes))
        .await
        .expect("an end in time");
    String::from_utf8_lossy(&bytes).into_owned()
}

const MQTT: &str = "Sec-WebSocket-Protocol: mqtt\r\n";

// AWS same(broker): MQTT over WebSocket at /mqtt with Signature Version 4; IAM policies of the
//     caller apply; the handshake is refused with 403 for a wrong signature
#[tokio::test]
async fn a_signed_handshake_opens_mqtt_over_websocket() {
    let cloud = cloud().await;
    let operator = cloud.credentials();
    let keys = (
        operator.access_key_id.as_str(),
        operator.secret_access_key.as_str(),
        "",
    );
    let mut stream = open(&cloud, &[]).await;
    let head = handshake("/mqtt", MQTT, keys);
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = head_of_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    let lower = answer.to_lowercase();
    let names_mqtt = lower.contains(&MQTT.to_lowercase());
    assert!(names_mqtt && answer.contains(ACCEPTED), "{answer}");

    // A packet in two frames, with a ping between them.
    let (first, second) = CONNECT.split_at(5);
    for bytes in [frame(0x02, first), frame(0x89, b"?"), frame(0x80, second)] {
        stream.write_all(&bytes).await.unwrap();
    }
    assert_eq!(read(&mut stream, 3).await, *b"\x8a\x01?");
    assert_eq!(read(&mut stream, 6).await, [BINARY, 4, 0x20, 2, 0, 0]);
    // SUBSCRIBE to a/b, then PUBLISH to it.
    let subscribe = frame(BINARY, b"\x82\x08\0\x01\0\x03a/b\0");
    stream.write_all(&subscribe).await.unwrap();
    assert_eq!(read(&mut stream, 7).await, [BINARY, 5, 0x90, 3, 0, 1, 0]);
    stream
        .write_all(&frame(BINARY, b"\x30\x07\0\x03a/bhi"))
        .await
        .unwrap();
    assert_eq!(read(&mut stream, 11).await, *b"\x82\x09\x30\x07\0\x03a/bhi");
    stream.write_all(&frame(0x88, &[3, 232])).await.unwrap();
    assert_eq!(read(&mut stream, 4).await, [0x88, 2, 3, 232]);
    assert_eq!(rest(&mut stream).await, "");

    // The function's role may publish, and not connect.
    let function = cloud.credentials_of("echo").unwrap();
    let keys_of_function = (
        function.access_key_id.as_str(),
        function.secret_access_key.as_str(),
        function.session_token.as_str(),
    );
    let mut stream = open(&cloud, &["http/1.1"]).await;
    let head = handshake("/mqtt", MQTT, keys_of_function);
    stream.write_all(head.as_bytes()).await.unwrap();
    let answer = head_of_answer(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer}");
    stream.write_all(&frame(BINARY, CONNECT)).await.unwrap();
    let answer = rest(&mut stream).await;
    assert!(answer.contains("\u{20}\u{2}\u{0}\u{5}"), "{answer:?}");

    let wrong = (keys.0, "wrong", "");
    for (target, headers, keys, status) in [
        ("/mqtt", MQTT, wrong, "403"),
        ("/mqtt", MQTT, ("AKIDNOBODY", keys.1, ""), "403"),
        ("/other", MQTT, keys, "400"),
        ("/mqtt", "", keys, "400"),
        ("/mqtt", "Sec-WebSocket-Protocol: stomp\r\n", keys, "400"),
    ] {
        let mut stream = open(&cloud, &[]).await;
        let head = handshake(target, headers, keys);
        stream.write_all(head.as_bytes()).await.unwrap();
        let answer = rest(&mut stream).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{target}: {answer}"
        );
    }
    cloud.shutdown().await;
}

// AWS same(broker): one port serves MQTT with a certificate and WebSocket; ALPN x-amzn-mqtt-ca
//     selects the one, http/1.1 the other
// AWS different(broker): AWS has a port for clients without ALPN (8883) and one for others (443);
//     here without ALPN a certificate decides, and a client without one speaks WebSocket
// AWS absent(broker): custom authentication (ALPN mqtt) and HTTPS with client certificates (ALPN
//     x-amzn-http-ca); the one is cut off, the other fails in the handshake
#[tokio::test]
async fn a_client_selects_its_protocol_by_alpn() {
    let cloud = cloud().await;
    let all = free(&cloud);
    for (alpn, has_certificate, is_served) in [
        (&["x-amzn-mqtt-ca"][..], true, true),
        (&["h2", "x-amzn-mqtt-ca"], true, true),
        (&[], true, true),
        (&["x-amzn-mqtt-ca"], false, false),
        (&[], false, false),
        (&["http/1.1"], true, false),
        (&["mqtt"], true, false),
    ] {
        let mut stream = if has_certificate {
            let config = tls(cloud.ca_pem(), &all.pem, &all.private_key_pem);
            let mut config = Arc::unwrap_or_clone(config);
            config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
            connect(&cloud, config).await.unwrap()
        } else {
            open(&cloud, alpn).await
        };
        // The cloud may have closed the connection already.
        let _ = stream.write_all(CONNECT).await;
        if is_served {
            assert_eq!(read(&mut stream, 4).await, [0x20, 2, 0, 0], "{alpn:?}");
        } else {
            assert_eq!(rest(&mut stream).await, "", "{alpn:?} {has_certificate}");
        }
    }
    let config = tls(cloud.ca_pem(), &all.pem, &all.private_key_pem);
    let mut config = Arc::unwrap_or_clone(config);
    config.alpn_protocols = vec![b"x-amzn-http-ca".to_vec()];
    assert!(connect(&cloud, config).await.is_err());
    cloud.shutdown().await;
}
