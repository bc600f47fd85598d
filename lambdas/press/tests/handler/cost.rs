//! What a press and a request cost: the counts behind the cost sheet.

use lock_aws::MessageFunction;
use lock_core::report::Latch;
use lock_testing::cost::assert_counts;
use serde_json::{Value, json};

use super::world::World;

impl World {
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
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_costs_what_the_sheet_counts() {
    let world = World::new().await;
    world.costs("press, first", &world.press("LONG", 1)).await;
    // The lock has not answered yet: the prediction that it has is wrong.
    world
        .costs("press, mispredicted", &world.press("LONG", 2))
        .await;
    world.settle(Latch::Unlocked).await;
    world.costs("press", &world.press("LONG", 3)).await;
    // Older than the one before: it came too late to act.
    world.costs("press, ignored", &world.press("LONG", 1)).await;
    world.settle(Latch::Unlocked).await;
    // A new process knows only what the binding notes of its last press.
    world
        .another()
        .costs("press, cold", &world.press("LONG", 4))
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
