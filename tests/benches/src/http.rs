//! The server's side of HTTP/1.1, as far as SDKs and runtimes use it: bodies with a length.
//!
//! Must not know: what is asked.

use anyhow::{Context, Result, bail, ensure};
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

/// Largest number of lines in a request's head.
const HEAD_LINES_MAX: usize = 100;

/// A request as received.
#[derive(Debug, Default)]
pub struct Request {
    pub method: String,
    /// Path, still percent-encoded.
    pub path: String,
    /// Query without its `?`.
    pub query: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Request {
    /// A header's value, empty if it is absent.
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|v| v.to_str().ok());
        value.unwrap_or_default()
    }
}

/// Reads one request; `None` when the client has closed the connection between two.
pub async fn read_request(stream: &mut (impl AsyncBufRead + Unpin)) -> Result<Option<Request>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
        return Ok(None);
    }
    let mut words = line.split_whitespace();
    let method = words
        .next()
        .context("the request has no method")?
        .to_owned();
    let target = words.next().context("the request has no target")?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        ..Request::default()
    };
    for _ in 0..HEAD_LINES_MAX {
        let mut line = String::new();
        stream.read_line(&mut line).await.context("read a header")?;
        let line = line.trim_end();
        if line.is_empty() {
            request.body = read_body(stream, &request).await?;
            return Ok(Some(request));
        }
        let (name, value) = line.split_once(':').context("a header has no colon")?;
        let name = HeaderName::from_bytes(name.as_bytes())?;
        let value = HeaderValue::from_str(value.trim())?;
        request.headers.append(name, value);
    }
    bail!("the request has too many headers")
}

async fn read_body(stream: &mut (impl AsyncBufRead + Unpin), request: &Request) -> Result<Vec<u8>> {
    let encoding = request.header("transfer-encoding");
    ensure!(encoding.is_empty(), "a body without a length: {encoding}");
    let length = match request.header("content-length") {
        "" => 0,
        length => length.parse().context("read the body's length")?,
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.context("read a body")?;
    Ok(body)
}

/// Writes an answer in one piece.
pub async fn write_answer(
    stream: &mut (impl AsyncWrite + Unpin),
    status: u16,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<()> {
    let mut answer = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    answer.push_str("\r\n");
    let mut answer = answer.into_bytes();
    answer.extend_from_slice(body);
    stream.write_all(&answer).await.context("write an answer")?;
    stream.flush().await.context("write an answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_request_is_read_up_to_its_length() {
        let mut text: &[u8] =
            b"POST /topics/a%2Fb?qos=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}GET";
        let request = read_request(&mut text).await.unwrap().unwrap();
        let line = (request.method, request.path, request.query, request.body);
        let wanted = ("POST", "/topics/a%2Fb", "qos=1", b"{}".to_vec());
        assert_eq!(
            (line.0.as_str(), line.1.as_str(), line.2.as_str(), line.3),
            wanted
        );
        assert_eq!(text, b"GET");
    }

    #[tokio::test]
    async fn a_body_without_a_length_is_refused() {
        let mut text: &[u8] = b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n";
        let error = read_request(&mut text).await.unwrap_err();
        assert_eq!(error.to_string(), "a body without a length: chunked");
        assert!(read_request(&mut &b""[..]).await.unwrap().is_none());
    }
}
