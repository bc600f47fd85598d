//! A request to the database, with its body parsed once.
//!
//! Must not know: the rights that it needs, and how it is answered.

use std::sync::Arc;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use serde_json::Value;

use super::translate;
use super::wire::REQUEST_BYTES_MAX;

const TARGET: &str = "DynamoDB_20120810.";
const AWS_JSON: &str = "application/x-amz-json-1.0";
const JSON: &str = "application/json";

/// A request, whole.
pub struct Request {
    parts: Parts,
    bytes: Bytes,
    /// The operation that it names; empty if it names none.
    pub operation: String,
    /// The body; `None` if it is not JSON.
    pub body: Option<Arc<Value>>,
}

impl Request {
    /// Reads a request to its end; `None` if it ends early.
    pub async fn read(request: extract::Request) -> Option<Self> {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, REQUEST_BYTES_MAX).await.ok()?;
        Some(Self {
            operation: operation(&parts.headers).unwrap_or_default().to_owned(),
            body: serde_json::from_slice(&bytes).ok().map(Arc::new),
            parts,
            bytes,
        })
    }

    /// The type of content that the answer has, if the request is an ordinary one: its headers,
    /// method and path are those that every SDK sends.
    pub fn ordinary_type(&self) -> Option<HeaderValue> {
        let Parts {
            method,
            uri,
            headers,
            ..
        } = &self.parts;
        let target = headers.get("x-amz-target")?.to_str().ok()?;
        let is_ordinary = method == Method::POST
            && uri.path() == "/"
            && uri.query().is_none()
            && !headers.contains_key(ORIGIN)
            && target.strip_prefix(TARGET) == Some(self.operation.as_str());
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let kind = match kind {
            AWS_JSON => AWS_JSON,
            JSON => JSON,
            _ => return None,
        };
        is_ordinary.then_some(HeaderValue::from_static(kind))
    }

    /// The number of items that a transaction changes; `None` if this is not a transaction.
    pub fn transaction_items(&self) -> Option<usize> {
        if self.operation != "TransactWriteItems" {
            return None;
        }
        self.body.as_ref()?["TransactItems"]
            .as_array()
            .map(Vec::len)
    }

    /// The same request to the database's server on `authority`, with its name of a shard.
    ///
    /// # Errors
    /// The authority and the path are not an address.
    pub fn to_server(&self, authority: &str) -> Result<extract::Request, axum::http::Error> {
        let path = self.parts.uri.path_and_query();
        let path = path.map_or("/", |path| path.as_str());
        let uri = Uri::builder()
            .scheme("http")
            .authority(authority)
            .path_and_query(path)
            .build()?;
        let body = self.body.as_ref();
        let translated = body.and_then(|body| translate::translate_request(&self.operation, body));
        let mut request = extract::Request::new(Body::empty());
        *request.method_mut() = self.parts.method.clone();
        *request.uri_mut() = uri;
        *request.headers_mut() = self.parts.headers.clone();
        if translated.is_some() {
            // The connection to the server counts the length again.
            request.headers_mut().remove(CONTENT_LENGTH);
        }
        *request.body_mut() = Body::from(translated.unwrap_or_else(|| self.bytes.clone()));
        Ok(request)
    }
}

/// The operation that a request names.
fn operation(headers: &HeaderMap) -> Option<&str> {
    let target = headers.get("x-amz-target")?.to_str().ok()?;
    target.rsplit_once('.').map(|(_, operation)| operation)
}
