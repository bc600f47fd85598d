//! The metrics of the press function.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::MetricLevel::{self, All, Few, None};
use lock_aws::clock::Clock;
use lock_aws::{Cloud, MessageFunction};
use lock_core::limits::Limits;
use lock_testing::bound::{BOUND, NOW, button, lock};
use lock_testing::broker::Broker;
use lock_testing::metric::{kept, line, take};
use lock_testing::table;
use press::handler::Handler;
use serde_json::{Value, json};

const SERVICE: &[(&str, &str)] = &[("service", "press")];

/// A button that is bound to a lock.
async fn world(level: MetricLevel) -> (Broker, Cloud, Handler) {
    let broker = Broker::start().await;
    let cloud = table::cloud(broker.address).await;
    let cloud = cloud
        .with_clock(Clock::by_hand(NOW))
        .with_metrics(kept(level));
    table::register(&cloud, &lock(), BOUND).await;
    table::bind(&cloud, &button(), &lock(), BOUND).await;
    let handler = Handler::new(cloud.clone(), Limits::default());
    (broker, cloud, handler)
}

fn press() -> String {
    json!({
        "button": "button-1", "clickType": "LONG", "batteryVoltage": "1568mV", "sequence": 1,
        "receivedAt": NOW, "pressId": "p1", "principal": "ab12"
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_is_counted_by_its_outcome_where_the_deployment_asks_for_it() {
    let outcome = |decision, reason| {
        let dimensions = [("decision", decision), ("reason", reason)];
        line(&dimensions, ("Presses", "Count", 1), NOW)
    };
    for level in [None, Few, All] {
        let (_broker, cloud, handler) = world(level).await;
        handler.handle(&press(), NOW.plus(9_000)).await.unwrap();
        let first = take(&cloud.metrics);
        handler.handle(&press(), NOW.plus(9_000)).await.unwrap();
        let again = take(&cloud.metrics);
        if level == All {
            assert_eq!(first, [outcome("command", "pressed")]);
            let [again] = &again[..] else {
                panic!("one line: {again:?}");
            };
            assert_eq!(again["Presses"], 1);
            assert_ne!(again["reason"], "pressed");
        } else {
            assert_eq!((first, again), (Vec::new(), Vec::new()), "{level:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_is_not_sent_and_a_message_to_a_stranger_are_counted() {
    let request = json!({
        "thing": "thermostat", "action": "lock", "requestId": "r", "receivedAt": NOW
    });
    for level in [None, Few] {
        let (broker, cloud, handler) = world(level).await;
        let written = |name| match level {
            None => Vec::new(),
            _ => vec![line(SERVICE, (name, "Count", 1), NOW)],
        };
        let (stranger, deadline) = (request.to_string(), NOW.plus(600));
        handler.handle(&stranger, deadline).await.unwrap();
        assert_eq!(take(&cloud.metrics), written("UnregisteredMessages"));
        broker.answer(500);
        handler.handle(&press(), deadline).await.unwrap_err();
        let lines: Vec<Value> = take(&cloud.metrics);
        let names = lines.iter().map(|line| (&line["Alerts"], &line["service"]));
        let wanted = written("Alerts");
        let wanted = wanted
            .iter()
            .map(|line| (&line["Alerts"], &line["service"]));
        assert!(names.eq(wanted), "{lines:?}");
    }
}
