//! A proxy between a client and its table that records each call, and how many items the table
//! read for it, and that can refuse one operation.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::message::read_message;

/// A call and its cost.
#[derive(Debug, Clone)]
pub struct Call {
    /// The name of the operation: `Query`.
    pub operation: String,
    /// The body of the request.
    pub request: Value,
    /// Items that the table read: DynamoDB charges for each, even if a filter removes it from the
    /// answer.
    pub looked_at: usize,
}

/// A proxy of a table that keeps every call.
#[derive(Clone)]
pub struct Counter {
    /// The address that it listens on.
    pub address: SocketAddr,
    table: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    refused: Arc<Mutex<Option<&'static str>>>,
}

impl Counter {
    /// Starts a proxy in front of `table`, which runs as long as the test's runtime.
    pub async fn start(table: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let counter = Self {
            address: listener.local_addr().unwrap(),
            table,
            calls: Arc::default(),
            refused: Arc::default(),
        };
        let serving = counter.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        counter
    }

    /// The calls since the last `take`.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// Refuses every later call of `operation`, or no call.
    pub fn refuse(&self, operation: Option<&'static str>) {
        *self.refused.lock().unwrap() = operation;
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while let Some((head, body)) = read_message(&mut stream, &mut bytes).await {
            let refused = *self.refused.lock().unwrap();
            if refused == Some(operation(&head)) {
                stream.write_all(REFUSAL.as_bytes()).await.unwrap();
                continue;
            }
            let mut table = TcpStream::connect(self.table).await.unwrap();
            table.write_all(head.as_bytes()).await.unwrap();
            table.write_all(&body).await.unwrap();
            let answer = read_message(&mut table, &mut Vec::new()).await.unwrap();
            self.note(&head, &body, &answer.1);
            stream.write_all(answer.0.as_bytes()).await.unwrap();
            stream.write_all(&answer.1).await.unwrap();
        }
    }

    fn note(&self, head: &str, request: &[u8], answer: &[u8]) {
        let answer: Value = serde_json::from_slice(answer).unwrap();
        let batches = answer["Responses"].as_object().into_iter().flatten();
        let batched: usize = batches
            .map(|(_, items)| items.as_array().unwrap().len())
            .sum();
        let single = usize::from(answer["Item"].is_object());
        let scanned = answer["ScannedCount"].as_u64().unwrap_or_default() as usize;
        self.calls.lock().unwrap().push(Call {
            operation: operation(head).to_owned(),
            request: serde_json::from_slice(request).unwrap(),
            looked_at: scanned + batched + single,
        });
    }
}

/// The answer to a refused call.
const REFUSAL: &str = concat!(
    "HTTP/1.1 400 -\r\ncontent-length: 34\r\n\r\n",
    r#"{"__type":"AccessDeniedException"}"#
);

/// The operation of a request: `Query` in `x-amz-target: DynamoDB_20120810.Query`.
fn operation(head: &str) -> &str {
    let target = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("x-amz-target").then_some(value)
    });
    let operation = target.and_then(|target| target.rsplit_once('.')).unwrap().1;
    operation.trim()
}
