//! A press, as a person at the door sees it, with the virtual button's own firmware.

use anyhow::Result;
use e2e::World;

/// Texts of a lock's history, newest first.
fn lines(lock: &serde_json::Value) -> Vec<&str> {
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
