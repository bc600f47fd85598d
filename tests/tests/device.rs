//! Stories of the device and of the stack around it: power cuts, restarts.

use anyhow::Result;
use e2e::World;

#[tokio::test]
async fn after_a_power_cut_the_lock_comes_back_locked_and_the_record_follows() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "SINGLE").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    world.power("lock-1", false).await?;
    world.power("lock-1", true).await?;
    let back = world.until_settled("lock-1", "locked").await?;
    let boots = |lock: &serde_json::Value| lock["shadow"]["reported"]["bootCount"].as_u64();
    assert!(boots(&back) > boots(&opened), "the device counts its boots");
    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn what_is_known_survives_a_restart_of_the_stack() -> Result<()> {
    let world = World::with(&[]).await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "SINGLE").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    let world = World::within(world.stop().await?, &[]).await?;
    let back = world.until_settled("lock-1", "locked").await?;
    assert!(
        back["record"]["version"].as_u64() >= opened["record"]["version"].as_u64(),
        "versions never go back"
    );
    let told = back["history"]
        .as_array()
        .is_some_and(|lines| lines.len() > 1);
    assert!(told, "the history is still there: {back:#}");
    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.stop().await?;
    Ok(())
}
