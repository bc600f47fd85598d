//! An HTTP server in place of the data plane. It keeps what is published, and can be made to fail.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::message::read_message;

/// The server, and the messages that were published to it.
#[derive(Clone)]
pub struct Broker {
    /// The address that it listens on.
    pub address: SocketAddr,
    status: Arc<AtomicU16>,
    published: Arc<Mutex<Vec<(String, Value)>>>,
    shadow: Arc<Mutex<Option<Value>>>,
    kept: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

/// Whether a publish asks the broker to keep the message.
fn is_kept(target: &str) -> bool {
    target.contains("retain=true")
}

impl Broker {
    /// Starts the server, which runs as long as the test's runtime.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let broker = Self {
            address: listener.local_addr().unwrap(),
            status: Arc::new(AtomicU16::new(200)),
            published: Arc::default(),
            shadow: Arc::default(),
            kept: Arc::default(),
        };
        let serving = broker.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        broker
    }

    /// Answers every later publish with `status`.
    pub fn answer(&self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
    }

    /// Answers every later `GetThingShadow` with `shadow`.
    pub fn hold_shadow(&self, shadow: Value) {
        *self.shadow.lock().unwrap() = Some(shadow);
    }

    /// The messages published since the last call, each with its target.
    pub fn take(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.published.lock().unwrap())
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while let Some((head, body)) = read_message(&mut stream, &mut bytes).await {
            let (status, answer) = self.answer_to(head.lines().next().unwrap(), &body);
            let answer = format!(
                "HTTP/1.1 {status} -\r\ncontent-length: {}\r\n\r\n{answer}",
                answer.len()
            );
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    fn answer_to(&self, request: &str, body: &[u8]) -> (u16, String) {
        let target = request.split(' ').nth(1).unwrap().replace("%2F", "/");
        if let Some(topic) = target.strip_prefix("/retainedMessage/") {
            let kept = self.kept.lock().unwrap().get(topic).cloned();
            return match kept {
                Some(text) => {
                    let payload = BASE64.encode(text);
                    (
                        200,
                        json!({"topic": topic, "payload": payload, "qos": 1}).to_string(),
                    )
                }
                None => (404, "{\"message\":\"No retained message\"}".to_owned()),
            };
        }
        if request.starts_with("GET ") {
            return match &*self.shadow.lock().unwrap() {
                Some(shadow) => (200, shadow.to_string()),
                None => (
                    404,
                    "{\"message\":\"No shadow exists with name\"}".to_owned(),
                ),
            };
        }
        let status = self.status.load(Ordering::SeqCst);
        if status == 200 {
            // An empty message, which removes a retained one, is `null` here.
            let message = match body {
                [] => Value::Null,
                body => serde_json::from_slice(body).unwrap(),
            };
            if let Some((topic, _)) = target.split_once('?').filter(|_| is_kept(&target)) {
                let topic = topic.trim_start_matches("/topics/").to_owned();
                let mut kept = self.kept.lock().unwrap();
                match body {
                    [] => kept.remove(&topic),
                    text => kept.insert(topic, text.to_vec()),
                };
            }
            self.published.lock().unwrap().push((target, message));
        }
        (status, "{\"message\":\"OK\"}".to_owned())
    }
}
