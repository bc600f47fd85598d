//! What a press and a request cost: the counts behind the cost sheet.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::clock::Clock;
use lock_aws::{Cloud, MessageFunction};
use lock_core::limits::Limits;
use lock_testing::bound::{NOW, button, lock};
use lock_testing::broker::Broker;
use lock_testing::cost::assert_counts;
use lock_testing::counter::Counter;
use lock_testing::table;
use press::handler::Handler;
use serde_json::{Value, json};

struct World {
    broker: Broker,
    counter: Counter,
    cloud: Cloud,
    handler: Handler,
}

impl World {
    async fn new() -> Self {
        let broker = Broker::start().await;
        let counter = Counter::start(table::start().await).await;
        let cloud = table::client(counter.address, broker.address);
        table::create(cloud.store.client()).await;
        let cloud = cloud.with_clock(Clock::by_hand(NOW));
        let before = NOW.minus(60_000);
        table::register(&cloud, &lock(), before).await;
        table::bind(&cloud, &button(), &lock(), before).await;
        let handler = Handler::new(cloud.clone(), Limits::default());
        counter.take();
        Self {
            broker,
            counter,
            cloud,
            handler,
        }
    }

    /// Handles an event, and compares what it cost with the counts.
    async fn costs(&self, step: &str, event: &Value) {
        let deadline = self.cloud.clock.now().plus(2_000);
        let text = event.to_string();
        self.handler.handle(&text, deadline).await.unwrap();
        self.cloud.clock.wait(10_000).await;
        let calls = self.counter.take();
        let published = self.broker.take().len();
        assert_counts(step, &calls, published, &self.cloud).await;
        self.counter.take();
    }

    fn press(&self, sequence: u64) -> Value {
        json!({
            "button": "button-1", "clickType": "LONG", "batteryVoltage": "1568mV",
            "sequence": sequence, "receivedAt": self.cloud.clock.now().0,
            "pressId": format!("p{sequence}"), "principal": "ab12"
        })
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_costs_what_the_sheet_counts() {
    let world = World::new().await;
    world.costs("press, cold", &world.press(1)).await;
    world.costs("press", &world.press(2)).await;
    // Older than the one before: it came too late to act.
    world.costs("press, ignored", &world.press(1)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_costs_what_the_sheet_counts() {
    let world = World::new().await;
    let now = world.cloud.clock.now().0;
    let request = json!({
        "thing": "lock-1", "action": "unlock", "requestId": "r1", "requestedAt": now,
        "actor": "alice", "receivedAt": now, "principal": "ab12"
    });
    world.costs("request", &request).await;
}
