//! The handshake of MQTT over WebSocket: an HTTP request with a signature.
//!
//! Must not know: frames, MQTT.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::broker::Broker;
use crate::caller::Caller;
use crate::guard::Service;
use aws_sigv4_verify::{Request, SignatureError};

const HEAD_BYTES_MAX: usize = 16 * 1024;
/// Source: RFC 6455, section 1.3.
const KEY_SUFFIX: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// Source: AWS IoT Core developer guide, "MQTT over the WebSocket protocol".
const PATH: &str = "/mqtt";
const SUBPROTOCOL: &str = "mqtt";

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("the client left, or did not speak HTTP: without a certificate MQTT begins there")]
    NotHttp,
    #[error("{0}")]
    Request(&'static str),
    #[error("{0}")]
    Signature(SignatureError),
}

/// A request's first line and headers.
struct Head {
    method: String,
    target: String,
    headers: HeaderMap,
}

/// Reads and answers the request. Returns who signed it, and the bytes that came after it.
pub async fn shake(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    broker: &Broker,
) -> Result<(Caller, Vec<u8>), Refusal> {
    let (head, rest) = read(stream).await?;
    match judge(&head, broker) {
        Ok((caller, answer)) => {
            let written = stream.write_all(answer.as_bytes()).await;
            written.map_err(|_| Refusal::NotHttp)?;
            stream.flush().await.map_err(|_| Refusal::NotHttp)?;
            Ok((caller, rest))
        }
        Err(refusal) => {
            // The client may be gone already, so an error does not matter.
            let _ = stream.write_all(refusal.answer().as_bytes()).await;
            let _ = stream.shutdown().await;
            Err(refusal)
        }
    }
}

async fn read(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
) -> Result<(Head, Vec<u8>), Refusal> {
    let mut bytes = Vec::new();
    let end = loop {
        let read = stream.read_buf(&mut bytes).await;
        // Any other first byte is not HTTP: an MQTT client waits for its answer.
        let is_http = bytes.first().is_some_and(u8::is_ascii_uppercase);
        if !is_http || matches!(read, Ok(0) | Err(_)) || bytes.len() > HEAD_BYTES_MAX {
            return Err(Refusal::NotHttp);
        }
        let found = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(at) = found {
            break at;
        }
    };
    let rest = bytes.split_off(end + 4);
    let text = String::from_utf8(bytes).map_err(|_| Refusal::NotHttp)?;
    let head = parse(&text).ok_or(Refusal::NotHttp)?;
    Ok((head, rest))
}

fn parse(text: &str) -> Option<Head> {
    let mut lines = text.trim_end().split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':')?;
        let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value.trim()).ok()?);
    }
    Some(Head {
        method,
        target,
        headers,
    })
}

/// Who signed the request, and the answer that begins the frames.
fn judge(head: &Head, broker: &Broker) -> Result<(Caller, String), Refusal> {
    let (path, query) = head.target.split_once('?').unwrap_or((&head.target, ""));
    if path != PATH {
        return Err(Refusal::Request("the path is /mqtt, and nothing else"));
    }
    let has = |name: &str, word: &str| {
        let values = head.headers.get_all(name).iter();
        let texts = values.filter_map(|value| value.to_str().ok());
        texts
            .flat_map(|text| text.split(','))
            .any(|text| text.trim().eq_ignore_ascii_case(word))
    };
    let key = head.headers.get("sec-websocket-key");
    let (Some(key), true, true, "GET") = (
        key,
        has("upgrade", "websocket"),
        has("sec-websocket-version", "13"),
        head.method.as_str(),
    ) else {
        let message = "GET with Upgrade: websocket, version 13, expected";
        return Err(Refusal::Request(message));
    };
    if !has("sec-websocket-protocol", SUBPROTOCOL) {
        return Err(Refusal::Request("the subprotocol mqtt is missing"));
    }
    let signed = Request {
        method: &head.method,
        path,
        query,
        headers: &head.headers,
        body: b"",
    };
    let names = Service::MqttOverWebSocket.signing_names();
    let users = broker.users();
    let users = users.ok_or(Refusal::Request("no access keys are known here"))?;
    let caller = users.callers.authenticate_handshake(&signed, names);
    let caller = caller.map_err(Refusal::Signature)?;
    let mut accepted = key.as_bytes().to_vec();
    accepted.extend_from_slice(KEY_SUFFIX.as_bytes());
    let accepted = STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &accepted));
    let answer = format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: {accepted}\r\nSec-WebSocket-Protocol: {SUBPROTOCOL}\r\n\r\n"
    );
    Ok((caller, answer))
}

impl Refusal {
    fn answer(&self) -> String {
        let status = match self {
            Self::NotHttp => return String::new(),
            Self::Request(_) => "400 Bad Request",
            Self::Signature(_) => "403 Forbidden",
        };
        let trace = uuid::Uuid::new_v4().to_string();
        let body = serde_json::json!({"message": self.to_string(), "traceId": trace}).to_string();
        let length = body.len();
        format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
    }
}
