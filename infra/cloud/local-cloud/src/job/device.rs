//! Answers the requests of devices: their four operations, and AWS's refusals.
//!
//! Must not know: MQTT beyond topics.
//! Source: AWS IoT Core developer guide, "Jobs device MQTT API" and "Jobs API", `ErrorResponse`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::book::{Book, Place};
use super::change::{JobError, StatusUpdate};
use super::document;
use super::record::Status;

/// The job id that names the next pending execution.
const NEXT: &str = "$next";
/// Most status details, and their longest key and value. Source: AWS IoT Jobs quotas.
const DETAILS_MAX: usize = 10;
const KEY_CHARS_MAX: usize = 128;
const VALUE_CHARS_MAX: usize = 1024;
/// Range of a step's time limit, minutes. Source: the same.
const STEP_MINUTES: std::ops::RangeInclusive<i64> = 1..=10_080;

/// What a device requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation<'a> {
    GetPending,
    StartNext,
    Describe(&'a str),
    Update(&'a str),
}

/// The thing and the operation that a topic names.
pub fn parse_topic(topic: &str) -> Option<(&str, Operation<'_>)> {
    let rest = topic.strip_prefix("$aws/things/")?;
    let levels: Vec<&str> = rest.split('/').collect();
    match levels[..] {
        [thing, "jobs", "get"] => Some((thing, Operation::GetPending)),
        [thing, "jobs", "start-next"] => Some((thing, Operation::StartNext)),
        [thing, "jobs", id, "get"] => Some((thing, Operation::Describe(id))),
        [thing, "jobs", id, "update"] => Some((thing, Operation::Update(id))),
        _ => None,
    }
}

/// A refusal in AWS's words.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    code: &'static str,
    message: String,
    state: Option<Value>,
}

impl Refusal {
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            state: None,
        }
    }

    fn with_state(code: &'static str, message: String, place: Place<'_>) -> Self {
        Self {
            state: Some(document::state(place.execution)),
            ..Self::new(code, message)
        }
    }
}

