//! `GET /alarms`: every alarm with its state as JSON, for a console or a test in another process.
//!
//! AWS has no such call. It needs no signature.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::{AlarmStatus, Alarms};

/// Routes `/alarms`.
pub(crate) fn router(alarms: Alarms) -> Router {
    Router::new().route("/alarms", get(all)).with_state(alarms)
}

async fn all(State(alarms): State<Alarms>) -> Json<Vec<AlarmStatus>> {
    Json(alarms.all())
}
