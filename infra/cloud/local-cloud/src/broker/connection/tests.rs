//! Keep-alive, the effects of a panic, and the size of an idle connection: without TLS.

mod idle;
mod keep_alive;
mod panic;

use std::sync::Arc;
use tokio::io::AsyncReadExt;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use tokio::io::DuplexStream;
use tokio::sync::mpsc::UnboundedReceiver;

use super::super::message::Message;
use super::serve::serve_with;
use super::*;
use crate::account::Account;
use crate::clock::Clock;
use crate::event::EventBus;
use crate::fault::Faults;
use crate::registry::{Registry, Setting};

const DEADLINE: Duration = Duration::from_secs(60);

/// A broker, and the certificate (DER) of a client with all rights.
fn broker() -> (Broker, Vec<u8>) {
    let setting = Setting {
        account: Account {
            id: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
        },
        data_dir: None,
        policies: std::collections::BTreeMap::from([(
            "all".to_owned(),
            json!({"Version": "2012-10-17",
                "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
        )]),
    };
    let registry = Registry::open(setting, Clock::system()).unwrap();
    let certificate = registry.create_keys_and_certificate().unwrap();
    registry.attach_policy("all", &certificate.arn).unwrap();
    let der = CertificateDer::from_pem_slice(certificate.pem.as_bytes()).unwrap();
    let events = EventBus::new(Clock::system());
    let faults = Faults::new(Vec::new(), 1, events.clone());
    let broker = Broker::new(registry, events, Clock::system(), Arc::new(faults));
    (broker, der.to_vec())
}

fn peer() -> SocketAddr {
    ([127, 0, 0, 1], 1).into()
}

/// The body of the next packet; its first byte must be `first`.
async fn packet(client: &mut DuplexStream, first: u8) -> Vec<u8> {
    let mut head = [0; 2];
    let read = client.read_exact(&mut head);
    timeout(DEADLINE, read).await.unwrap().unwrap();
    assert_eq!(head[0], first);
    let mut body = vec![0; usize::from(head[1])];
    client.read_exact(&mut body).await.unwrap();
    body
}

/// Why the client `c` was disconnected.
async fn reason(published: &mut UnboundedReceiver<Arc<Message>>) -> String {
    loop {
        let message = timeout(DEADLINE, published.recv()).await.unwrap().unwrap();
        if message.topic == "$aws/events/presence/disconnected/c" {
            let body: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
            return body["disconnectReason"].as_str().unwrap().to_owned();
        }
    }
}
