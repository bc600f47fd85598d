//! Who may open MQTT over WebSocket: whoever signs the handshake.
//!
//! Must not know: frames, MQTT.

use axum::http::{Request, Response, StatusCode, header};

use crate::broker::Broker;
use crate::caller::Caller;
use crate::guard::Service;
use aws_sigv4_verify::SignatureError;

/// Source: AWS IoT Core developer guide, "MQTT over the WebSocket protocol".
const PATH: &str = "/mqtt";
pub const SUBPROTOCOL: &str = "mqtt";

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    #[error("{0}")]
    Request(&'static str),
    #[error("{0}")]
    Signature(SignatureError),
}

/// Who signed the request.
pub fn judge(request: &Request<()>, broker: &Broker) -> Result<Caller, Refusal> {
    let (path, query) = (request.uri().path(), request.uri().query());
    if path != PATH {
        return Err(Refusal::Request("the path is /mqtt, and nothing else"));
    }
    let offered = request.headers().get_all(header::SEC_WEBSOCKET_PROTOCOL);
    let offered = offered.iter().filter_map(|value| value.to_str().ok());
    let mut offered = offered.flat_map(|text| text.split(','));
    if !offered.any(|name| name.trim().eq_ignore_ascii_case(SUBPROTOCOL)) {
        return Err(Refusal::Request("the subprotocol mqtt is missing"));
    }
    let signed = aws_sigv4_verify::Request {
        method: request.method().as_str(),
        path,
        query: query.unwrap_or_default(),
        headers: request.headers(),
        body: b"",
    };
    let names = Service::MqttOverWebSocket.signing_names();
    let users = broker.users();
    let users = users.ok_or(Refusal::Request("no access keys are known here"))?;
    let caller = users.callers.authenticate_handshake(&signed, names);
    caller.map_err(Refusal::Signature)
}

impl Refusal {
    /// The answer that ends the handshake.
    pub fn answer(&self) -> Response<Option<String>> {
        let trace = uuid::Uuid::new_v4().to_string();
        let body = serde_json::json!({"message": self.to_string(), "traceId": trace}).to_string();
        let length = body.len();
        let mut answer = Response::new(Some(body));
        *answer.status_mut() = match self {
            Self::Request(_) => StatusCode::BAD_REQUEST,
            Self::Signature(_) => StatusCode::FORBIDDEN,
        };
        let headers = answer.headers_mut();
        let json = header::HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, json);
        headers.insert(header::CONTENT_LENGTH, length.into());
        let close = header::HeaderValue::from_static("close");
        headers.insert(header::CONNECTION, close);
        answer
    }
}
