//! `GET /metrics`: every metric as JSON, for a console or a test in another process.
//!
//! AWS has no such call. The page holds nothing secret and needs no signature.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::{Metrics, Series};

/// Routes `/metrics`.
pub(crate) fn router(metrics: Metrics) -> Router {
    Router::new()
        .route("/metrics", get(all))
        .with_state(metrics)
}

async fn all(State(metrics): State<Metrics>) -> Json<Vec<Series>> {
    Json(metrics.all())
}
