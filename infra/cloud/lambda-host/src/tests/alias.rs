//! Invocations through an alias or a version.

use serde_json::json;

use super::super::{Notice, Outcome};
use super::{World, function, world};

fn published() -> World {
    world(|function, _| {
        function.alias = Some("live".to_owned());
        function.event_qualifier = Some("live".to_owned());
    })
}

// AWS same(functions): the ARN that a function sees ends with the alias or version that the caller
//     named, and AWS_LAMBDA_FUNCTION_VERSION is the version
#[tokio::test]
async fn a_function_sees_the_alias_that_it_was_invoked_by() {
    let world = published();
    let arn = function().arn;
    for (target, expected) in [
        (format!("{arn}:live"), format!("{arn}:live")),
        ("home-Regulate:1".to_owned(), format!("{arn}:1")),
        (arn.clone(), arn.clone()),
        ("Regulate".to_owned(), arn.clone()),
    ] {
        let invoked = world.functions.invoke(&target, b"{}".to_vec(), None);
        let Outcome::Success(answer) = invoked.await.expect("it is known") else {
            panic!("{target} failed");
        };
        let answer: serde_json::Value = serde_json::from_slice(&answer).expect("json");
        let header = &answer["headers"]["lambda-runtime-invoked-function-arn"];
        assert_eq!(header, &json!(expected), "{target}");
        assert_eq!(world.functions.arn_of(&target), Some(expected));
    }
    let request = json!({"do": "environment"}).to_string().into_bytes();
    let invoked = world.functions.invoke("home-Regulate:live", request, None);
    let Outcome::Success(answer) = invoked.await.expect("it is known") else {
        panic!("no environment");
    };
    let answer: serde_json::Value = serde_json::from_slice(&answer).expect("json");
    assert_eq!(answer["AWS_LAMBDA_FUNCTION_VERSION"], "1");
    assert_eq!(world.functions.version_of("home-Regulate:live"), Some("1"));
    assert_eq!(world.functions.version_of(&arn), Some("$LATEST"));
    for target in ["home-Regulate:old", "home-Regulate:2", "home-Regulate:"] {
        assert_eq!(world.functions.version_of(target), None, "{target}");
        let refused = world.functions.invoke_async(target, b"{}".to_vec());
        let message = refused.map_err(|error| error.to_string());
        assert_eq!(message, Err(format!("invoke {target}: no such function")));
    }
}

// AWS same(functions): an EventInvokeConfig applies to events for its qualifier only; others are
//     tried three times and have no destination
#[tokio::test]
async fn an_event_is_handled_as_its_qualifier_says() {
    let mut world = published();
    let arn = function().arn;
    for (target, attempts, of_config) in [("home-Regulate:live", 1, true), (&arn, 3, false)] {
        let event = json!({"do": "fail"}).to_string().into_bytes();
        let id = world
            .functions
            .invoke_async(target, event)
            .expect("it is known");
        let (destination, record) = world
            .expect(|notice| match notice {
                Notice::GivenUp {
                    request_id,
                    destination,
                    record,
                    ..
                } if *request_id == id => Some((destination.clone(), record.clone())),
                _ => None,
            })
            .await;
        assert_eq!(destination.is_some(), of_config, "{target}");
        let (name, version) = if of_config {
            (format!("{arn}:live"), "1")
        } else {
            (format!("{arn}:$LATEST"), "$LATEST")
        };
        assert_eq!(record["requestContext"]["functionArn"], name);
        assert_eq!(record["requestContext"]["approximateInvokeCount"], attempts);
        assert_eq!(record["responseContext"]["executedVersion"], version);
    }
}
