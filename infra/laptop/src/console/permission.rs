//! Withdraws and restores a button's permission, as `lockctl revoke` and `lockctl enable` do.
//!
//! Must not know: what is decided about its lock.

use anyhow::Result;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use lock_aws::Enabled;
use lock_core::limits::Limits;
use lock_core::name::ButtonSerial;
use serde::Deserialize;

use super::history::no_name;
use super::{Console, refusal};
use crate::provision::PRESS_COUNTS_AFTER;
use crate::unknown;

/// Who does it, in the history.
const ACTOR: &str = "console";

/// The body, `{}`: as JSON no page of another origin can send it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// How an act ended.
enum Acted {
    Done,
    /// There is no such thing.
    Unknown(anyhow::Error),
    /// It cannot be done now.
    Not(String),
}

/// `POST /api/buttons/{thing}/revoke`. A second one changes nothing.
pub async fn revoke(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(Nothing {}): Json<Nothing>,
) -> Response {
    let Ok(button) = ButtonSerial::new(&thing) else {
        return no_name(&thing);
    };
    respond(revoke_button(&console, &button).await)
}

/// `POST /api/buttons/{thing}/restore`. Returns when a press counts.
pub async fn restore(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(Nothing {}): Json<Nothing>,
) -> Response {
    let Ok(button) = ButtonSerial::new(&thing) else {
        return no_name(&thing);
    };
    respond(restore_button(&console, &button).await)
}

async fn revoke_button(console: &Console, button: &ButtonSerial) -> Result<Acted> {
    let (cloud, limits) = (&console.cloud, limits(console).await?);
    match cloud.revoke(button, Some(ACTOR), &limits).await? {
        Some(_) => Ok(Acted::Done),
        None => Ok(Acted::Unknown(unknown::button(cloud, button).await?)),
    }
}

async fn restore_button(console: &Console, button: &ButtonSerial) -> Result<Acted> {
    let (cloud, limits) = (&console.cloud, limits(console).await?);
    Ok(match cloud.enable(button, Some(ACTOR), &limits).await? {
        Enabled::Done(_) => {
            tokio::time::sleep(PRESS_COUNTS_AFTER).await;
            Acted::Done
        }
        Enabled::Already(_) => Acted::Done,
        Enabled::Unbound => Acted::Not(format!(
            "{button} is not bound to a lock: `lockctl bind {button} LOCK` binds it"
        )),
        Enabled::UnknownButton => Acted::Unknown(unknown::button(cloud, button).await?),
        Enabled::UnknownLock(lock) => Acted::Unknown(unknown::lock(cloud, &lock).await?),
    })
}

async fn limits(console: &Console) -> Result<Limits> {
    let limits = console.cloud.store.read_limits().await?;
    Ok(limits.unwrap_or_else(Limits::longest))
}

fn respond(outcome: Result<Acted>) -> Response {
    match outcome {
        Ok(Acted::Done) => StatusCode::NO_CONTENT.into_response(),
        Ok(Acted::Unknown(error)) => refusal(StatusCode::NOT_FOUND, format!("{error:#}")),
        Ok(Acted::Not(error)) => refusal(StatusCode::CONFLICT, error),
        Err(error) => refusal(StatusCode::BAD_GATEWAY, format!("{error:#}")),
    }
}
