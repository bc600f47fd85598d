//! The metrics of the report function.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::MetricLevel::{self, All, Few, None};
use lock_aws::clock::Clock;
use lock_aws::{Cloud, MessageFunction};
use lock_core::action::ClickType;
use lock_core::limits::Limits;
use lock_testing::bound::{BOUND, NOW, button, decide, lock, press, record, settle};
use lock_testing::broker::Broker;
use lock_testing::metric::{kept, line, take};
use lock_testing::table;
use report::handler::Handler;
use serde_json::{Value, json};

/// A lock whose button was pressed at [`NOW`], 750 ms ago.
async fn pressed(level: MetricLevel) -> (Cloud, Handler) {
    let broker = Broker::start().await;
    let cloud = table::cloud(broker.address).await;
    let clock = Clock::by_hand(NOW.plus(750));
    let cloud = cloud.with_clock(clock).with_metrics(kept(level));
    table::register(&cloud, &lock(), BOUND).await;
    table::bind(&cloud, &button(), &lock(), BOUND).await;
    let decision = decide(&cloud, &press("p1", ClickType::Long, Some(1), NOW), NOW).await;
    cloud.store.commit(&decision.writes).await.unwrap();
    let handler = Handler::new(cloud.clone(), Limits::default());
    (cloud, handler)
}

/// The lock reports that it executed its current command.
async fn report(cloud: &Cloud, shadow: u64) -> String {
    let record = record(cloud).await;
    let id = format!("1-{shadow}");
    json!({
        "thing": "lock-1", "shadowVersion": shadow, "timestamp": NOW.seconds().0 + shadow,
        "clientToken": id,
        "reported": {
            "lock": "unlocked", "version": record.version,
            "commandId": record.command.unwrap().id, "result": "executed", "source": "remote",
            "refused": null, "bootCount": 1, "clock": "synced", "firmware": "1.0.0",
            "rssi": -61, "door": "closed", "reportId": id
        }
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_answer_to_a_press_is_measured_and_no_other_report() {
    let now = NOW.plus(750);
    let value = ("PressToAcknowledgementMs", "Milliseconds", 750);
    let answer = line(&[("service", "report")], value, now);
    for (level, wanted) in [
        (None, Vec::new()),
        (Few, vec![answer.clone()]),
        (All, vec![answer]),
    ] {
        let (cloud, handler) = pressed(level).await;
        let event = report(&cloud, 3).await;
        handler.handle(&event, now.plus(9_000)).await.unwrap();
        assert_eq!(take(&cloud.metrics), wanted, "{level:?}");
        for event in [event, report(&cloud, 4).await] {
            handler.handle(&event, now.plus(9_000)).await.unwrap();
            assert_eq!(take(&cloud.metrics), [Value::Null; 0], "{level:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_about_a_stranger_is_counted() {
    let (cloud, handler) = pressed(Few).await;
    settle(&cloud, "unlocked", 3).await;
    let mut event: Value = serde_json::from_str(&report(&cloud, 4).await).unwrap();
    event["thing"] = json!("thermostat");
    let now = NOW.plus(750);
    let handled = handler.handle(&event.to_string(), now.plus(9_000)).await;
    handled.unwrap();
    let wanted = line(
        &[("service", "report")],
        ("UnregisteredMessages", "Count", 1),
        now,
    );
    assert_eq!(take(&cloud.metrics), [wanted]);
}
