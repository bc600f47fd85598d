//! The console's server: the static page, the board as a live stream, and the controls of the
//! devices (press, power, network, door). It answers the browser of this machine only.

use std::convert::Infallible;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use local_cloud::Fault;
use local_cloud::fault::Faults;
use local_cloud::metric::Metrics;
use lock_core::action::ClickType;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use tokio_stream::{Stream, StreamExt};

use crate::board::{Board, Look};
use crate::device::{Device, Kind};
use crate::fleet::Fleet;
use crate::metric;

const PAGE: &str = include_str!("../../console/index.html");
const STYLE: &str = include_str!("../../console/console.css");
const SCRIPT: &str = include_str!("../../console/console.js");

/// What the server shows and controls.
#[derive(Clone)]
pub struct Console {
    pub fleet: Arc<Fleet>,
    pub board: Arc<Board>,
    /// Faults of the cloud; more can be armed.
    pub faults: Arc<Faults>,
    /// Metrics of functions and rules.
    pub metrics: Metrics,
}

impl Console {
    /// Serves until the task is dropped. The listener must be on loopback.
    pub async fn serve(self, listener: TcpListener, page: bool) -> Result<()> {
        let mut router = Router::new()
            .route("/api/state", get(state))
            .route("/api/stream", get(stream))
            .route("/api/metrics", get(metrics))
            .route("/api/devices/{thing}/press", post(press))
            .route("/api/devices/{thing}/power", post(power))
            .route("/api/devices/{thing}/network", post(network))
            .route("/api/devices/{thing}/door", post(door))
            .route("/api/faults", post(fault));
        let files = [
            ("/", "text/html; charset=utf-8", PAGE),
            ("/console.css", "text/css; charset=utf-8", STYLE),
            ("/console.js", "text/javascript; charset=utf-8", SCRIPT),
        ];
        for (path, kind, text) in files.into_iter().filter(|_| page) {
            router = router.route(path, get(async move || file(kind, text)));
        }
        let router = router
            .layer(middleware::from_fn(own_browser_only))
            .with_state(self);
        axum::serve(listener, router)
            .await
            .context("serve the console")
    }
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
async fn state(State(console): State<Console>) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json")];
    let look = console.board.look().await;
    (kind, look.first.text.to_string()).into_response()
}

async fn metrics(State(console): State<Console>) -> Json<Value> {
    Json(metric::table(&console.metrics.all()))
}

/// The whole state, then every change of it. To a receiver that was too slow for some, the whole
/// state again.
async fn stream(
    State(console): State<Console>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let Look { first, frames } = console.board.look().await;
    let mut last = first.number;
    let later = BroadcastStream::new(frames).filter_map(move |frame| {
        let frame = match frame {
            Ok(frame) if frame.number <= last => return None,
            Ok(frame) => frame,
            Err(BroadcastStreamRecvError::Lagged(_)) => console.board.whole(),
        };
        last = frame.number;
        Some(frame)
    });
    let frames = tokio_stream::once(first).chain(later);
    Sse::new(frames.map(|frame| Ok(Event::default().event(frame.kind).data(&*frame.text))))
        .keep_alive(KeepAlive::default())
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PressBody {
    click: String,
}

async fn press(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(press): Json<PressBody>,
) -> Response {
    let word = match press.click.parse::<ClickType>() {
        Ok(click) => click.as_str().to_ascii_lowercase(),
        Err(unknown) => return refusal(StatusCode::BAD_REQUEST, unknown.to_string()),
    };
    let device = match console.fleet.device(&thing) {
        Some(device) if device.kind() == Kind::Button => device,
        Some(_) => return refusal(StatusCode::BAD_REQUEST, format!("{thing} is not a button")),
        None => return no_device(&thing),
    };
    respond(device.send(&json!({ "press": word })).await)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SwitchBody {
    on: bool,
}

async fn power(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(switch): Json<SwitchBody>,
) -> Response {
    let Some(device) = console.fleet.device(&thing) else {
        return no_device(&thing);
    };
    respond_and_touch(&console, device, device.set_power(switch.on).await)
}

async fn network(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(switch): Json<SwitchBody>,
) -> Response {
    let Some(device) = console.fleet.device(&thing) else {
        return no_device(&thing);
    };
    respond_and_touch(&console, device, device.set_network(switch.on).await)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DoorBody {
    open: bool,
}

async fn door(
    State(console): State<Console>,
    Path(thing): Path<String>,
    Json(door): Json<DoorBody>,
) -> Response {
    let Some(device) = console.fleet.device(&thing) else {
        return no_device(&thing);
    };
    respond_and_touch(&console, device, device.set_door(door.open).await)
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultBody {
    fault: String,
}

/// Arms one more fault of the cloud; its occurrences count from this moment. Power and network of a
/// device have routes of their own.
async fn fault(State(console): State<Console>, Json(body): Json<FaultBody>) -> Response {
    match body.fault.parse::<Fault>() {
        Ok(Fault::Device { effect, .. }) => {
            let what = effect.name();
            refusal(
                StatusCode::BAD_REQUEST,
                format!("{what} is a fault of a device: use /api/devices, or --fault at the start"),
            )
        }
        Ok(fault) => match console.faults.arm(fault) {
            Ok(()) => StatusCode::NO_CONTENT.into_response(),
            Err(error) => refusal(StatusCode::BAD_REQUEST, error.to_string()),
        },
        Err(error) => refusal(StatusCode::BAD_REQUEST, error.to_string()),
    }
}

fn respond_and_touch(console: &Console, device: &Device, outcome: Result<()>) -> Response {
    console.board.touch_device(device.thing());
    respond(outcome)
}

fn no_device(thing: &str) -> Response {
    refusal(StatusCode::NOT_FOUND, format!("{thing} has no device here"))
}

fn respond(outcome: Result<()>) -> Response {
    match outcome {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(error) => refusal(StatusCode::CONFLICT, format!("{error:#}")),
    }
}
