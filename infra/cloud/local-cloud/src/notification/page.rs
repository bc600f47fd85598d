//! `GET /notifications`: the newest notifications as JSON, for a console or a test in another
//! process.
//!
//! AWS has no such call. It needs no signature.

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};

use super::{Notification, Topics};

/// Routes `/notifications`.
pub(crate) fn router(topics: Topics) -> Router {
    Router::new()
        .route("/notifications", get(all))
        .with_state(topics)
}

async fn all(State(topics): State<Topics>) -> Json<Vec<Notification>> {
    Json(topics.notifications())
}
