//! What devices are answered, and what happens to executions, without a broker.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::book::Book;
use super::change::{CancelExecution, JobError};
use super::device::{Operation, answer, parse_topic};
use super::record::{Job, JobStatus, Status};

const MINUTE_MS: u64 = 60_000;

fn job(id: &str, is_continuous: bool) -> Job {
    Job {
        id: id.to_owned(),
        targets: vec!["g".to_owned()],
        is_continuous,
        document: r#"{"do": "it"}"#.to_owned(),
        description: None,
        limit_minutes: Some(10),
        status: JobStatus::InProgress,
        is_forced: false,
        comment: None,
        reason_code: None,
        created_at_ms: 1000,
        updated_at_ms: 1000,
        completed_at_ms: None,
        executions: BTreeMap::new(),
    }
}

fn things(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Jobs `a` and `b` for the thing `t`.
fn book() -> Book {
    let mut book = Book::new(BTreeMap::new(), 1.0);
    book.create(job("b", false), &things(&["t"])).unwrap();
    book.create(job("a", false), &things(&["t"])).unwrap();
    book
}

fn ask(book: &mut Book, operation: Operation<'_>, request: Value) -> Result<Value, Value> {
    answer(book, "t", operation, request.to_string().as_bytes(), 5000)
}

/// The code of a refusal.
fn code(answered: Result<Value, Value>) -> String {
    let refused = answered.unwrap_err();
    assert_eq!(refused["timestamp"], 5);
    refused["code"].as_str().unwrap().to_owned()
}

// AWS same(jobs): GetPendingJobExecutions, StartNextPendingJobExecution, DescribeJobExecution (also
//     $next) and UpdateJobExecution answer with AWS's fields, the client token and times in seconds
// AWS same(jobs): pending executions come in the order in which they were queued, those in progress
//     first
#[test]
fn a_device_works_through_its_jobs_in_order() {
    let mut book = book();
    let pending = ask(
        &mut book,
        Operation::GetPending,
        json!({"clientToken": "k"}),
    )
    .unwrap();
    let ids = |rows: &Value| -> Vec<String> {
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| row["jobId"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(ids(&pending["queuedJobs"]), ["b", "a"]);
    assert_eq!(pending["inProgressJobs"], json!([]));
    assert_eq!(
        (&pending["clientToken"], &pending["timestamp"]),
        (&json!("k"), &json!(5))
    );

    let details = json!({"statusDetails": {"step": "1"}});
    let started = ask(&mut book, Operation::StartNext, details).unwrap();
    let expected = json!({
        "jobId": "b", "thingName": "t", "status": "IN_PROGRESS", "statusDetails": {"step": "1"},
        "queuedAt": 1, "startedAt": 5, "lastUpdatedAt": 5, "versionNumber": 2,
        "executionNumber": 1, "jobDocument": {"do": "it"},
    });
    assert_eq!(started["execution"], expected);
    // One that was started already keeps its details.
    let other = json!({"statusDetails": {"step": "2"}});
    let again = ask(&mut book, Operation::StartNext, other).unwrap();
    assert_eq!(again["execution"], expected);

    let short = json!({"includeJobDocument": false});
    let next = ask(&mut book, Operation::Describe("$next"), short).unwrap();
    assert_eq!(next["execution"]["jobId"], "b");
    assert_eq!(next["execution"].get("jobDocument"), None);

    let done = json!({"status": "SUCCEEDED", "expectedVersion": 2,
        "includeJobExecutionState": true, "includeJobDocument": true});
    let updated = ask(&mut book, Operation::Update("b"), done).unwrap();
    let state = json!({"status": "SUCCEEDED", "versionNumber": 3, "statusDetails": {"step": "1"}});
    assert_eq!(updated["executionState"], state);
    assert_eq!(updated["jobDocument"], json!({"do": "it"}));
    assert_eq!(book.job("b").unwrap().status, JobStatus::Completed);

    let failed = json!({"status": "FAILED"});
    let updated = ask(&mut book, Operation::Update("a"), failed).unwrap();
    assert_eq!(updated, json!({"timestamp": 5}));
    let none = ask(&mut book, Operation::StartNext, json!({})).unwrap();
    assert_eq!(none, json!({"timestamp": 5}));
}

// AWS same(jobs): refusals have the codes InvalidJson, InvalidRequest, ResourceNotFound,
//     VersionMismatch, InvalidStateTransition and TerminalStateReached; two of them with the state
//     of the execution
// AWS unknown(jobs): AWS does not say what DescribeJobExecution for $next answers without pending
//     executions; here an empty execution
#[test]
fn what_a_device_may_not_do_is_refused_in_awss_words() {
    let mut book = book();
    let update = |book: &mut Book, request| ask(book, Operation::Update("a"), request);
    for (request, expected) in [
        (json!([]), "InvalidJson"),
        (json!({}), "InvalidRequest"),
        (json!({"status": "QUEUED"}), "InvalidRequest"),
        (json!({"status": "TIMED_OUT"}), "InvalidRequest"),
        (json!({"status": 1}), "InvalidRequest"),
        (
            json!({"status": "FAILED", "statusDetails": {"k": ""}}),
            "InvalidRequest",
        ),
        (
            json!({"status": "IN_PROGRESS", "stepTimeoutInMinutes": 0}),
            "InvalidRequest",
        ),
        (
            json!({"status": "FAILED", "executionNumber": 2}),
            "ResourceNotFound",
        ),
    ] {
        assert_eq!(
            code(update(&mut book, request.clone())),
            expected,
            "{request}"
        );
    }
    let broken = answer(&mut book, "t", Operation::GetPending, b"{", 5000);
    assert_eq!(code(broken), "InvalidJson");
    let missing = ask(
        &mut book,
        Operation::Update("c"),
        json!({"status": "FAILED"}),
    );
    assert_eq!(code(missing), "ResourceNotFound");

    let refused = update(&mut book, json!({"status": "FAILED", "expectedVersion": 7}));
    let refused = refused.unwrap_err();
    assert_eq!(refused["code"], "VersionMismatch");
    let state = json!({"status": "QUEUED", "versionNumber": 1});
    assert_eq!(refused["executionState"], state);

    update(&mut book, json!({"status": "REJECTED"})).unwrap();
    let refused = update(&mut book, json!({"status": "IN_PROGRESS"})).unwrap_err();
    assert_eq!(refused["code"], "InvalidStateTransition");
    assert_eq!(refused["executionState"]["status"], "REJECTED");
    let described = ask(&mut book, Operation::Describe("a"), json!({}));
    assert_eq!(code(described), "TerminalStateReached");

    ask(
        &mut book,
        Operation::Update("b"),
        json!({"status": "FAILED"}),
    )
    .unwrap();
    let next = ask(&mut book, Operation::Describe("$next"), json!({})).unwrap();
    assert_eq!(next["execution"], json!({}));
}

// AWS same(jobs): an execution times out after the job's limit, counted from its start, or after
//     the device's limit for a step, whichever is first; -1 ends a step's limit
#[test]
fn an_execution_that_is_late_times_out() {
    for (step, late_minutes) in [(None, 10), (Some(1), 1), (Some(20), 10)] {
        let mut book = book();
        let mut request = json!({});
        if let Some(minutes) = step {
            request["stepTimeoutInMinutes"] = minutes.into();
        }
        ask(&mut book, Operation::StartNext, request).unwrap();
        let end_ms = 5000 + late_minutes * MINUTE_MS;
        assert!(!book.expire(end_ms - 1), "{step:?}");
        assert!(book.expire(end_ms), "{step:?}");
        let execution = book.execution("t", "b", None).unwrap().execution;
        assert_eq!((execution.status, execution.version), (Status::TimedOut, 3));
        assert_eq!(book.job("b").unwrap().status, JobStatus::Completed);
    }
    let mut book = book();
    ask(
        &mut book,
        Operation::StartNext,
        json!({"stepTimeoutInMinutes": 1}),
    )
    .unwrap();
    let more = json!({"status": "IN_PROGRESS", "stepTimeoutInMinutes": -1});
    ask(&mut book, Operation::Update("b"), more).unwrap();
    assert!(!book.expire(5000 + 2 * MINUTE_MS));
}

// AWS same(jobs): a continuous job is also for things that join its group later; one that leaves
//     the group or is deleted has its pending execution REMOVED, and gets the job again when it
//     comes back
#[test]
fn a_continuous_job_follows_its_group() {
    let mut book = Book::new(BTreeMap::new(), 1.0);
    book.create(job("c", true), &things(&["t"])).unwrap();
    book.create(job("s", false), &things(&["t"])).unwrap();
    let status = |book: &Book, thing: &str, id: &str| {
        let place = book.execution(thing, id, None).ok()?;
        Some((place.execution.status, place.execution.number))
    };
    let follow = |book: &mut Book, members: &[&str], existing: &[&str]| {
        let (members, existing) = (things(members), things(existing));
        book.follow(|_| members.clone(), |thing| existing.contains(thing), 9000)
    };
    assert!(!follow(&mut book, &["t"], &["t"]));
    assert!(follow(&mut book, &["t", "u"], &["t", "u"]));
    assert_eq!(status(&book, "u", "c"), Some((Status::Queued, 1)));
    assert_eq!(status(&book, "u", "s"), None);
    assert!(follow(&mut book, &["t"], &["t", "u"]));
    assert_eq!(status(&book, "u", "c"), Some((Status::Removed, 1)));
    assert!(follow(&mut book, &["t", "u"], &["t", "u"]));
    assert_eq!(status(&book, "u", "c"), Some((Status::Queued, 2)));
    assert!(follow(&mut book, &["u"], &["u"]));
    assert_eq!(status(&book, "t", "s"), Some((Status::Removed, 1)));
    assert_eq!(book.job("s").unwrap().status, JobStatus::Completed);
    assert_eq!(book.job("c").unwrap().status, JobStatus::InProgress);
}

// AWS same(jobs): CancelJob ends queued executions, with force also those in progress; DeleteJob
//     and DeleteJobExecution need force for what is not over
#[test]
fn jobs_and_executions_are_cancelled_and_deleted_with_or_without_force() {
    for (force, expected) in [(false, Status::InProgress), (true, Status::Canceled)] {
        let mut book = Book::new(BTreeMap::new(), 1.0);
        book.create(job("j", false), &things(&["t", "u"])).unwrap();
        ask(&mut book, Operation::StartNext, json!({})).unwrap();
        assert!(matches!(book.delete("j", false), Err(JobError::State(_))));
        book.cancel("j", force, (None, Some("WHY".to_owned())), 6000)
            .unwrap();
        let status = |thing| book.execution(thing, "j", None).unwrap().execution.status;
        assert_eq!((status("t"), status("u")), (expected, Status::Canceled));
        assert!(book.cancel("j", force, (None, None), 6000).is_err());
        assert_eq!(book.delete("j", false).is_ok(), force);
    }
    let mut book = book();
    ask(&mut book, Operation::StartNext, json!({})).unwrap();
    let cancel = |force, expected_version| CancelExecution {
        force,
        expected_version,
        details: BTreeMap::new(),
    };
    let refused = book.cancel_execution("t", "b", cancel(false, None), 6000);
    assert!(matches!(refused, Err(JobError::State(_))));
    let refused = book.cancel_execution("t", "b", cancel(true, Some(9)), 6000);
    assert!(matches!(refused, Err(JobError::Version(_))));
    book.cancel_execution("t", "b", cancel(true, Some(2)), 6000)
        .unwrap();
    book.delete_execution("t", "b", 1, false, 6000).unwrap();
    assert!(book.execution("t", "b", None).is_err());
    assert!(book.delete_execution("t", "a", 1, false, 6000).is_err());
    book.delete_execution("t", "a", 1, true, 6000).unwrap();
}

#[test]
fn only_topics_of_requests_are_parsed() {
    for (topic, expected) in [
        ("$aws/things/t/jobs/get", Some(Operation::GetPending)),
        ("$aws/things/t/jobs/start-next", Some(Operation::StartNext)),
        (
            "$aws/things/t/jobs/$next/get",
            Some(Operation::Describe("$next")),
        ),
        ("$aws/things/t/jobs/j/update", Some(Operation::Update("j"))),
        ("$aws/things/t/jobs/get/accepted", None),
        ("$aws/things/t/jobs/notify", None),
        ("$aws/things/t/shadow/get", None),
    ] {
        let parsed = parse_topic(topic);
        assert_eq!(parsed.map(|(_, operation)| operation), expected, "{topic}");
        assert!(parsed.is_none_or(|(thing, _)| thing == "t"));
    }
}
