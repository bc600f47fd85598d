//! `/faults`: GET lists the armed faults as JSON, POST arms one and DELETE ends one, for a console
//! or a test in another process. A body is `{"fault":"drop:rooms/+@5%"}`.
//!
//! Only JSON is accepted, so that a web page of somebody else cannot arm one. Must not know: what a
//! fault does.

use std::sync::Arc;

use axum::extract::State;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Fault, Faults};
use crate::answer::ApiError;

type Answer = Result<Json<Value>, ApiError>;

#[derive(Deserialize)]
struct Named {
    /// As it is written on the command line; to end one, as the list has it.
    fault: String,
}

/// Routes `/faults`.
pub(crate) fn router(faults: Arc<Faults>) -> Router {
    Router::new()
        .route("/faults", get(list).post(arm).delete(end))
        .with_state(faults)
}

async fn list(State(faults): State<Arc<Faults>>) -> Json<Value> {
    listed(&faults)
}

async fn arm(State(faults): State<Arc<Faults>>, Json(named): Json<Named>) -> Answer {
    let refused = |error: &dyn std::error::Error| ApiError::invalid(&error.to_string());
    let parsed = named.fault.parse::<Fault>();
    let fault = parsed.map_err(|error| refused(&error))?;
    if let Fault::Device { effect, .. } = &fault {
        let what = effect.name();
        let reason = "devices are not run here: only faults of the cloud can be armed";
        return Err(ApiError::invalid(&format!("{what}: {reason}")));
    }
    faults.arm(fault).map_err(|error| refused(&error))?;
    Ok(listed(&faults))
}

async fn end(State(faults): State<Arc<Faults>>, Json(named): Json<Named>) -> Answer {
    if !faults.end(&named.fault) {
        let text = format!("no fault {} is armed", named.fault);
        return Err(ApiError::not_found(&text));
    }
    Ok(listed(&faults))
}

fn listed(faults: &Faults) -> Json<Value> {
    Json(json!({"faults": faults.armed()}))
}
