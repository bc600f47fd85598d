//! From a new name to a door that opens, and what the command says on the way.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::place::{Place, STACK};
use e2e::shell::succeeds;
use serde_json::Value;

use crate::account::{certificates, check_complete, files, iot, whole};
use crate::board::Board;
use crate::command::{self, refused};

/// How often a button is pressed until its door opens, and how long each press may take.
const PRESSES_MAX: usize = 12;
const ANSWER: Duration = Duration::from_secs(10);

const LATCH: [&str; 4] = ["--unlocked-level", "1", "--power-on", "locked"];

async fn run(world: &World, arguments: &[&str]) -> Result<String> {
    succeeds(&world.lockctl(arguments).await?).with_context(|| format!("{arguments:?}"))
}

/// Waits until `lockctl status` shows a lock settled in this state.
async fn until_settled(world: &World, lock: &str, state: &str) -> Result<Value> {
    let what = format!("{lock} settled {state}");
    world
        .until_status(&what, |status| {
            let locks = status["locks"].as_array().into_iter().flatten();
            let mut locks = locks.filter(|shown| shown["lock"] == lock || shown["thing"] == lock);
            locks.any(|shown| shown["state"] == state && shown["status"] == "settled")
        })
        .await
}

#[tokio::test]
async fn a_registered_lock_and_button_boot_from_their_folders_and_open_the_door() -> Result<()> {
    let world = World::start().await?;
    world.until_settled("lock-1", "locked").await?;
    let lock = [&["register", "lock", "front-door"][..], &LATCH].concat();
    run(&world, &lock).await?;
    let devices = world.folder().join("devices");
    let mut door = Board::start(&devices.join("front-door")).await?;
    door.until_event("connected").await?;
    until_settled(&world, "front-door", "locked").await?;

    let register = ["register", "button", "hall", "--lock", "front-door"];
    let text = run(&world, &register).await?;
    ensure!(text.contains("hall now commands front-door"), "{text}");
    let mut hall = Board::start(&devices.join("hall")).await?;
    hall.until_event("connected").await?;
    press_until_open(&mut hall, &mut door).await?;
    until_settled(&world, "front-door", "unlocked").await?;

    let text = run(&world, &["rotate", "front-door"]).await?;
    ensure!(
        text.contains("lockctl rotate front-door --finish"),
        "{text}"
    );
    drop(door);
    let mut door = Board::start(&devices.join("front-door")).await?;
    door.until_event("connected").await?;
    let text = run(&world, &["rotate", "front-door", "--finish"]).await?;
    ensure!(text.contains("front-door is rotated"), "{text}");

    let text = run(&world, &["retire", "hall", "--yes"]).await?;
    ensure!(text.contains("hall is retired"), "{text}");
    Ok(())
}

/// Presses until the door opens: a press that the button makes before it knows the time, or within
/// two seconds of its binding, has no effect.
async fn press_until_open(button: &mut Board, door: &mut Board) -> Result<()> {
    for _ in 0..PRESSES_MAX {
        button.press("long").await?;
        let opened = door
            .find(ANSWER, |line| line["latch"] == "unlocked")
            .await?;
        if opened.is_some() {
            return Ok(());
        }
    }
    anyhow::bail!("{PRESSES_MAX} presses never opened the door")
}

#[tokio::test]
async fn a_repetition_finds_everything_done_and_a_missing_file_is_written_again() -> Result<()> {
    let place = Place::start().await?;
    let iot = iot(&place);
    let register = [&["register", "lock", "front-door"][..], &LATCH].concat();

    let dry = command::run(&place, &["register", "lock", "front-door", "--dry-run"]).await?;
    for line in [
        "nothing is changed (--dry-run)",
        "iot:CreateThing front-door (remote-lock-lock)",
        "iot:CreateCertificateFromCsr, inactive",
        "register lock front-door",
    ] {
        ensure!(dry.contains(line), "{line}: {dry}");
    }
    ensure!(certificates(&iot).await?.is_empty());
    let folder = place.folder().join("devices/front-door");
    ensure!(!folder.exists(), "--dry-run wrote {}", folder.display());

    let first = command::run(&place, &register).await?;
    ensure!(!first.contains("already there"), "{first}");
    let wanted = ("front-door", "remote-lock-lock", STACK, "doors-lock");
    let made = check_complete(&iot, wanted, &folder).await?;
    let whole = whole("front-door");
    ensure!(files(&folder)? == whole, "{:?}", files(&folder)?);

    for (file, _) in whole.iter().filter(|(file, _)| !file.ends_with(".key.pem")) {
        std::fs::remove_file(folder.join(file))?;
        let again = command::run(&place, &register).await?;
        ensure!(
            again.contains("active certificate: already there"),
            "{again}"
        );
        ensure!(
            again.contains("front-door was already registered"),
            "{again}"
        );
        ensure!(files(&folder)? == whole, "{file}: {:?}", files(&folder)?);
        ensure!(
            check_complete(&iot, wanted, &folder).await? == made,
            "{file}"
        );
    }

    // Without the key in the folder nothing new is made.
    std::fs::rename(&folder, place.folder().join("elsewhere"))?;
    let again = command::run(&place, &register).await?;
    ensure!(
        again.contains("`lockctl rotate front-door` makes a new key"),
        "{again}"
    );
    ensure!(certificates(&iot).await? == [made]);
    ensure!(!folder.exists());

    let other = refused(&place, &["register", "button", "front-door"]).await?;
    ensure!(
        other.contains("of the type remote-lock-lock, not remote-lock-button"),
        "{other}"
    );
    place.cloud.shutdown().await;
    Ok(())
}
