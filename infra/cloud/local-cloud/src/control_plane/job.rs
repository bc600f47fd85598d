//! Operations on jobs and their executions.
//!
//! Source: AWS IoT API of 2015-05-28, and botocore's service model of it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::{Path, State};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::input;
use super::thing::unsupported;
use super::{Answer, ControlPlane, Name, Plane, done, page};
use crate::answer::{ApiError, ok};
use crate::job::change::{CancelExecution, JobError};
use crate::job::document;
use crate::job::record::{Job, JobStatus, Status};
use crate::parameter::Parameters;

/// Longest job document. Source: AWS IoT API, `JobDocument`.
const DOCUMENT_CHARS_MAX: usize = 32_768;
const ID_CHARS_MAX: usize = 64;
/// Range of a time limit, minutes. Source: AWS IoT API, `TimeoutConfig`.
const LIMIT_MINUTES: std::ops::RangeInclusive<u64> = 1..=10_080;

impl From<JobError> for ApiError {
    fn from(error: JobError) -> Self {
        let message = error.to_string();
        match error {
            JobError::NotFound(_) => Self::not_found(&message),
            JobError::Exists { id } => Self::new(409, "ResourceAlreadyExistsException", &message)
                .with_fields(json!({"resourceId": id})),
            JobError::Invalid(_) => Self::invalid(&message),
            JobError::State(_) => Self::new(409, "InvalidStateTransitionException", &message),
            JobError::Version(_) => Self::new(409, "VersionConflictException", &message),
            JobError::Storage(_) => Self::new(500, "InternalFailureException", &message),
        }
    }
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Request {
    targets: Vec<String>,
    document: Option<String>,
    description: Option<String>,
    target_selection: Option<String>,
    timeout_config: Option<TimeoutConfig>,
    comment: Option<String>,
    reason_code: Option<String>,
    expected_version: Option<u64>,
    status_details: BTreeMap<String, String>,
    /// Everything else: what AWS has and this has not.
    #[serde(flatten)]
    rest: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TimeoutConfig {
    in_progress_timeout_in_minutes: Option<u64>,
}

impl Request {
    fn read(bytes: &[u8]) -> Result<Self, ApiError> {
        let request: Self = input::body(bytes)?;
        match request.rest.keys().next() {
            Some(field) => Err(unsupported(field)),
            None => Ok(request),
        }
    }

    fn limit_minutes(&self) -> Result<Option<u64>, ApiError> {
        let config = self.timeout_config.as_ref();
        match config.and_then(|config| config.in_progress_timeout_in_minutes) {
            Some(minutes) if !LIMIT_MINUTES.contains(&minutes) => Err(ApiError::invalid(
                "inProgressTimeoutInMinutes must be from 1 to 10080",
            )),
            minutes => Ok(minutes),
        }
    }
}

pub async fn create(State(plane): Plane, Path(id): Name, body: Bytes) -> Answer {
    let request = Request::read(&body)?;
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if id.chars().count() > ID_CHARS_MAX || !id.chars().all(is_valid) {
        let message = "the job id must be 1 to 64 letters, digits, _ or -";
        return Err(ApiError::invalid(message));
    }
    let limit_minutes = request.limit_minutes()?;
    let document = request.document.unwrap_or_default();
    let is_document = serde_json::from_str::<Value>(&document).is_ok();
    if !is_document || document.chars().count() > DOCUMENT_CHARS_MAX {
        let message = "document must be JSON of at most 32768 characters";
        return Err(ApiError::invalid(message));
    }
    if request.targets.is_empty() {
        return Err(ApiError::invalid("targets must name a thing or a group"));
    }
    let is_continuous = match request.target_selection.as_deref() {
        None | Some("SNAPSHOT") => false,
        Some("CONTINUOUS") => true,
        Some(_) => {
            let message = "targetSelection must be SNAPSHOT or CONTINUOUS";
            return Err(ApiError::invalid(message));
        }
    };
    let now_ms = plane.jobs.now_ms();
    plane.jobs.create(Job {
        id: id.clone(),
        targets: request.targets,
        is_continuous,
        document,
        description: request.description,
        limit_minutes,
        status: JobStatus::InProgress,
        is_forced: false,
        comment: None,
        reason_code: None,
        created_at_ms: now_ms,
        updated_at_ms: now_ms,
        completed_at_ms: None,
        executions: BTreeMap::new(),
    })?;
    named(&plane, &id)
}

/// The answer that names a job.
fn named(plane: &ControlPlane, id: &str) -> Answer {
    let description = plane.jobs.read(|book| {
        let job = book.job(id)?;
        Ok::<_, JobError>(job.description.clone())
    })?;
    let mut body = json!({"jobArn": arn(plane, id), "jobId": id});
    if let Some(description) = description {
        body["description"] = description.into();
    }
    Ok(ok(&body))
}

fn arn(plane: &ControlPlane, id: &str) -> String {
    plane.registry.arn(&format!("job/{id}"))
}

pub async fn describe(State(plane): Plane, Path(id): Name) -> Answer {
    let job = plane.jobs.read(|book| {
        let job = book.job(&id)?;
        Ok::<_, JobError>(document::job(job, &arn(&plane, &id)))
    })?;
    Ok(ok(&json!({ "job": job })))
}

pub async fn get_document(State(plane): Plane, Path(id): Name) -> Answer {
    let document = plane.jobs.read(|book| {
        let job = book.job(&id)?;
        Ok::<_, JobError>(job.document.clone())
    })?;
    Ok(ok(&json!({ "document": document })))
}

pub async fn update(State(plane): Plane, Path(id): Name, body: Bytes) -> Answer {
    let request = Request::read(&body)?;
    let limit_minutes = request.limit_minutes()?;
    let now_ms = plane.jobs.now_ms();
    let description = request.description;
    plane
        .jobs
        .change(|book| book.update(&id, description, limit_minutes, now_ms))?;
    done()
}

pub async fn associate(State(plane): Plane, Path(id): Name, body: Bytes) -> Answer {
    let request = Request::read(&body)?;
    let (targets, comment) = (request.targets, request.comment);
    plane.jobs.add_targets(&id, targets, comment)?;
    named(&plane, &id)
}

pub async fn cancel(State(plane): Plane, Path(id): Name, q: Parameters, body: Bytes) -> Answer {
    let (request, force) = (Request::read(&body)?, q.flag("force")?);
    let (why, now_ms) = ((request.comment, request.reason_code), plane.jobs.now_ms());
    plane
        .jobs
        .change(|book| book.cancel(&id, force, why, now_ms))?;
    named(&plane, &id)
}

pub async fn delete(State(plane): Plane, Path(id): Name, q: Parameters) -> Answer {
    let force = q.flag("force")?;
    plane.jobs.change(|book| book.delete(&id, force))?;
    done()
}

pub async fn list(State(plane): Plane, q: Parameters) -> Answer {
    let (status, selection) = (q.text("status"), q.text("targetSelection"));
    let rows = plane.jobs.read(|book| {
        let jobs = book.jobs();
        let rows = jobs.map(|job| {
            let key = format!("{:020}{}", job.created_at_ms, job.id);
            (key, document::job_summary(job, &arn(&plane, &job.id)))
        });
        rows.collect::<Vec<_>>()
    });
    let fits = |row: &Value| {
        status.is_none_or(|status| row["status"] == status)
            && selection.is_none_or(|selection| row["targetSelection"] == selection)
    };
    let rows = rows.into_iter().filter(|(_, row)| fits(row));
    page::of_things(&q, "jobs", rows)
}

pub async fn describe_execution(
    State(plane): Plane,
    Path((thing, id)): Path<(String, String)>,
    q: Parameters,
) -> Answer {
    let number = q.number("executionNumber", 0..=u64::MAX)?;
    let now_ms = plane.jobs.now_ms();
    let arn = plane.registry.thing_arn(&thing);
    let execution = plane.jobs.read(|book| {
        let place = book.execution(&thing, &id, number)?;
        Ok::<_, JobError>(document::execution_for_operator(place, &arn, now_ms))
    })?;
    Ok(ok(&json!({ "execution": execution })))
}

pub async fn cancel_execution(
    State(plane): Plane,
    Path((thing, id)): Path<(String, String)>,
    q: Parameters,
    body: Bytes,
) -> Answer {
    let request = Request::read(&body)?;
    let cancel = CancelExecution {
        force: q.flag("force")?,
        expected_version: request.expected_version,
        details: request.status_details,
    };
    let now_ms = plane.jobs.now_ms();
    plane
        .jobs
        .change(|book| book.cancel_execution(&thing, &id, cancel, now_ms))?;
    done()
}

pub async fn delete_execution(
    State(plane): Plane,
    Path((thing, id, number)): Path<(String, String, u64)>,
    q: Parameters,
) -> Answer {
    let (force, now_ms) = (q.flag("force")?, plane.jobs.now_ms());
    plane
        .jobs
        .change(|book| book.delete_execution(&thing, &id, number, force, now_ms))?;
    done()
}

pub async fn executions_of_job(State(plane): Plane, Path(id): Name, q: Parameters) -> Answer {
    let status = status_of(&q)?;
    let rows = plane.jobs.read(|book| {
        let executions = book.job(&id)?.executions.iter();
        let rows = executions
            .filter(|(_, execution)| status.is_none_or(|status| status == execution.status))
            .map(|(thing, execution)| {
                let arn = plane.registry.thing_arn(thing);
                let summary = document::summary_for_operator(execution);
                let row = json!({"thingArn": arn, "jobExecutionSummary": summary});
                (thing.clone(), row)
            });
        Ok::<_, JobError>(rows.collect::<Vec<_>>())
    })?;
    page::of_things(&q, "executionSummaries", rows.into_iter())
}

pub async fn executions_of_thing(State(plane): Plane, Path(thing): Name, q: Parameters) -> Answer {
    let (status, only) = (status_of(&q)?, q.text("jobId"));
    super::thing::find(&plane, &thing)?;
    let rows = plane.jobs.read(|book| {
        let jobs = book.jobs().filter(|job| only.is_none_or(|id| id == job.id));
        let rows = jobs.filter_map(|job| {
            let execution = job.executions.get(&thing)?;
            if status.is_some_and(|status| status != execution.status) {
                return None;
            }
            let summary = document::summary_for_operator(execution);
            let row = json!({"jobId": job.id, "jobExecutionSummary": summary});
            Some((format!("{:020}", execution.order), row))
        });
        rows.collect::<Vec<_>>()
    });
    page::of_things(&q, "executionSummaries", rows.into_iter())
}

fn status_of(q: &Parameters) -> Result<Option<Status>, ApiError> {
    let Some(name) = q.text("status") else {
        return Ok(None);
    };
    match Status::of_name(name) {
        Some(status) => Ok(Some(status)),
        None => Err(ApiError::invalid(&format!(
            "{name:?} is not a status of a job execution"
        ))),
    }
}
