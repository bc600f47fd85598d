//! Presses and requests decided on predictions, right and wrong, through the function and the
//! table: what is commanded, and how many calls it takes.

use lock_aws::MessageFunction;
use lock_core::record::Status;
use lock_core::report::Latch;
use serde_json::{Value, json};

use super::world::World;

impl World {
    /// Handles an event. Returns what was commanded and how often the table was asked: reads, then
    /// transactions.
    async fn answer(&self, event: &Value) -> (Vec<String>, [usize; 2]) {
        self.counter.take();
        let deadline = self.cloud.clock.now().plus(2_000);
        let handled = self.handler.handle(&event.to_string(), deadline).await;
        handled.unwrap();
        let calls = self.counter.take();
        let count = |name: &str| calls.iter().filter(|call| call.operation == name).count();
        let sent = self.broker.take();
        let actions = sent.iter().map(|(_, command)| &command["action"]);
        let actions = actions.map(|action| action.as_str().unwrap().to_owned());
        let counts = [count("GetItem"), count("TransactWriteItems")];
        (actions.collect(), counts)
    }

    /// Handles a press, ten seconds after the last one.
    async fn answer_later(&self, click: &str, sequence: u64) -> (Vec<String>, [usize; 2]) {
        self.cloud.clock.wait(10_000).await;
        self.answer(&self.press(click, sequence)).await
    }
}

/// A process that has handled a press, for which it read all: it then knows binding and record.
async fn warm(click: &str, action: &str) -> World {
    let world = World::new().await;
    assert_eq!(world.answer_later(click, 1).await, sent(action, [2, 1]));
    world
}

fn sent(action: &str, counts: [usize; 2]) -> (Vec<String>, [usize; 2]) {
    (vec![action.to_owned()], counts)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_warm_press_reads_nothing_and_a_door_that_relocks_is_learned() {
    let world = warm("LONG", "unlock").await;
    world.settle(Latch::Unlocked).await;
    assert_eq!(world.answer_later("SINGLE", 2).await, sent("lock", [0, 1]));
    world.settle(Latch::Locked).await;
    assert_eq!(
        world.answer_later("SINGLE", 3).await,
        sent("unlock", [0, 1])
    );
    // The door locks by itself: the prediction is wrong once, and costs one more transaction.
    world.settle(Latch::Locked).await;
    assert_eq!(
        world.answer_later("SINGLE", 4).await,
        sent("unlock", [0, 2])
    );
    for sequence in 5..8 {
        world.settle(Latch::Locked).await;
        assert_eq!(
            world.answer_later("SINGLE", sequence).await,
            sent("unlock", [0, 1])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_process_committed_is_found_by_the_transaction() {
    let world = warm("DOUBLE", "lock").await;
    let other = world.another();
    world.settle(Latch::Locked).await;
    // It has just started, and knows the record from the binding's note.
    assert_eq!(other.answer_later("LONG", 2).await, sent("unlock", [1, 1]));
    world.settle(Latch::Unlocked).await;
    // Its prediction says locked: the table says unlocked, at another version. By then the age of
    // the last press matters, and that of its binding is old too.
    assert_eq!(world.answer_later("SINGLE", 3).await, sent("lock", [0, 3]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_press_is_the_same_wish_for_a_process_that_has_not_seen_the_first() {
    let world = warm("DOUBLE", "lock").await;
    let other = world.another();
    world.settle(Latch::Locked).await;
    assert_eq!(
        other.answer_later("SINGLE", 2).await,
        sent("unlock", [1, 1])
    );
    world.settle(Latch::Unlocked).await;
    // The record, then the age of the last press, then all is read: nothing locks the open door.
    world.cloud.clock.wait(2_000).await;
    let (actions, _) = world.answer(&world.press("SINGLE", 3)).await;
    assert_eq!(
        actions,
        Vec::<String>::new(),
        "an impatient person keeps the door open"
    );
    assert_eq!(world.record().await.state, Latch::Unlocked);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_press_is_judged_on_what_is_read() {
    let world = warm("LONG", "unlock").await;
    // Not answered: the same press is sent again, which no prediction says.
    assert_eq!(
        world.answer(&world.press("LONG", 1)).await,
        sent("unlock", [2, 1])
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_does_not_answer_is_read() {
    let world = warm("LONG", "unlock").await;
    world.leave(Status::Unresponsive, Latch::Locked).await;
    assert_eq!(
        world.answer_later("LONG", 2).await,
        sent("unlock", [0, 2]),
        "found"
    );
    world.leave(Status::Unresponsive, Latch::Locked).await;
    assert_eq!(
        world.answer_later("DOUBLE", 3).await,
        sent("lock", [0, 2]),
        "found"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_decided_on_the_same_prediction() {
    let world = warm("LONG", "unlock").await;
    world.settle(Latch::Unlocked).await;
    let now = world.cloud.clock.now().0;
    let request = |id: &str| {
        json!({
            "thing": "lock-1", "action": "toggle", "requestId": id, "requestedAt": now,
            "receivedAt": now
        })
    };
    assert_eq!(world.answer(&request("r1")).await, sent("lock", [0, 1]));
    world.settle(Latch::Unlocked).await;
    assert_eq!(
        world.answer(&request("r2")).await,
        sent("lock", [0, 2]),
        "a miss"
    );
    world.settle(Latch::Locked).await;
    let (actions, _) = world.answer(&request("r1")).await;
    assert_eq!(actions, Vec::<String>::new(), "it has acted");
}
