//! A function that the laptop does not start, and that somebody else does, as with a debugger.

use anyhow::{Context as _, Result};
use e2e::World;
use e2e::program::program;
use tokio::process::Command;

#[tokio::test]
async fn a_press_function_that_is_started_by_hand_unlocks() -> Result<()> {
    let world = World::start_with(&["--no-start", "PressFunction"]).await?;
    world.until_settled("lock-1", "locked").await?;
    let waiting = &world.ready()["functions"]["PressFunction"];
    let file = waiting["environment"].as_str().context("no file")?;
    let script = format!("set -a; . '{file}'; exec '{}'", program("press")?.display());
    let mut shell = Command::new("sh");
    let _process = shell.args(["-c", &script]).kill_on_drop(true).spawn()?;
    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}
