//! `Invoke`, the only operation of Lambda's API here, for AWS SDKs and the AWS CLI.
//!
//! It is served at the control plane's address (`AWS_ENDPOINT_URL_LAMBDA`). Must not know: how
//! functions run. Source: AWS Lambda API reference, `Invoke`.

use std::collections::HashMap;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::answer::ApiError;
use lambda_host::{FunctionError, Functions, Outcome, SYNC_PAYLOAD_BYTES_MAX};

const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
/// Largest client context, bytes before base64.
const CONTEXT_BYTES_MAX: usize = 3583;

/// The route. A middleware must check the caller's rights.
pub fn router(functions: Functions) -> Router {
    Router::new()
        .route("/2015-03-31/functions/{name}/invocations", post(invoke))
        // Larger than a payload may be, so that a payload over the limit is refused in Lambda's
        // words.
        .layer(DefaultBodyLimit::max(2 * SYNC_PAYLOAD_BYTES_MAX))
        .with_state(functions)
}

async fn invoke(
    State(functions): State<Functions>,
    Path(name): Path<String>,
    Query(parameters): Query<HashMap<String, String>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, ApiError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("x-amz-log-type") == Some("Tail") {
        let message =
            "the local cloud has no log tail: leave LogType out and read the function's log";
        return Err(invalid(message));
    }
    let name = match parameters.get("Qualifier") {
        Some(qualifier) if !qualifier.is_empty() => format!("{name}:{qualifier}"),
        _ => name,
    };
    let version = functions.version_of(&name).ok_or_else(|| unknown(&name))?;
    let payload = payload(&body)?;
    match header("x-amz-invocation-type").unwrap_or("RequestResponse") {
        "RequestResponse" => {
            let context = header("x-amz-client-context").map(context).transpose()?;
            let outcome = functions.invoke(&name, payload, context).await;
            Ok(answer(outcome.map_err(|error| refusal(&error))?, version))
        }
        "Event" => {
            let id = functions.invoke_async(&name, payload);
            let id = id.map_err(|error| refusal(&error))?;
            let mut response = status(StatusCode::ACCEPTED, Body::empty());
            // Ids are plain text, so this never fails.
            if let Ok(id) = HeaderValue::from_str(&id) {
                response.headers_mut().insert(REQUEST_ID, id);
            }
            Ok(response)
        }
        "DryRun" => Ok(status(StatusCode::NO_CONTENT, Body::empty())),
        other => Err(invalid(&format!("{other:?} is not an invocation type"))),
    }
}

/// The event: the body, which must be JSON; an empty body is an empty object.
fn payload(body: &Bytes) -> Result<Vec<u8>, ApiError> {
    if body.is_empty() {
        return Ok(b"{}".to_vec());
    }
    match serde_json::from_slice::<serde::de::IgnoredAny>(body) {
        Ok(_) => Ok(body.to_vec()),
        Err(error) => {
            let message = format!("Could not parse request body into json: {error}");
            Err(ApiError::new(
                400,
                "InvalidRequestContentException",
                &message,
            ))
        }
    }
}

fn context(header: &str) -> Result<String, ApiError> {
    let bytes = STANDARD.decode(header).unwrap_or_default();
    let is_json = serde_json::from_slice::<Value>(&bytes).is_ok_and(|value| value.is_object());
    if !is_json || bytes.len() > CONTEXT_BYTES_MAX {
        let problem = "Client context must be a valid Base64-encoded JSON object.";
        return Err(invalid(problem));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn answer(outcome: Outcome, version: &'static str) -> Response {
    let (body, is_error) = match outcome {
        Outcome::Success(body) => (body, false),
        Outcome::Failure(failure) => (failure.payload.to_string().into_bytes(), true),
    };
    let mut response = status(StatusCode::OK, Body::from(body));
    let headers = response.headers_mut();
    headers.insert(EXECUTED_VERSION, HeaderValue::from_static(version));
    if is_error {
        headers.insert(FUNCTION_ERROR, HeaderValue::from_static("Unhandled"));
    }
    response
}

fn status(status: StatusCode, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
}

fn invalid(message: &str) -> ApiError {
    ApiError::new(400, "InvalidParameterValueException", message)
}

fn unknown(name: &str) -> ApiError {
    let message = format!("Function not found: {name}");
    ApiError::new(404, "ResourceNotFoundException", &message)
}

fn refusal(error: &FunctionError) -> ApiError {
    match error {
        FunctionError::Unknown(name) => unknown(name),
        FunctionError::TooLarge { most, .. } => {
            let message = format!(
                "Request must be smaller than {most} bytes for the InvokeFunction operation"
            );
            ApiError::new(413, "RequestTooLargeException", &message)
        }
        FunctionError::Throttled { reserved, .. } => {
            let reason = if *reserved {
                "ReservedFunctionConcurrentInvocationLimitExceeded"
            } else {
                "ConcurrentInvocationLimitExceeded"
            };
            let fields = json!({"Reason": reason, "Type": "User"});
            ApiError::new(429, "TooManyRequestsException", "Rate Exceeded.").with_fields(fields)
        }
        other => ApiError::new(500, "ServiceException", &other.to_string()),
    }
}
