//! A function whose process the test starts, as a person with a debugger does.

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::super::{Awaited, External, Notice, Outcome};
use super::{NOW_MS, World, probe, world};

/// A function that is not started, and for which there is no executable either.
async fn waiting() -> (World, Awaited) {
    let external = External::listen().await.expect("a free port");
    let world = world(move |function, wiring| {
        function.timeout_s = 1;
        wiring.binaries.clear();
        wiring
            .external
            .insert(function.logical_id.clone(), external);
    });
    let awaited = world.functions.awaited();
    let [awaited] = &awaited[..] else {
        panic!("one function waits: {awaited:?}");
    };
    let awaited = awaited.clone();
    (world, awaited)
}

fn start(awaited: &Awaited) -> Child {
    Command::new(probe())
        .env_clear()
        .envs(&awaited.environment)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the probe starts")
}

// AWS different(functions): in AWS a function's processes are Lambda's; here one that somebody else
//     starts with the printed address and variables can be the function, whose time is not limited
#[tokio::test]
async fn a_process_that_somebody_starts_is_the_function() {
    let (mut world, awaited) = waiting().await;
    assert_eq!(awaited.function, "home-Regulate");
    let variables = &awaited.environment;
    let address = awaited.address.to_string();
    assert_eq!(variables["AWS_LAMBDA_RUNTIME_API"], address);
    assert_eq!(variables["AWS_ACCESS_KEY_ID"], "key-of-Regulate");
    assert_eq!(variables["AWS_ENDPOINT_URL_DYNAMODB"], "http://d");
    assert!(!variables.contains_key("PATH"), "{variables:?}");
    let id = world.send(json!({"do": "echo"}));
    let cold = world.expect(|notice| match notice {
        Notice::Invoked { cold, .. } => Some(*cold),
        _ => None,
    });
    assert!(!cold.await, "nothing is started");
    // The event waits for the process, longer than the function's timeout would allow.
    let outcome = timeout(Duration::from_millis(1200), world.outcome());
    assert!(outcome.await.is_err(), "nobody can have answered");
    let _process = start(&awaited);
    let Outcome::Success(body) = world.outcome().await else {
        panic!("the probe answers");
    };
    let answer: serde_json::Value = serde_json::from_slice(&body).expect("json");
    let headers = &answer["headers"];
    assert_eq!(headers["lambda-runtime-aws-request-id"], id);
    let day_ms = 24 * 60 * 60 * 1000;
    let deadline = (NOW_MS + day_ms).to_string();
    assert_eq!(headers["lambda-runtime-deadline-ms"], deadline);
    assert_eq!(world.answer(json!({"do": "echo"})).await["count"], 2);
    world.functions.shutdown().await;
}

#[tokio::test]
async fn an_event_without_an_answer_fails_when_the_next_process_comes() {
    let (mut world, awaited) = waiting().await;
    let mut first = start(&awaited);
    world.send(json!({"do": "exit"}));
    first.wait().await.expect("it ends");
    let _second = start(&awaited);
    let Outcome::Failure(failure) = world.outcome().await else {
        panic!("nothing answered");
    };
    assert_eq!(failure.error_type, "Runtime.ExitError");
    let text = "Runtime exited without providing a reason";
    assert!(failure.message.ends_with(text), "{}", failure.message);
    // The second process has the next event, as its first.
    assert_eq!(world.answer(json!({"do": "echo"})).await["count"], 1);
    world.functions.shutdown().await;
}

#[tokio::test]
async fn a_process_that_ended_between_events_is_replaced_by_the_next() {
    let (mut world, awaited) = waiting().await;
    let mut first = start(&awaited);
    assert_eq!(world.answer(json!({"do": "echo"})).await["count"], 1);
    first.kill().await.expect("it runs");
    let _second = start(&awaited);
    // An event may still be handed to the first, whose end takes a moment to be noticed.
    let body = loop {
        world.send(json!({"do": "echo"}));
        match world.outcome().await {
            Outcome::Success(body) => break body,
            Outcome::Failure(failure) => assert_eq!(failure.error_type, "Runtime.ExitError"),
        }
    };
    let answer: serde_json::Value = serde_json::from_slice(&body).expect("json");
    assert_eq!(answer["count"], 1);
    world.functions.shutdown().await;
}

#[tokio::test]
async fn a_kill_ends_the_event_and_not_the_process() {
    let (mut world, awaited) = waiting().await;
    let mut process = start(&awaited);
    world.send(json!({"do": "hang"}));
    // Until the process has taken the event there is nothing to end.
    let failure = loop {
        world.functions.kill("home-Regulate").expect("it is known");
        let outcome = timeout(Duration::from_millis(50), world.outcome());
        if let Ok(outcome) = outcome.await {
            break outcome;
        }
    };
    assert!(matches!(failure, Outcome::Failure(f) if f.error_type == "Runtime.ExitError"));
    assert!(process.try_wait().expect("its state").is_none());
    world.functions.shutdown().await;
}
