//! Faults for the page: the kinds by name, those armed, the journal; arming one and ending it.
//!
//! Must not know: how a fault strikes.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use local_cloud::Fault;
use serde::Deserialize;
use serde_json::Value;

use super::{Console, refusal};

/// `GET /api/faults`: `{"kinds":[…],"notes":"…","armed":[…],"journal":[…]}`.
pub async fn all(State(console): State<Console>) -> Json<Value> {
    Json(console.injector.all())
}

/// `{"fault":"drop:remote-lock/+@1"}`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Body {
    fault: String,
}

/// `POST /api/faults`: arms one more fault, as `--fault` does; its occurrences count, and its times
/// run, from this moment.
pub async fn arm(State(console): State<Console>, Json(Body { fault }): Json<Body>) -> Response {
    let armed = match fault.trim().parse::<Fault>() {
        Ok(fault) => console.injector.arm(fault),
        Err(error) => return refusal(StatusCode::BAD_REQUEST, error.to_string()),
    };
    match armed {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(StatusCode::BAD_REQUEST, format!("{error:#}")),
    }
}

/// `POST /api/faults/end`: ends one, as it is written in the list of those armed.
pub async fn end(State(console): State<Console>, Json(Body { fault }): Json<Body>) -> Response {
    if console.injector.end(&fault) {
        return StatusCode::NO_CONTENT.into_response();
    }
    let error = format!("{fault:?} is not armed: it has struck as often as it can, or was ended");
    refusal(StatusCode::NOT_FOUND, error)
}
