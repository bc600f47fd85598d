//! The Lambda Runtime API (2018-06-01) of one process, on its own loopback port.
//!
//! Must not know: processes, retries, time limits.
//!
//! Source: AWS Lambda developer guide, "Using the Lambda runtime API".

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;

use super::{Failure, lock};

/// Largest response, bytes: 6 MB plus Lambda's allowance. Source: the message of
/// `Function.ResponseSizeTooLarge`.
pub(super) const RESPONSE_BYTES_MAX: usize = 6_291_556;

/// One event for a process.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub request_id: String,
    /// End of the invocation's time, epoch milliseconds.
    pub deadline_ms: u64,
    pub function_arn: String,
    pub trace_id: String,
    /// The caller's client context, JSON.
    pub client_context: Option<String>,
    pub payload: Bytes,
}

/// What a process reports through its Runtime API.
#[derive(Debug)]
pub(super) enum Report {
    /// It asked for its next event.
    Ready,
    Response(Vec<u8>),
    Error(Failure),
    InitError(Failure),
    /// The running event gets no response any more. Only of a process that is not started here.
    Abandoned,
}

/// The server for one process; dropping it stops the server.
pub(super) struct RuntimeApi {
    pub address: SocketAddr,
    pub jobs: mpsc::Sender<Job>,
    pub reports: mpsc::UnboundedReceiver<Report>,
    pub exchange: Arc<Exchange>,
    _server: JoinSet<()>,
}

/// The processes that use a Runtime API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Users {
    /// One process, until it ends.
    One,
    /// One process after another.
    Successive,
}

/// The state of a Runtime API.
pub(super) struct Exchange {
    users: Users,
    jobs: Mutex<mpsc::Receiver<Job>>,
    /// Request id of the running event.
    current: std::sync::Mutex<Option<String>>,
    reports: mpsc::UnboundedSender<Report>,
}

impl RuntimeApi {
    pub async fn start(users: Users) -> std::io::Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (jobs, job_receiver) = mpsc::channel(1);
        let (report_sender, reports) = mpsc::unbounded_channel();
        let exchange = Arc::new(Exchange {
            users,
            jobs: Mutex::new(job_receiver),
            current: std::sync::Mutex::new(None),
            reports: report_sender,
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(serve_next))
            .route(
                "/2018-06-01/runtime/invocation/{id}/response",
                post(accept_response),
            )
            .route(
                "/2018-06-01/runtime/invocation/{id}/error",
                post(accept_error),
            )
            .route("/2018-06-01/runtime/init/error", post(accept_init_error))
            .fallback(refuse_unsupported)
            .layer(DefaultBodyLimit::max(4 * RESPONSE_BYTES_MAX))
            .with_state(Arc::clone(&exchange));
        let mut server = JoinSet::new();
        server.spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "runtime api stopped");
            }
        });
        Ok(Self {
            address,
            jobs,
            reports,
            exchange,
            _server: server,
        })
    }
}

impl Exchange {
    fn report(&self, report: Report) {
        // The receiver is gone only while the process is being stopped.
        let _ = self.reports.send(report);
    }

    /// Ends the current event if `id` is its id.
    fn finish(&self, id: &str) -> bool {
        let mut current = lock(&self.current);
        let matches = current.as_deref() == Some(id);
        if matches {
            *current = None;
        }
        matches
    }

    /// Gives up the running event, if there is one: its response would be refused.
    pub fn abandon(&self) {
        if lock(&self.current).take().is_some() {
            self.report(Report::Abandoned);
        }
    }

    fn is_busy(&self) -> bool {
        lock(&self.current).is_some()
    }
}

async fn serve_next(State(exchange): State<Arc<Exchange>>) -> Response {
    if exchange.users == Users::Successive {
        // Whoever asks is a new process: the one before ended during its event.
        exchange.abandon();
    }
    if exchange.is_busy() {
        let message = "the current event has no response yet";
        return refusal(StatusCode::FORBIDDEN, "InvalidStateTransition", message);
    }
    let mut jobs = exchange.jobs.lock().await;
    exchange.report(Report::Ready);
    let Some(job) = jobs.recv().await else {
        return refusal(StatusCode::INTERNAL_SERVER_ERROR, "Shutdown", "stopping");
    };
    *lock(&exchange.current) = Some(job.request_id.clone());
    let header = |name: &'static str, value: String| (HeaderName::from_static(name), value);
    let headers = [
        header("content-type", "application/json".to_owned()),
        header("lambda-runtime-aws-request-id", job.request_id),
        header("lambda-runtime-deadline-ms", job.deadline_ms.to_string()),
        header("lambda-runtime-invoked-function-arn", job.function_arn),
        header("lambda-runtime-trace-id", job.trace_id),
    ];
    let mut answer = (headers, job.payload).into_response();
    if let Some(context) = job.client_context {
        match context.try_into() {
            Ok(value) => {
                let name = HeaderName::from_static("lambda-runtime-client-context");
                answer.headers_mut().insert(name, value);
            }
            Err(error) => tracing::error!(%error, "cannot pass the client context to the runtime"),
        }
    }
    answer
}

/// Answers requests for extensions, snapshots and other APIs of Lambda.
async fn refuse_unsupported(uri: axum::http::Uri) -> Response {
    let message = format!("{} is not supported", uri.path());
    refusal(StatusCode::NOT_FOUND, "Runtime.NotSupported", &message)
}

async fn accept_response(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    body: Bytes,
) -> Response {
    if !exchange.finish(&id) {
        return unknown_request();
    }
    if body.len() > RESPONSE_BYTES_MAX {
        let kind = "Function.ResponseSizeTooLarge";
        let message = format!(
            "Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} \
             bytes)."
        );
        exchange.report(Report::Error(Failure::new(kind, message.clone())));
        return refusal(StatusCode::PAYLOAD_TOO_LARGE, kind, &message);
    }
    exchange.report(Report::Response(body.to_vec()));
    accepted()
}

async fn accept_error(
    State(exchange): State<Arc<Exchange>>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if !exchange.finish(&id) {
        return unknown_request();
    }
    exchange.report(Report::Error(read_failure(&headers, &body)));
    accepted()
}

async fn accept_init_error(
    State(exchange): State<Arc<Exchange>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    exchange.report(Report::InitError(read_failure(&headers, &body)));
    accepted()
}

/// Reads the error from the body. Its type defaults to the header, its message to the whole body.
fn read_failure(headers: &HeaderMap, body: &[u8]) -> Failure {
    let parsed: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let header = headers
        .get("lambda-runtime-function-error-type")
        .and_then(|value| value.to_str().ok());
    let error_type = parsed["errorType"]
        .as_str()
        .or(header)
        .unwrap_or("Unhandled");
    let message = parsed["errorMessage"]
        .as_str()
        .map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned);
    let mut failure = Failure::new(error_type, message);
    if parsed.is_object() {
        failure.payload = parsed;
    }
    failure
}

fn accepted() -> Response {
    (StatusCode::ACCEPTED, axum::Json(json!({"status": "OK"}))).into_response()
}

fn unknown_request() -> Response {
    let message = "no event with this id is running";
    refusal(StatusCode::BAD_REQUEST, "InvalidRequestID", message)
}

fn refusal(status: StatusCode, kind: &str, message: &str) -> Response {
    let body = json!({"errorMessage": message, "errorType": kind});
    (status, axum::Json(body)).into_response()
}