impl From<JobError> for Refusal {
    fn from(error: JobError) -> Self {
        let code = match error {
            JobError::NotFound(_) => "ResourceNotFound",
            JobError::Storage(_) => "InternalError",
            _ => "InvalidRequest",
        };
        Self::new(code, error.to_string())
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct DescribeRequest {
    execution_number: Option<u64>,
    include_job_document: Option<bool>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct StatusRequest {
    status: Option<String>,
    status_details: Option<BTreeMap<String, String>>,
    expected_version: Option<u64>,
    execution_number: Option<u64>,
    include_job_execution_state: bool,
    include_job_document: bool,
    step_timeout_in_minutes: Option<i64>,
}

/// Carries out a request. `Ok` and `Err` are the bodies of `accepted` and `rejected`.
pub fn answer(
    book: &mut Book,
    thing: &str,
    operation: Operation<'_>,
    payload: &[u8],
    now_ms: u64,
) -> Result<Value, Value> {
    let mut token = Value::Null;
    let answered = parse(payload).and_then(|request| {
        token = request.get("clientToken").cloned().unwrap_or_default();
        handle(book, thing, operation, request, now_ms)
    });
    let finish = |mut body: Value| {
        body["timestamp"] = document::seconds(now_ms);
        if !token.is_null() {
            body["clientToken"] = token.clone();
        }
        body
    };
    answered.map(finish).map_err(|refusal| {
        let mut body = json!({"code": refusal.code, "message": refusal.message});
        if let Some(state) = refusal.state {
            body["executionState"] = state;
        }
        finish(body)
    })
}

fn parse(payload: &[u8]) -> Result<Map<String, Value>, Refusal> {
    if payload.is_empty() {
        return Ok(Map::new());
    }
    let invalid = |message: String| Refusal::new("InvalidJson", message);
    match serde_json::from_slice(payload) {
        Ok(Value::Object(request)) => Ok(request),
        Ok(_) => Err(invalid("The request is not a JSON object".to_owned())),
        Err(error) => Err(invalid(format!("The request is not JSON: {error}"))),
    }
}

fn read<T: DeserializeOwned>(request: Map<String, Value>) -> Result<T, Refusal> {
    let read = serde_path_to_error::deserialize(Value::Object(request));
    read.map_err(|error| Refusal::new("InvalidRequest", error.to_string()))
}

fn handle(
    book: &mut Book,
    thing: &str,
    operation: Operation<'_>,
    request: Map<String, Value>,
    now_ms: u64,
) -> Result<Value, Refusal> {
    match operation {
        Operation::GetPending => {
            let pending = book.pending(thing);
            let of = |status| -> Vec<Value> {
                let rows = pending.iter().filter(|p| p.execution.status == status);
                rows.map(|place| document::summary(*place)).collect()
            };
            let (begun, queued) = (of(Status::InProgress), of(Status::Queued));
            Ok(json!({"inProgressJobs": begun, "queuedJobs": queued}))
        }
        Operation::Describe(id) => describe(book, thing, id, read(request)?),
        Operation::StartNext => start_next(book, thing, read(request)?, now_ms),
        Operation::Update(id) => update(book, thing, id, read(request)?, now_ms),
    }
}

fn describe(
    book: &Book,
    thing: &str,
    id: &str,
    request: DescribeRequest,
) -> Result<Value, Refusal> {
    let has_document = request.include_job_document.unwrap_or(true);
    if id == NEXT {
        let next = book.pending(thing).first().copied();
        let next = next.map(|place| document::execution(place, has_document));
        return Ok(json!({"execution": next.unwrap_or_else(|| json!({}))}));
    }
    let place = book.execution(thing, id, request.execution_number)?;
    if place.execution.status.is_terminal() {
        let status = place.execution.status.name();
        let message = format!("The job execution is in the terminal state {status}");
        return Err(Refusal::new("TerminalStateReached", message));
    }
    Ok(json!({"execution": document::execution(place, has_document)}))
}

fn start_next(
    book: &mut Book,
    thing: &str,
    request: StatusRequest,
    now_ms: u64,
) -> Result<Value, Refusal> {
    let update = checked(request.status_details, request.step_timeout_in_minutes)?;
    let Some(next) = book.pending(thing).first().copied() else {
        return Ok(json!({}));
    };
    let (id, is_queued) = (next.job.id.clone(), next.execution.status == Status::Queued);
    if is_queued {
        book.move_to(thing, &id, Status::InProgress, update, now_ms)?;
    }
    let place = book.execution(thing, &id, None)?;
    Ok(json!({"execution": document::execution(place, true)}))
}

fn update(
    book: &mut Book,
    thing: &str,
    id: &str,
    request: StatusRequest,
    now_ms: u64,
) -> Result<Value, Refusal> {
    let named = request.status.as_deref().and_then(Status::of_name);
    let allowed = [
        Status::InProgress,
        Status::Failed,
        Status::Succeeded,
        Status::Rejected,
    ];
    let Some(status) = named.filter(|status| allowed.contains(status)) else {
        let message = "status must be IN_PROGRESS, FAILED, SUCCEEDED or REJECTED";
        return Err(Refusal::new("InvalidRequest", message));
    };
    let update = checked(request.status_details, request.step_timeout_in_minutes)?;
    let place = book.execution(thing, id, request.execution_number)?;
    let is = place.execution;
    if let Some(expected) = request.expected_version
        && expected != is.version
    {
        let message = format!("Expected version {expected}, but it is {}", is.version);
        return Err(Refusal::with_state("VersionMismatch", message, place));
    }
    if is.status.is_terminal() {
        let (from, to) = (is.status.name(), status.name());
        let message = format!("Job execution status cannot change from {from} to {to}");
        return Err(Refusal::with_state(
            "InvalidStateTransition",
            message,
            place,
        ));
    }
    book.move_to(thing, id, status, update, now_ms)?;
    let place = book.execution(thing, id, None)?;
    let mut body = json!({});
    if request.include_job_execution_state {
        body["executionState"] = document::state(place.execution);
    }
    if request.include_job_document {
        body["jobDocument"] = document::document(place.job);
    }
    Ok(body)
}

/// Details and step limit, if they are within AWS's limits.
fn checked(
    details: Option<BTreeMap<String, String>>,
    step_minutes: Option<i64>,
) -> Result<StatusUpdate, Refusal> {
    let invalid = |message: &str| Err(Refusal::new("InvalidRequest", message));
    let fits = |text: &str, max: usize| {
        !text.is_empty() && text.chars().count() <= max && !text.chars().any(char::is_control)
    };
    if let Some(details) = &details {
        if details.len() > DETAILS_MAX {
            return invalid("statusDetails has more than 10 entries");
        }
        let mut entries = details.iter();
        if !entries.all(|(key, value)| fits(key, KEY_CHARS_MAX) && fits(value, VALUE_CHARS_MAX)) {
            return invalid("statusDetails has an empty, too long or unprintable key or value");
        }
    }
    if step_minutes.is_some_and(|minutes| minutes != -1 && !STEP_MINUTES.contains(&minutes)) {
        return invalid("stepTimeoutInMinutes must be from 1 to 10080, or -1");
    }
    Ok(StatusUpdate {
        details,
        step_minutes,
    })
}
