//! The server of `lockctl console`: the page, the board and the histories of a cloud that runs
//! elsewhere, and requests to its locks if they are allowed. What only a laptop has is not there.
//!
//! Must not know: how a request is made, or when the board is read.

use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::extract::rejection::JsonRejection;
use axum::extract::{FromRef, Path, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router, middleware};
use lock_aws::Cloud;
use lock_core::name::LockName;
use serde::Deserialize;
use serde_json::Value;
use tokio::net::TcpListener;

use super::gate::with_token_only;
use super::history::{history, no_name};
pub use super::listen;
use super::{files, own_browser_only, refusal, state, stream};
use crate::board::Sheet;
use crate::unknown;

/// What is asked of a lock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Want {
    /// That it locks.
    Lock,
    /// That it unlocks.
    Unlock,
}

/// The answer to a request, or why there is none.
pub type Asked = Pin<Box<dyn Future<Output = Result<Value, String>> + Send>>;
/// Asks a registered lock, and waits for its answer.
pub type Ask = Arc<dyn Fn(LockName, Want) -> Asked + Send + Sync>;

/// What the server shows and does.
#[derive(Clone)]
pub struct RemoteConsole {
    /// The locks and buttons.
    pub sheet: Arc<Sheet>,
    /// The table of the histories.
    pub cloud: Cloud,
    /// Every answer about the cloud needs it.
    pub token: Arc<str>,
    /// How a lock is asked; `None` if that is not allowed.
    pub ask: Option<Ask>,
}

impl FromRef<RemoteConsole> for Arc<Sheet> {
    fn from_ref(console: &RemoteConsole) -> Self {
        Self::clone(&console.sheet)
    }
}

impl FromRef<RemoteConsole> for Cloud {
    fn from_ref(console: &RemoteConsole) -> Self {
        console.cloud.clone()
    }
}

impl RemoteConsole {
    /// Serves until the task is dropped. The listener must be on loopback.
    ///
    /// # Errors
    ///
    /// The listener fails.
    pub async fn serve(self, listener: TcpListener) -> Result<()> {
        let gate = middleware::from_fn_with_state(Arc::clone(&self.token), with_token_only);
        let router = Router::new()
            .route("/api/state", get(state))
            .route("/api/stream", get(stream::board))
            .route("/api/history", get(history))
            .route("/api/locks/{lock}/request", post(request))
            .merge(files())
            .fallback(nothing)
            .layer(gate)
            .layer(middleware::from_fn(own_browser_only))
            .with_state(self);
        axum::serve(listener, router)
            .await
            .context("serve the console")
    }
}

/// The answer to a path that it does not have, such as the switches of a laptop's devices.
async fn nothing(uri: Uri) -> Response {
    let path: String = uri.path().chars().take(80).collect();
    refusal(StatusCode::NOT_FOUND, format!("this console has no {path}"))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    want: Want,
}

/// `POST /api/locks/{lock}/request` with `{"want":"unlock"}`: what `lockctl unlock` does.
async fn request(
    State(console): State<RemoteConsole>,
    Path(lock): Path<String>,
    wish: Result<Json<Wish>, JsonRejection>,
) -> Response {
    let Some(ask) = &console.ask else {
        let error = "this console only shows: start `lockctl console --allow-requests` to lock and \
                     unlock";
        return refusal(StatusCode::FORBIDDEN, error.to_owned());
    };
    let want = match wish {
        Ok(Json(wish)) => wish.want,
        Err(error) => return refusal(error.status(), error.body_text()),
    };
    let Ok(lock) = LockName::new(&lock) else {
        return no_name(&lock);
    };
    match find_unknown(&console.cloud, &lock).await {
        Ok(None) => {}
        Ok(Some(error)) => return refusal(StatusCode::NOT_FOUND, format!("{error:#}")),
        Err(error) => return refusal(StatusCode::BAD_GATEWAY, format!("{error:#}")),
    }
    let asked = ask(lock, want).await;
    // The page need not wait for the next read.
    console.sheet.touch();
    match asked {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => refusal(StatusCode::BAD_GATEWAY, error),
    }
}

/// The error about a lock that is not registered; `None` if it is.
async fn find_unknown(cloud: &Cloud, lock: &LockName) -> Result<Option<anyhow::Error>> {
    match cloud.store.read_record(lock).await? {
        Some(_) => Ok(None),
        None => unknown::lock(cloud, lock).await.map(Some),
    }
}
