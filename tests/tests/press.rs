//! A press, as a person at the door sees it, with the virtual button's own firmware.

use anyhow::Result;
use e2e::World;
use e2e::log::Log;
use serde_json::Value;

/// Texts of a lock's history, newest first.
fn lines(lock: &Value) -> Vec<&str> {
    lock["history"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|line| line["text"].as_str())
        .collect()
}

#[tokio::test]
async fn a_press_unlocks_and_the_next_press_locks() -> Result<()> {
    // `SameWishMs=0`: the second press at once is not taken for the same wish.
    let world = World::start_with(&["--memory", "--parameter", "SameWishMs=0"]).await?;
    let before = world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "SINGLE").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    assert!(
        opened["record"]["version"].as_u64() > before["record"]["version"].as_u64(),
        "versions grow"
    );
    assert_eq!(
        opened["shadow"]["reported"]["version"], opened["record"]["version"],
        "the shadow names another command"
    );
    assert_eq!(
        world.shadow("lock-1").await?["state"]["reported"]["lock"],
        "unlocked",
        "the AWS SDK reads another latch"
    );
    // The quiet window does not apply to a button with a sequence.
    world.press("button-1", "SINGLE").await?;
    let closed = world.until_settled("lock-1", "locked").await?;
    assert_eq!(
        closed["device"]["movements"],
        2,
        "not one movement for each press: {:#?}",
        lines(&closed)
    );
    Ok(())
}

#[tokio::test]
async fn a_long_press_unlocks_and_a_double_press_locks() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.press("button-1", "DOUBLE").await?;
    let closed = world.until_settled("lock-1", "locked").await?;
    assert_eq!(closed["device"]["movements"], 2, "{:#?}", lines(&closed));
    Ok(())
}

#[tokio::test]
async fn a_double_press_on_a_locked_door_moves_nothing() -> Result<()> {
    let world = World::start().await?;
    let before = world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "DOUBLE").await?;
    let after = world
        .until("lock-1", "settled at a newer version", |lock| {
            lock["record"]["status"] == "settled"
                && lock["record"]["version"].as_u64() > before["record"]["version"].as_u64()
        })
        .await?;
    assert_eq!(
        (&after["record"]["state"], &after["device"]["movements"]),
        (&"locked".into(), &0.into())
    );
    Ok(())
}

#[tokio::test]
async fn each_button_moves_the_lock_it_is_bound_to() -> Result<()> {
    let world = World::start_with(&["--memory", "--locks", "2", "--buttons", "2"]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.until_settled("lock-2", "locked").await?;
    world.press("button-2", "SINGLE").await?;
    world.until_settled("lock-2", "unlocked").await?;
    assert_eq!(world.lock("lock-1").await?["device"]["movements"], 0);
    Ok(())
}

/// The calls of the press function, each delayed by 1 ms: so the local cloud counts them, by their
/// caller.
const COUNTED: [&str; 3] = [
    "slow:press.read@1-999+1ms",
    "slow:press.commit@1-999+1ms",
    "slow:press.publish@1-999+1ms",
];

/// Presses the button. Returns the lock once it is settled in `latch`, and the function's calls:
/// reads, transactions, publishes.
async fn press_and_count(world: &World, click: &str, latch: &str) -> Result<(Value, [usize; 3])> {
    let count = |log: &Log| COUNTED.map(|fault| log.strikes(fault));
    let (log, before) = (world.log()?, world.lock("lock-1").await?);
    world.press("button-1", click).await?;
    let version = before["record"]["version"].as_u64();
    let is_next = |lock: &Value| lock["record"]["version"].as_u64() > version;
    world.until("lock-1", "at a newer version", is_next).await?;
    let after = world.until_settled("lock-1", latch).await?;
    let runs = log.successes("PressFunction");
    let has_ended = |log: &Log| log.successes("PressFunction") > runs && log.is_idle();
    let ended = world.until_log("the end of the press", has_ended).await?;
    let (from, to) = (count(&log), count(&ended));
    Ok((after, std::array::from_fn(|call| to[call] - from[call])))
}

#[tokio::test]
async fn a_warm_press_is_one_transaction_and_one_publish() -> Result<()> {
    // A minute between two sweeps lasts 1.2 s.
    let short = ["--time-scale", "0.02", "--parameter", "SameWishMs=0"];
    let world = World::start_with(&[&["--memory"][..], &short].concat()).await?;
    world.until_settled("lock-1", "locked").await?;
    for fault in COUNTED {
        world.arm(fault).await?;
    }
    let (_, calls) = press_and_count(&world, "SINGLE", "unlocked").await?;
    assert_eq!(
        calls,
        [2, 2, 1],
        "a new process reads binding and record, and notes the limits that it decides with"
    );
    let (_, calls) = press_and_count(&world, "SINGLE", "locked").await?;
    assert_eq!(calls, [0, 1, 1], "a warm process reads nothing");
    let (opened, calls) = press_and_count(&world, "SINGLE", "unlocked").await?;
    assert_eq!(calls, [0, 1, 1], "a warm process reads nothing");

    // An operator writes the record, and a sweep closes the door. The process does not see it.
    let recovered = world.lockctl(&["recover", "lock-1", "--running"]).await?;
    assert!(recovered.status.success(), "{recovered:?}");
    let closed = world.until_settled("lock-1", "locked").await?;
    assert!(
        closed["record"]["version"].as_u64() > opened["record"]["version"].as_u64(),
        "another writer was there"
    );
    let (_, calls) = press_and_count(&world, "SINGLE", "unlocked").await?;
    assert_eq!(calls, [0, 2, 1], "the transaction returns the record");
    let (closed, calls) = press_and_count(&world, "SINGLE", "locked").await?;
    assert_eq!(calls, [0, 1, 1], "the next prediction is right");
    assert_eq!(
        closed["device"]["movements"],
        6,
        "not one movement for each press, and one of the operator: {:#?}",
        lines(&closed)
    );
    let log = world.log()?;
    assert_eq!(log.cold_starts("PressFunction"), 1, "one process");
    log.check_invariants()
}
