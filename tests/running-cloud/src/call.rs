//! A signed call of a service with the AWS JSON protocol, on a connection of its own.
//!
//! Must not know: which service.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use aws_sigv4_verify::{Request, authorization};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Sends `body` to `url` and reads the answer. `key` is the id and the secret, `place` the region
/// and the service of the signature.
///
/// # Errors
/// The service does not answer, or refuses.
pub async fn send(
    url: &str,
    target: &str,
    body: &Value,
    key: (&str, &str),
    place: (&str, &str),
) -> Result<Value> {
    let host = url.trim_start_matches("http://").trim_end_matches('/');
    let now_s = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let now = jiff::Timestamp::from_second(i64::try_from(now_s)?)?;
    let now = now.strftime("%Y%m%dT%H%M%SZ").to_string();
    let body = body.to_string();
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", host),
        ("x-amz-date", &now),
        ("x-amz-target", target),
        ("content-type", "application/x-amz-json-1.0"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value)?);
    }
    let request = Request {
        method: "POST",
        path: "/",
        query: "",
        headers: &headers,
        body: body.as_bytes(),
    };
    let signed = authorization(&request, key, place);
    let mut text = format!("POST / HTTP/1.1\r\nauthorization: {signed}\r\nconnection: close\r\n");
    for (name, value) in &headers {
        text += &format!("{name}: {}\r\n", value.to_str()?);
    }
    text += &format!("content-length: {}\r\n\r\n{body}", body.len());
    let mut stream = TcpStream::connect(host).await.context("connect")?;
    let sent = stream.write_all(text.as_bytes()).await;
    sent.context("send the request")?;
    let mut answer = String::new();
    let read = stream.read_to_string(&mut answer).await;
    read.context("read the answer")?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .context("the answer has no end of its head")?;
    ensure!(head.starts_with("HTTP/1.1 200"), "{answer}");
    serde_json::from_str(body).with_context(|| format!("read {body}"))
}
