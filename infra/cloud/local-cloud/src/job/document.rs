//! Jobs and executions as JSON, for devices and for the control plane.
//!
//! Must not know: when they are sent. Source: AWS IoT Core developer guide, "Jobs device MQTT and
//! HTTPS data types"; AWS IoT API, `Job` and `JobExecution`.

use serde_json::{Map, Value, json};

use super::book::Place;
use super::record::{Execution, Job, Status};

/// Most pending executions in a notification.
const LISTED_MAX: usize = 15;

/// An execution for its device, with the job's document if `has_document`.
pub fn execution(place: Place<'_>, has_document: bool) -> Value {
    let execution = place.execution;
    let mut body = summary(place);
    body["thingName"] = place.thing.into();
    body["status"] = execution.status.name().into();
    if !execution.details.is_empty() {
        body["statusDetails"] = json!(execution.details);
    }
    if has_document {
        body["jobDocument"] = document(place.job);
    }
    body
}

/// The job's document: the JSON that was given, as part of an answer.
pub fn document(job: &Job) -> Value {
    serde_json::from_str(&job.document).unwrap_or_else(|_| job.document.as_str().into())
}

/// Where an execution stands, for its device.
pub fn state(execution: &Execution) -> Value {
    let mut body = json!({
        "status": execution.status.name(),
        "versionNumber": execution.version,
    });
    if !execution.details.is_empty() {
        body["statusDetails"] = json!(execution.details);
    }
    body
}

/// An execution in a list for its device.
pub fn summary(place: Place<'_>) -> Value {
    let execution = place.execution;
    let mut body = json!({
        "jobId": place.job.id,
        "queuedAt": seconds(execution.queued_at_ms),
        "lastUpdatedAt": seconds(execution.updated_at_ms),
        "versionNumber": execution.version,
        "executionNumber": execution.number,
    });
    if let Some(at_ms) = execution.started_at_ms {
        body["startedAt"] = seconds(at_ms);
    }
    body
}

/// Pending executions by status, as notifications carry them.
pub fn by_status(pending: &[Place<'_>]) -> Value {
    let mut jobs = Map::new();
    for place in pending.iter().take(LISTED_MAX) {
        let rows = jobs
            .entry(place.execution.status.name())
            .or_insert_with(|| json!([]));
        if let Some(rows) = rows.as_array_mut() {
            rows.push(summary(*place));
        }
    }
    jobs.into()
}

/// A job for the control plane.
pub fn job(job: &Job, arn: &str) -> Value {
    let mut body = job_summary(job, arn);
    body["targets"] = json!(job.targets);
    body["jobProcessDetails"] = counts(job);
    body["presignedUrlConfig"] = json!({});
    if job.is_forced {
        body["forceCanceled"] = true.into();
    }
    for (name, text) in [
        ("description", &job.description),
        ("comment", &job.comment),
        ("reasonCode", &job.reason_code),
    ] {
        if let Some(text) = text {
            body[name] = text.as_str().into();
        }
    }
    if let Some(minutes) = job.limit_minutes {
        body["timeoutConfig"] = json!({"inProgressTimeoutInMinutes": minutes});
    }
    body
}

/// A job in a list of the control plane.
pub fn job_summary(job: &Job, arn: &str) -> Value {
    let selection = if job.is_continuous {
        "CONTINUOUS"
    } else {
        "SNAPSHOT"
    };
    let mut body = json!({
        "jobArn": arn,
        "jobId": job.id,
        "targetSelection": selection,
        "status": job.status.name(),
        "createdAt": seconds(job.created_at_ms),
        "lastUpdatedAt": seconds(job.updated_at_ms),
        "isConcurrent": false,
    });
    if let Some(at_ms) = job.completed_at_ms {
        body["completedAt"] = seconds(at_ms);
    }
    body
}

/// How many things are in which status.
fn counts(job: &Job) -> Value {
    let names = [
        (Status::Queued, "numberOfQueuedThings"),
        (Status::InProgress, "numberOfInProgressThings"),
        (Status::Succeeded, "numberOfSucceededThings"),
        (Status::Failed, "numberOfFailedThings"),
        (Status::TimedOut, "numberOfTimedOutThings"),
        (Status::Rejected, "numberOfRejectedThings"),
        (Status::Removed, "numberOfRemovedThings"),
        (Status::Canceled, "numberOfCanceledThings"),
    ];
    let count = |status| {
        let all = job.executions.values();
        all.filter(|execution| execution.status == status).count()
    };
    let counted = names.map(|(status, name)| (name.to_owned(), count(status).into()));
    Value::Object(counted.into_iter().collect())
}

/// An execution for the control plane.
pub fn execution_for_operator(place: Place<'_>, thing_arn: &str, now_ms: u64) -> Value {
    let execution = place.execution;
    let mut body = summary_for_operator(execution);
    body["jobId"] = place.job.id.as_str().into();
    body["thingArn"] = thing_arn.into();
    body["versionNumber"] = execution.version.into();
    body["statusDetails"] = json!({"detailsMap": execution.details});
    if execution.is_forced {
        body["forceCanceled"] = true.into();
    }
    if let Some(limit_ms) = execution.limit_ms() {
        let left_s = limit_ms.saturating_sub(now_ms) / 1000;
        body["approximateSecondsBeforeTimedOut"] = left_s.into();
    }
    body
}

/// An execution in a list of the control plane.
pub fn summary_for_operator(execution: &Execution) -> Value {
    let mut body = json!({
        "status": execution.status.name(),
        "queuedAt": seconds(execution.queued_at_ms),
        "lastUpdatedAt": seconds(execution.updated_at_ms),
        "executionNumber": execution.number,
    });
    if let Some(at_ms) = execution.started_at_ms {
        body["startedAt"] = seconds(at_ms);
    }
    body
}

/// A time as AWS writes it here: whole seconds since the Unix epoch.
pub fn seconds(ms: u64) -> Value {
    (ms / 1000).into()
}
