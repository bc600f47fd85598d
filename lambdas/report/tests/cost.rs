//! What a report costs: the counts behind the cost sheet.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::MessageFunction;
use lock_aws::clock::Clock;
use lock_core::limits::Limits;
use lock_testing::bound::{NOW, lock};
use lock_testing::broker::Broker;
use lock_testing::cost::assert_counts;
use lock_testing::counter::Counter;
use lock_testing::table;
use report::handler::Handler;
use serde_json::{Value, json};

/// A whole report, as firmware 2.0.0 sends it.
fn event(counter: u64, version: &Value, id: &Value) -> Value {
    let mut reported = json!({
        "lock": "locked", "version": version, "commandId": id, "result": "executed",
        "source": "remote", "refused": null, "bootCount": 1, "clock": "synced",
        "clockUncertaintyMs": 1043, "firmware": "2.0.0", "rssi": -61, "door": "closed",
        "settings": "stated", "relockMs": 30_000, "pulseMs": 0
    });
    reported["reportId"] = json!(table::report_id(&reported, counter));
    json!({
        "thing": "lock-1", "shadowVersion": counter, "timestamp": NOW.seconds().0 + counter,
        "clientToken": format!("1-{counter}"), "reported": reported
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_costs_what_the_sheet_counts() {
    let broker = Broker::start().await;
    let counter = Counter::start(table::start().await).await;
    let cloud = table::client(counter.address, broker.address);
    table::create(cloud.store.client()).await;
    let cloud = cloud.with_clock(Clock::by_hand(NOW));
    table::register(&cloud, &lock(), NOW).await;
    let handler = Handler::new(cloud.clone(), Limits::default());
    let handle = async |event: Value| {
        let deadline = cloud.clock.now().plus(2_000);
        let text = event.to_string();
        handler.handle(&text, deadline).await.unwrap();
        cloud.clock.wait(1_000).await;
    };

    handle(event(1, &json!(0), &json!(null))).await;
    let sent = broker.take();
    let command = &sent[0].1;
    counter.take();
    let steps = [(2, "report, settling"), (3, "report, unchanged")];
    for (count, step) in steps {
        handle(event(count, &command["version"], &command["commandId"])).await;
        let (calls, published) = (counter.take(), broker.take().len());
        assert_counts(step, &calls, published, &cloud).await;
        counter.take();
    }
}
