//! Asynchronous events: retries, age, and the record of what was given up.

use serde_json::json;

use super::super::Notice;
use super::{function, world};

#[tokio::test]
async fn a_failed_event_is_retried_after_one_and_two_minutes_then_given_up() {
    // (retries, age limit s, waits ms, condition, attempts)
    let cases: [(u32, u64, &[u64], &str, u64); 4] = [
        (0, 21_600, &[], "RetriesExhausted", 1),
        (1, 21_600, &[60_000], "RetriesExhausted", 2),
        (2, 21_600, &[60_000, 120_000], "RetriesExhausted", 3),
        // The third attempt would come at 180 s and a little: too old by then.
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
                "responsePayload": {"errorType": "Probe.Failed", "errorMessage": "as asked"},
            })
        );
        world.functions.shutdown().await;
    }
}

#[test]
fn epoch_milliseconds_become_iso_8601() {
    let cases = [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_399_999, "2000-02-28T23:59:59.999Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
        (4_102_444_800_000, "2100-01-01T00:00:00.000Z"),
    ];
    for (ms, text) in cases {
        assert_eq!(crate::clock::iso_8601(ms), text);
    }
}
