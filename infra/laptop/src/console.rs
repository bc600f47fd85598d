//! The console's server: the static page, the live stream, histories, the switches of the devices,
//! faults, and the permission of a button. It answers the browser of this machine only.

mod fault;
mod gate;
mod history;
mod permission;
pub mod remote;
mod stream;
mod switch;

use std::net::Ipv4Addr;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use axum::extract::{FromRef, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use local_cloud::metric::Metrics;
use lock_aws::Cloud;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::board::{Board, Sheet};
use crate::fault::Injector;
use crate::fleet::Fleet;
use crate::metric;
use crate::page;
use crate::trail::Trail;

/// What the server shows and controls.
#[derive(Clone)]
pub struct Console {
    /// The devices.
    pub fleet: Arc<Fleet>,
    /// The locks and buttons.
    pub board: Arc<Board>,
    /// The ways of presses and the messages.
    pub trail: Arc<Trail>,
    /// The table of the histories and bindings.
    pub cloud: Cloud,
    /// Faults, of which more can be armed.
    pub injector: Arc<Injector>,
    /// Metrics of functions and rules.
    pub metrics: Metrics,
}

impl FromRef<Console> for Arc<Sheet> {
    fn from_ref(console: &Console) -> Self {
        Self::clone(console.board.sheet())
    }
}

impl FromRef<Console> for Cloud {
    fn from_ref(console: &Console) -> Self {
        console.cloud.clone()
    }
}

/// Listens on loopback for a console, on a free port if it is 0.
///
/// # Errors
///
/// The port is taken, or not allowed.
pub async fn listen(port: u16) -> Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    listener.map_err(|error| {
        anyhow!(
            "listen on port {port} for the console: {error}; choose another with --port, or leave \
             it out for a free one"
        )
    })
}

impl Console {
    /// Serves until the task is dropped. The listener must be on loopback.
    pub async fn serve(self, listener: TcpListener, page: bool) -> Result<()> {
        let mut router = Router::new()
            .route("/api/state", get(state))
            .route("/api/stream", get(stream::stream))
            .route("/api/metrics", get(metrics))
            .route("/api/history", get(history::history))
            .route("/api/buttons/{thing}/revoke", post(permission::revoke))
            .route("/api/buttons/{thing}/restore", post(permission::restore))
            .route("/api/devices/{thing}/press", post(switch::press))
            .route("/api/devices/{thing}/power", post(switch::power))
            .route("/api/devices/{thing}/network", post(switch::network))
            .route("/api/devices/{thing}/half-open", post(switch::half_open))
            .route("/api/devices/{thing}/clock", post(switch::clock))
            .route("/api/devices/{thing}/door", post(switch::door))
            .route("/api/devices/{thing}/exit", post(switch::exit))
            .route("/api/devices/{thing}/bolt", post(switch::bolt))
            .route("/api/faults", get(fault::all).post(fault::arm))
            .route("/api/faults/end", post(fault::end));
        if page {
            router = router.merge(files());
        }
        let router = router
            .layer(middleware::from_fn(own_browser_only))
            .with_state(self);
        axum::serve(listener, router)
            .await
            .context("serve the console")
    }
}

/// The routes of the page's files.
fn files<S: Clone + Send + Sync + 'static>() -> Router<S> {
    page::FILES.iter().fold(Router::new(), |router, each| {
        router.route(each.path, get(async move || file(each.kind, each.text)))
    })
}

fn file(kind: &'static str, text: &'static str) -> Response {
    let policy = "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'";
    (
        [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        text,
    )
        .into_response()
}

/// Refuses host names that another site could point here (DNS rebinding). Requests that change
/// something are JSON, which a page of another origin cannot send without a preflight request.
async fn own_browser_only(headers: HeaderMap, request: Request, next: Next) -> Response {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    let name = host.rsplit_once(':').map_or(host, |(name, _port)| name);
    if matches!(name, "127.0.0.1" | "localhost" | "[::1]") {
        return next.run(request).await;
    }
    refusal(
        StatusCode::FORBIDDEN,
        format!("the console answers as 127.0.0.1 or localhost, not as {host}"),
    )
}

fn refusal(status: StatusCode, error: String) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}

/// The whole state, read for this request if nobody looked before.
async fn state(State(sheet): State<Arc<Sheet>>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    let look = sheet.look().await;
    (kind, look.first.text.to_string()).into_response()
}

async fn metrics(State(console): State<Console>) -> Json<Value> {
    Json(metric::table(&console.metrics.all()))
}
