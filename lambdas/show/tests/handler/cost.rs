//! What a state and a line cost: the counts behind the cost sheet.

use lock_core::action::Action;
use lock_core::event::Subject;
use lock_core::id::CommandId;
use lock_core::record::{Cause, Command, Record};
use lock_core::report::Latch;
use lock_testing::bound::{NOW, button, lock};
use lock_testing::cost::assert_counts;
use lock_testing::stream::batch;
use serde_json::Value;

use super::world::{World, of_event, of_record, settled, unlock};

/// A settled record whose command a button has caused, so that both labels are read.
fn pressed(state: Latch, after_ms: u64) -> Record {
    let cause = Cause::Button { button: button() };
    let id = CommandId::from_text("a");
    Record {
        command: Some(Command::new(
            id,
            Action::Unlock,
            cause,
            NOW,
            Some(NOW.plus(30_000)),
        )),
        ..settled(state, NOW.plus(after_ms))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_and_a_line_cost_what_the_sheet_counts() {
    let world = World::new().await;
    world.label(Subject::Lock(lock()), "Front door").await;
    world.label(Subject::Button(button()), "fob").await;
    let (locked, open) = (pressed(Latch::Locked, 0), pressed(Latch::Unlocked, 9));
    let again = pressed(Latch::Unlocked, 20);
    let steps: [(&str, Value); 3] = [
        ("state, changed", of_record(1, Some(&locked), Some(&open))),
        ("state, unchanged", of_record(2, Some(&open), Some(&again))),
        ("line", of_event(3, None, &unlock("a"))),
    ];
    for (step, change) in steps {
        world.counter.take();
        assert_eq!(world.handle(&batch(&[change])).await, [""; 0]);
        let (calls, published) = (world.counter.take(), world.broker.take().len());
        assert_counts(step, &calls, published, &world.cloud).await;
    }
}
