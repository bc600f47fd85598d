//! `GET /metrics`: every metric as JSON, for a console or a test in another process. No call of AWS's.
//!
//! Must not know where it is served. It holds nothing secret and takes no signature.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::{Metrics, Series};

/// The route.
pub(crate) fn router(metrics: Metrics) -> Router {
    Router::new()
        .route("/metrics", get(all))
        .with_state(metrics)
}

async fn all(State(metrics): State<Metrics>) -> Json<Vec<Series>> {
    Json(metrics.all())
}
