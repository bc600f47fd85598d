//! The previous release's functions with this release's: on one table, one after the other and at
//! once. An upgrade and the way back lose nothing, whichever function is replaced first.
//!
//! `cargo xtask test --only build,previous` builds the previous functions and runs these stories.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::program::program;
use tempfile::TempDir;

const FUNCTIONS: [&str; 4] = ["press", "report", "sweep", "failure"];
/// Programs that a stack needs and that are always this release's.
const OTHERS: [&str; 4] = ["lockctl", "announce", "show", "virtual-device"];

/// The folder of the programs of a stack, with these functions of the previous release.
fn programs(previous: &[&str]) -> Result<TempDir> {
    let older = std::env::var_os("PREVIOUS_PROGRAMS");
    let older = PathBuf::from(older.context("run `cargo xtask test --only build,previous`")?);
    // In the build directory, since programs cannot be linked across file systems.
    let folder = tempfile::tempdir_in(program("lockctl")?.with_file_name(""))?;
    for name in FUNCTIONS.iter().chain(&OTHERS) {
        let is_previous = previous.contains(name);
        let from = if is_previous {
            older.join(name)
        } else {
            program(name)?
        };
        ensure!(from.is_file(), "no program {}", from.display());
        std::fs::hard_link(&from, folder.path().join(name))
            .with_context(|| format!("link {}", from.display()))?;
    }
    Ok(folder)
}

/// Starts a stack whose functions named in `previous` are those of the previous release.
async fn start(previous: &[&str], directory: TempDir) -> Result<(World, TempDir)> {
    let programs = programs(previous)?;
    let lockctl = programs.path().join("lockctl");
    let world =
        World::start_program(&lockctl, directory, &["--headless", "--time-scale", "0.1"]).await?;
    Ok((world, programs))
}

/// What every stack must do: unlock, relock, follow a power cut, and carry out a request.
async fn use_door(world: &World) -> Result<()> {
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.press("button-1", "DOUBLE").await?;
    world.until_settled("lock-1", "locked").await?;
    let unlocked = world.lockctl(&["unlock", "lock-1"]).await?;
    ensure!(unlocked.status.success(), "{unlocked:?}");
    world.until_settled("lock-1", "unlocked").await?;
    world.power("lock-1", false).await?;
    world.power("lock-1", true).await?;
    world.until_settled("lock-1", "locked").await?;
    Ok(())
}

#[tokio::test]
async fn previous_functions_are_replaced_and_come_back_on_one_table() -> Result<()> {
    let mut directory = tempfile::tempdir()?;
    let mut versions = Vec::new();
    for previous in [&FUNCTIONS[..], &[], &FUNCTIONS[..]] {
        let (world, _programs) = start(previous, directory).await?;
        world.until_settled("lock-1", "locked").await?;
        use_door(&world).await?;
        let lock = world.lock("lock-1").await?;
        versions.push(lock["record"]["version"].as_u64().context("no version")?);
        let history = lock["history"].as_array().context("no history")?.len();
        ensure!(history >= 4 * versions.len(), "{history} events: {lock:#}");
        directory = world.stop().await?;
    }
    ensure!(versions.is_sorted(), "a version came twice: {versions:?}");
    Ok(())
}

#[tokio::test]
async fn previous_press_and_sweep_work_with_the_new_report_and_failure() -> Result<()> {
    let (world, _programs) = start(&["press", "sweep"], tempfile::tempdir()?).await?;
    world.until_settled("lock-1", "locked").await?;
    use_door(&world).await
}

#[tokio::test]
async fn previous_report_and_failure_work_with_the_new_press_and_sweep() -> Result<()> {
    let (world, _programs) = start(&["report", "failure"], tempfile::tempdir()?).await?;
    world.until_settled("lock-1", "locked").await?;
    use_door(&world).await
}
