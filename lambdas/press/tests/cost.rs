//! What a press and a request cost: the counts behind the cost sheet.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::clock::Clock;
use lock_aws::{Cloud, MessageFunction};
use lock_core::limits::Limits;
use lock_core::record::Status;
use lock_core::report::Latch;
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

    /// The lock answers its command.
    async fn settle(&self, state: Latch) {
        table::leave(&self.cloud, &lock(), Status::Settled, state).await;
        self.counter.take();
    }

    /// The same world with a new process.
    fn restarted(&self) -> Self {
        // The process notes the deployment's limits once: this one does it again.
        let cloud = table::client(self.counter.address, self.broker.address);
        let cloud = cloud.with_clock(self.cloud.clock.clone());
        Self {
            broker: self.broker.clone(),
            counter: self.counter.clone(),
            handler: Handler::new(cloud.clone(), Limits::default()),
            cloud,
        }
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
    world.costs("press, first", &world.press(1)).await;
    // The lock has not answered yet: the prediction that it has is wrong.
    world.costs("press, mispredicted", &world.press(2)).await;
    world.settle(Latch::Unlocked).await;
    world.costs("press", &world.press(3)).await;
    // Older than the one before: it came too late to act.
    world.costs("press, ignored", &world.press(1)).await;
    world.settle(Latch::Unlocked).await;
    // A new process knows only what the binding notes of its last press.
    world
        .restarted()
        .costs("press, cold", &world.press(4))
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_costs_what_the_sheet_counts() {
    let world = World::new().await;
    let request = |id: &str| {
        let now = world.cloud.clock.now().0;
        json!({
            "thing": "lock-1", "action": "unlock", "requestId": id, "requestedAt": now,
            "actor": "alice", "receivedAt": now, "principal": "ab12"
        })
    };
    world.costs("request, cold", &request("r1")).await;
    world.settle(Latch::Unlocked).await;
    world.costs("request", &request("r2")).await;
}
