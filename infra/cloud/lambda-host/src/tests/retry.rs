//! Asynchronous events: retries, age, and the record of a discarded event.

use serde_json::{Value, json};

use super::super::Notice;
use super::{function, world};

// AWS same(functions): a failed event is retried after 1 and 2 minutes, within its limits on
//     retries and age
// AWS same(functions): the on-failure destination receives AWS's record of the event
#[tokio::test]
async fn a_failed_event_is_retried_after_one_and_two_minutes_then_given_up() {
    // Retries, age limit s, waits ms, condition, attempts.
    let cases: [(u32, u64, &[u64], &str, u64); 4] = [
        (0, 21_600, &[], "RetriesExhausted", 1),
        (1, 21_600, &[60_000], "RetriesExhausted", 2),
        (2, 21_600, &[60_000, 120_000], "RetriesExhausted", 3),
        // The third attempt would be just after 180 s: too late.
        (2, 180, &[60_000, 119_000], "EventAgeExceeded", 2),
    ];
    for (retries, age_s, waits, condition, attempts) in cases {
        let mut world = world(|function, _| {
            function.max_retries = retries;
            function.max_event_age_s = age_s;
        });
        let id = world.send(json!({"do": "fail", "degrees": 21}));
        for least in waits {
            let (request_id, wait_ms) = world
                .expect(|notice| match notice {
                    Notice::Retrying {
                        request_id,
                        wait_ms,
                        ..
                    } => Some((request_id.clone(), *wait_ms)),
                    _ => None,
                })
                .await;
            assert_eq!(request_id, id);
            assert!((*least..=least + 1000).contains(&wait_ms), "{wait_ms}");
        }
        let (destination, record) = world
            .expect(|notice| match notice {
                Notice::GivenUp {
                    destination,
                    record,
                    ..
                } => Some((destination.clone(), record.clone())),
                _ => None,
            })
            .await;
        assert_eq!(destination, function().on_failure);
        assert_eq!(
            record,
            json!({
                "version": "1.0",
                "timestamp": "2026-02-02T02:40:00.000Z",
                "requestContext": {
                    "requestId": id,
                    "functionArn": format!("{}:$LATEST", function().arn),
                    "condition": condition,
                    "approximateInvokeCount": attempts,
                },
                "requestPayload": {"do": "fail", "degrees": 21},
                "responseContext": {
                    "statusCode": 200,
                    "executedVersion": "$LATEST",
                    "functionError": "Unhandled",
                },
                "responsePayload": {
                    "errorType": "Probe.Failed",
                    "errorMessage": "as asked",
                    "stackTrace": ["probe"],
                },
            })
        );
        world.functions.shutdown().await;
    }
}

/// The record of the first discarded event, and the waits of throttled events before it.
async fn given_up(world: &mut super::World) -> (Vec<u64>, Value) {
    let mut waits = Vec::new();
    loop {
        let notice = world.expect(|notice| Some(notice.clone())).await;
        match notice {
            Notice::Throttled {
                wait_ms: Some(wait_ms),
                ..
            } => waits.push(wait_ms),
            Notice::GivenUp { record, .. } => return (waits, record),
            _ => {}
        }
    }
}

// AWS same(functions): with reserved concurrency 0 an event goes to the destination without an
//     attempt
#[tokio::test]
async fn an_event_of_a_disabled_function_is_discarded_at_once() {
    let mut world = world(|function, _| function.reserved_concurrency = Some(0));
    world.send(json!({"do": "echo"}));
    let (waits, record) = given_up(&mut world).await;
    assert_eq!(waits, [0; 0]);
    let context = &record["requestContext"];
    assert_eq!(context["condition"], "ZeroReservedConcurrency");
    assert_eq!(context["approximateInvokeCount"], 0);
    assert!(record.get("responseContext").is_none(), "{record}");
    world.functions.shutdown().await;
}

// AWS same(functions): a throttled event waits 1 s, 2 s, … 5 min between attempts and is discarded
//     when it is too old
#[tokio::test]
async fn a_throttled_event_backs_off_until_it_is_too_old() {
    let mut world = world(|function, _| {
        function.reserved_concurrency = Some(1);
        function.max_event_age_s = 60;
        function.timeout_s = 20;
    });
    world.send(json!({"do": "hang"}));
    world
        .expect(|notice| matches!(notice, Notice::Invoked { .. }).then_some(()))
        .await;
    world.send(json!({"do": "echo"}));
    let (waits, record) = given_up(&mut world).await;
    // 1 + 2 + 4 + 8 + 16 = 31 s, then the rest of the minute.
    assert_eq!(waits[..5], [1000, 2000, 4000, 8000, 16_000]);
    assert!((25_000..=29_000).contains(&waits[5]), "{waits:?}");
    assert_eq!(record["requestContext"]["condition"], "EventAgeExceeded");
    assert_eq!(record["requestContext"]["approximateInvokeCount"], 0);
    world.functions.shutdown().await;
}

#[test]
fn epoch_milliseconds_format_as_iso_8601() {
    let cases = [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
        (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
    ];
    for (ms, text) in cases {
        assert_eq!(crate::log::iso_8601(ms), text);
    }
}
