//! Limits of functions: memory, time to start, sizes, concurrency, variables.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;

use super::super::{
    ASYNC_PAYLOAD_BYTES_MAX, FunctionError, Functions, Notice, Outcome, SYNC_PAYLOAD_BYTES_MAX,
};
use super::{function, world};

// AWS same(functions): a process over its memory limit is killed and the event fails with
//     Runtime.OutOfMemory; the next event gets a new process
// AWS different(functions): AWS never gives a process more than its memory; here its use is checked
//     every 20 ms
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_process_that_outgrows_its_memory_is_killed() {
    let mut world = world(|function, _| function.memory_mb = 128);
    let grow = json!({"do": "grow", "megabytes": 160, "hold": true});
    let (kind, message) = world.failure(grow).await;
    assert_eq!(kind, "Runtime.OutOfMemory");
    assert!(message.ends_with("signal: killed"), "{message}");
    assert_eq!(world.answer(json!({"do": "echo"})).await["count"], 1);
    world.functions.shutdown().await;
}

// AWS same(functions): the peak memory of a process is reported
#[cfg(target_os = "linux")]
#[tokio::test]
async fn peak_memory_is_reported_and_never_falls() {
    let mut world = world(|function, _| function.memory_mb = 512);
    let mut peaks = Vec::new();
    for megabytes in [1, 64, 1] {
        world.send(json!({"do": "grow", "megabytes": megabytes}));
        let usage = world.expect(|notice| match notice {
            Notice::Completed { usage, .. } => Some(*usage),
            _ => None,
        });
        let usage = usage.await;
        assert_eq!(usage.init_ms.is_some(), peaks.is_empty());
        assert!(usage.billed_ms() as f64 >= usage.duration_ms);
        peaks.push(usage.memory_mb.expect("Linux reports it"));
    }
    assert!(peaks[0] < 64, "{peaks:?}");
    assert!((64..128).contains(&peaks[1]), "{peaks:?}");
    assert_eq!(peaks[1], peaks[2], "a peak");
    world.functions.shutdown().await;
}

// AWS same(functions): an initialisation that takes longer than 10 s is restarted within the first
//     event's time
#[tokio::test]
async fn a_hanging_initialisation_restarts_with_the_event() {
    let directory = tempfile::tempdir().expect("a directory");
    let mark = directory.path().join("mark").display().to_string();
    let mut world = world(|function, wiring| {
        let pairs = [("PROBE_INIT", "hang".to_owned()), ("PROBE_MARK", mark)];
        function.environment = pairs.map(|(k, v)| (k.to_owned(), v)).into();
        wiring.tuning.init_limit = Duration::from_millis(300);
    });
    world.send(json!({"do": "echo"}));
    let line = world.expect(|notice| match notice {
        Notice::Log { line, .. } => Some(line.clone()),
        _ => None,
    });
    let report: serde_json::Value = serde_json::from_str(&line.await).expect("json");
    assert_eq!(report["type"], "platform.initReport");
    assert_eq!(report["record"]["status"], "timeout");
    assert!(matches!(world.outcome().await, Outcome::Success(_)));
    world.functions.shutdown().await;
}

// AWS same(functions): a response over 6 MB (6291556 bytes) is refused with 413 and fails the event
#[tokio::test]
async fn a_response_that_is_too_large_fails_the_event() {
    let mut world = world(|_, _| {});
    for (bytes, fails) in [(6_291_556, false), (6_291_557, true)] {
        world.send(json!({"do": "large", "bytes": bytes}));
        match world.outcome().await {
            Outcome::Success(body) => assert!(!fails && body.len() == bytes),
            Outcome::Failure(failure) => {
                assert!(fails);
                assert_eq!(failure.error_type, "Function.ResponseSizeTooLarge");
                let text =
                    "Response payload size exceeded maximum allowed payload size (6291556 bytes).";
                assert_eq!(failure.message, text);
            }
        }
    }
    world.functions.shutdown().await;
}

// AWS same(functions): an asynchronous event of more than 1 MB or a synchronous one of more than 6
//     MB is refused
#[tokio::test]
async fn a_payload_over_the_limit_is_refused() {
    let world = world(|_, _| {});
    let late = world
        .functions
        .invoke_async("Regulate", vec![b' '; ASYNC_PAYLOAD_BYTES_MAX + 1]);
    assert!(matches!(late, Err(FunctionError::TooLarge { most, .. }) if most == 1 << 20));
    let payload = vec![b' '; SYNC_PAYLOAD_BYTES_MAX + 1];
    let now = world.functions.invoke("Regulate", payload, None).await;
    assert!(matches!(now, Err(FunctionError::TooLarge { most, .. }) if most == 6 << 20));
    world.functions.shutdown().await;
}

// AWS same(functions): a synchronous invocation past the reserved concurrency is refused
#[tokio::test]
async fn a_call_past_the_concurrency_is_throttled() {
    let mut world = world(|function, _| function.reserved_concurrency = Some(1));
    world.send(json!({"do": "hang"}));
    world
        .expect(|notice| matches!(notice, Notice::Invoked { running: 1, .. }).then_some(()))
        .await;
    let refused = world.functions.invoke("Regulate", b"{}".to_vec(), None);
    let refused = refused.await;
    assert!(
        matches!(
            refused,
            Err(FunctionError::Throttled { reserved: true, .. })
        ),
        "{refused:?}"
    );
    world
        .expect(|notice| matches!(notice, Notice::Throttled { wait_ms: None, .. }).then_some(()))
        .await;
    world.functions.shutdown().await;
}

// AWS same(functions): 100 of the account's concurrency cannot be reserved
#[test]
fn reservations_must_leave_unreserved_concurrency() {
    for (reserved, account, fits) in [
        (Some(900), 1000, true),
        (Some(901), 1000, false),
        (Some(1), 10, false),
        (None, 10, true),
    ] {
        let mut function = function();
        function.reserved_concurrency = reserved;
        let shared = super::super::concurrency::share(&[function], account);
        assert_eq!(shared.is_ok(), fits, "{reserved:?} of {account}");
    }
}

// AWS same(functions): reserved and badly named variables, and more than 4 KB of them, are refused
#[test]
fn variables_that_lambda_refuses_are_refused_at_start() {
    for (name, value, reason) in [
        ("AWS_REGION", "x", "Lambda sets it; choose another name"),
        (
            "1ST",
            "x",
            "a name starts with a letter and has at least two letters, digits or underscores",
        ),
        (
            "LONG",
            &*"x".repeat(4093),
            "all variables together take more than 4 KB",
        ),
    ] {
        let mut wiring = None;
        world(|_, w| wiring = Some(w.clone()));
        let mut function = function();
        function.environment = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        let started = Functions::start(vec![function], wiring.expect("set above"));
        let message = started.err().map(|error| error.to_string());
        let expected =
            format!("configure function home-Regulate: environment variable {name}: {reason}");
        assert_eq!(message, Some(expected));
    }
}
