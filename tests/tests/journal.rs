//! A lock whose flash refuses the journal, and another program that commands it (C9, D1). A minute
//! lasts 1.2 s here.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::World;
use e2e::world::has_event;
use serde_json::Value;

/// The files of the two slots of lock-1's journal, which is read only at power-on.
fn journal_slots(world: &World) -> [PathBuf; 2] {
    let flash = world.data_dir().join("flash/lock-1");
    [0, 1].map(|n| flash.join(format!("journal.{n}")))
}

/// Makes the lock's flash refuse each write of the journal.
fn break_journal(world: &World) -> Result<()> {
    for slot in journal_slots(world) {
        if slot.exists() {
            fs::remove_file(&slot).with_context(|| format!("remove {}", slot.display()))?;
        }
        // A folder with something in it is neither removed nor written as a file.
        fs::create_dir_all(slot.join("stuck")).context("block the slot")?;
    }
    Ok(())
}

fn mend_journal(world: &World) -> Result<()> {
    for slot in journal_slots(world) {
        fs::remove_dir_all(&slot).with_context(|| format!("free {}", slot.display()))?;
    }
    Ok(())
}

fn refusal(lock: &Value) -> &Value {
    &lock["shadow"]["reported"]["refused"]
}

#[tokio::test]
async fn a_newer_lock_that_was_not_journalled_does_not_keep_the_door_shut() -> Result<()> {
    let world = World::start_with(&["--no-button-devices", "--time-scale", "0.02"]).await?;
    world.until_settled("lock-1", "locked").await?;
    break_journal(&world)?;
    world.send_press("DOUBLE", 1).await?;
    world
        .until("lock-1", "without a journal", |lock| {
            refusal(lock)["reason"] == "journal"
        })
        .await?;
    let ahead = Duration::from_secs(2);
    world.lock_by_another("lock-1", ahead).await?;
    // The lock refuses ours from now on: a later version takes its place.
    let commanded = world
        .until("lock-1", "commanded at a later version", |lock| {
            lock["record"]["command"]["cause"] == "system: refused by lock"
        })
        .await?;
    assert!(
        has_event(&commanded, "refused by lock"),
        "{:#}",
        commanded["history"]
    );
    mend_journal(&world)?;
    world.until_settled("lock-1", "locked").await?;
    world.send_press("LONG", 2).await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    assert_eq!(opened["device"]["movements"], 1, "{opened:#}");
    world.log()?.check_invariants()
}
