//! Keep-alive, with seconds of two milliseconds.

use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use tokio::io::DuplexStream;
use tokio::sync::mpsc::UnboundedReceiver;

use super::*;
use crate::clock::Clock;
use crate::event::EventBus;
use crate::fault::Faults;
use crate::registry::{Registry, Setting};

const SHORT_SECOND: Duration = Duration::from_millis(2);
/// 1.5 times the 30 s that are the least.
const PATIENCE: Duration = Duration::from_millis(90);
const DEADLINE: Duration = Duration::from_secs(20);

/// A client that asked for a keep-alive of one second, and what the broker publishes.
async fn connect(version: u8) -> (DuplexStream, UnboundedReceiver<Arc<Message>>) {
    let setting = Setting {
        region: "us-east-1".to_owned(),
        account: "123456789012".to_owned(),
        data_dir: None,
        policies: std::collections::BTreeMap::from([(
            "all".to_owned(),
            json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
        )]),
    };
    let registry = Registry::open(setting, Clock).unwrap();
    let certificate = registry.create_keys_and_certificate().unwrap();
    registry.attach_policy("all", &certificate.arn).unwrap();
    let der = CertificateDer::from_pem_slice(certificate.pem.as_bytes()).unwrap();
    let events = EventBus::new(Clock);
    let faults = Faults::new(Vec::new(), 1, events.clone());
    let broker = Broker::new(registry, events, Clock, Arc::new(faults));
    let published = broker.tap();
    let (mut client, server) = tokio::io::duplex(4096);
    let peer = ([127, 0, 0, 1], 1).into();
    tokio::spawn(serve_with(broker, server, der.to_vec(), peer, SHORT_SECOND));
    let (hello, length): (&[u8], _) = match version {
        5 => (b"\x10\x0e\0\x04MQTT\x05\x02\0\x01\0\0\x01c", 2),
        _ => (b"\x10\x0d\0\x04MQTT\x04\x02\0\x01\0\x01c", 2),
    };
    client.write_all(hello).await.unwrap();
    let mut head = [0; 2];
    client.read_exact(&mut head[..length]).await.unwrap();
    assert_eq!(head[0], 0x20);
    let mut rest = vec![0; usize::from(head[1])];
    client.read_exact(&mut rest).await.unwrap();
    (client, published)
}

async fn reason(published: &mut UnboundedReceiver<Arc<Message>>) -> String {
    loop {
        let message = timeout(DEADLINE, published.recv()).await.unwrap().unwrap();
        if message.topic == "$aws/events/presence/disconnected/c" {
            let body: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
            return body["disconnectReason"].as_str().unwrap().to_owned();
        }
    }
}

// AWS same(broker): a client that is silent for 1.5 keep-alives is given up with MQTT_KEEP_ALIVE_TIMEOUT, in MQTT 5 with 0x8D
#[tokio::test]
async fn a_silent_client_is_given_up() {
    for version in [4, 5] {
        let start = Instant::now();
        let (mut client, mut published) = connect(version).await;
        let mut last = Vec::new();
        let read = client.read_to_end(&mut last);
        timeout(DEADLINE, read).await.unwrap().unwrap();
        assert!(start.elapsed() >= PATIENCE, "{:?}", start.elapsed());
        let expected: &[u8] = if version == 5 { &[0xE0, 1, 0x8D] } else { &[] };
        assert_eq!(&last[..expected.len().min(last.len())], expected);
        assert_eq!(reason(&mut published).await, "MQTT_KEEP_ALIVE_TIMEOUT");
    }
}

// AWS same(broker): PUBLISH, SUBSCRIBE, PINGREQ and PUBACK keep a connection alive, UNSUBSCRIBE does not
#[tokio::test]
async fn only_some_packets_keep_a_connection_alive() {
    for (case, packet, answer_bytes, lives) in [
        ("PINGREQ", &b"\xc0\0"[..], 2, true),
        ("PUBLISH", b"\x32\x06\0\x01a\0\x07x", 4, true),
        ("SUBSCRIBE", b"\x82\x06\0\x09\0\x01b\x01", 5, true),
        ("UNSUBSCRIBE", b"\xa2\x05\0\x09\0\x01b", 4, false),
    ] {
        let (mut client, _published) = connect(4).await;
        let start = Instant::now();
        let mut ended = false;
        let mut pace = tokio::time::interval(SHORT_SECOND * 8);
        while !ended && start.elapsed() < PATIENCE * 3 {
            let mut answer = vec![0; answer_bytes];
            ended = client.write_all(packet).await.is_err()
                || client.read_exact(&mut answer).await.is_err();
            pace.tick().await;
        }
        assert_eq!(!ended, lives, "{case}");
    }
}
