//! What people call a lock and a button is shown wherever they read its name.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::item::from_json;
use serde_json::{Value, json};

const DOOR: &str = "Front door, Hall (lock-1)";
const FOB: &str = "fob (button-1)";
/// How long a message may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// A locked door with label and room, and its button with a label.
async fn house(arguments: &[&str]) -> Result<World> {
    let world = World::start_with(&[&["--memory"], arguments].concat()).await?;
    world.until_settled("lock-1", "locked").await?;
    let labelled = run(
        &world,
        &["label", "lock-1", "Front door", "--room", "Hall"],
        true,
    );
    let labelled = labelled.await?;
    ensure!(
        labelled.contains(&format!("lock-1 is shown as {DOOR}")),
        "{labelled}"
    );
    let labelled = run(&world, &["label", "button-1", "fob"], true).await?;
    ensure!(
        labelled.contains(&format!("button-1 is shown as {FOB}")),
        "{labelled}"
    );
    Ok(world)
}

/// The output of a command that succeeds, or that fails.
async fn run(world: &World, arguments: &[&str], is_success: bool) -> Result<String> {
    let output = world.lockctl(arguments).await?;
    let text = String::from_utf8([output.stdout, output.stderr].concat())?;
    ensure!(
        output.status.success() == is_success,
        "{arguments:?}: {text}"
    );
    Ok(text)
}

/// Runs a command whose answer contains all of these.
async fn shows(world: &World, arguments: &[&str], wanted: &[&str]) -> Result<()> {
    let text = run(world, arguments, true).await?;
    for wanted in wanted {
        ensure!(
            text.contains(wanted),
            "{arguments:?} without {wanted}: {text}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn every_command_shows_the_labels() -> Result<()> {
    let world = house(&[]).await?;
    let pressed = [
        &format!("{FOB} LONG: unlock"),
        &format!("{DOOR} is unlocked after"),
    ];
    let pressed = pressed.map(String::as_str);
    shows(&world, &["press", "button-1", "long"], &pressed).await?;
    shows(
        &world,
        &["lock", "lock-1"],
        &[&format!("{DOOR} is locked after")],
    )
    .await?;
    shows(&world, &["status"], &[&format!("{DOOR} locked")]).await?;
    shows(&world, &["history", "lock-1"], &[FOB]).await?;
    shows(&world, &["bindings"], &[&format!("{FOB} commands {DOOR}")]).await?;
    shows(&world, &["revoke", "button-1"], &[FOB, DOOR]).await?;
    shows(&world, &["bind", "button-1", "lock-1"], &[FOB, DOOR]).await?;

    let status = world.lockctl_json(&["status"]).await?;
    ensure!(status["locks"][0]["label"] == "Front door", "{status}");
    ensure!(status["locks"][0]["room"] == "Hall", "{status}");
    let bindings = world.lockctl_json(&["bindings"]).await?;
    ensure!(bindings["bindings"][0]["label"] == "fob", "{bindings}");
    let history = world.lockctl_json(&["history", "lock-1"]).await?;
    ensure!(history["room"] == "Hall", "{history}");
    let unlocked = world.lockctl_json(&["unlock", "lock-1"]).await?;
    ensure!(unlocked["label"] == "Front door", "{unlocked}");
    ensure!(unlocked["record"]["room"] == "Hall", "{unlocked}");
    Ok(())
}

#[tokio::test]
async fn labels_are_set_with_the_registration_and_removed_by_a_command() -> Result<()> {
    let world = house(&[]).await?;
    let back = "Back door, Garden (lock-2)";
    let register = ["register", "lock", "lock-2", "--record-only"];
    let labels = ["--label", "Back door", "--room", "Garden"];
    shows(&world, &[&register[..], &labels].concat(), &[back]).await?;
    shows(&world, &["status"], &[&format!("{back} unknown")]).await?;
    // A repeated registration without labels leaves them.
    shows(&world, &register, &["already registered"]).await?;
    let button = [
        "register",
        "button",
        "button-2",
        "--record-only",
        "--lock",
        "lock-2",
    ];
    let wanted = format!("porch (button-2) now commands {back}");
    shows(
        &world,
        &[&button[..], &["--label", "porch"]].concat(),
        &[&wanted],
    )
    .await?;

    shows(&world, &["label", "lock-2"], &[back]).await?;
    let same = "the same label is in use for lock-1";
    shows(&world, &["label", "lock-2", "Front door"], &[same]).await?;
    let none = "lock-2 has no label: it is shown by its name alone";
    shows(&world, &["label", "lock-2", "--clear"], &[none]).await?;
    for (arguments, wanted) in [
        (
            &["label", "lock-9", "x"][..],
            "no lock or button lock-9 is registered",
        ),
        (
            &["label", "button-1", "--room", "Hall"],
            "only a lock has a room",
        ),
        (&["label", "lock-1", ""], "label of 0 characters"),
        (&["label", "lock-1", "a\u{1b}[2J"], "label with character"),
        (
            &["unlock", "fob"],
            "`lockctl register lock fob` registers it",
        ),
        (
            &["revoke", "FOB"],
            "FOB is a label, and commands take a name: button-1",
        ),
    ] {
        let text = run(&world, arguments, false).await?;
        ensure!(text.contains(wanted), "{arguments:?}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn a_warning_is_a_plain_line_beside_a_json_document() -> Result<()> {
    let world = house(&[]).await?;
    // A hand edit: a label that is a number.
    let listing = json!({ "pk": { "S": "things" }, "sk": { "S": "lock#lock-1" } });
    let label = from_json(&json!({ "label": { "N": "7" } }))?.remove("label");
    let edit = world.dynamodb().update_item().table_name(world.at("table"));
    let edit = edit
        .set_key(Some(from_json(&listing)?))
        .update_expression("SET #label = :label")
        .expression_attribute_names("#label", "label")
        .expression_attribute_values(":label", label.context("no label")?);
    edit.send().await.context("change the label")?;

    let shown = world.lockctl(&["status", "--output", "json"]).await?;
    let document: Value = serde_json::from_slice(&shown.stdout)?;
    ensure!(document["locks"][0]["label"].is_null(), "{document:#}");
    let errors = String::from_utf8(shown.stderr)?;
    let warning = errors.trim_start().strip_prefix("WARN ");
    ensure!(
        warning
            .is_some_and(|line| line.starts_with("the label of lock-1 is not shown: not a text")),
        "{errors}"
    );
    ensure!(errors.lines().count() == 1, "{errors}");
    Ok(())
}

#[tokio::test]
async fn the_console_and_alerts_show_the_labels() -> Result<()> {
    let world = house(&["--parameter", "AnnounceUnlocks=true"]).await?;
    let has_labels = |state: &Value| {
        state["locks"][0]["label"] == "Front door"
            && state["locks"][0]["room"] == "Hall"
            && state["buttons"][0]["label"] == "fob"
    };
    world.until_state("with labels", has_labels).await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world
        .until_history("lock-1", &format!("{FOB} LONG: unlock"))
        .await?;

    let url = format!("{}/notifications", world.at("iot"));
    let patience = tokio::time::Instant::now() + DEADLINE;
    let mut ticks = tokio::time::interval(Duration::from_millis(50));
    let sent = loop {
        let all: Vec<Value> = reqwest::get(&url).await?.error_for_status()?.json().await?;
        let is_it = |message: &&Value| message["attributes"]["code"] == "unlocked";
        if let Some(sent) = all.iter().find(is_it) {
            break sent.clone();
        }
        ensure!(
            tokio::time::Instant::now() < patience,
            "no message: {all:#?}"
        );
        ticks.tick().await;
    };
    ensure!(sent["subject"] == format!("{DOOR}: unlocked"), "{sent}");
    let text = sent["message"].as_str().context("no message")?;
    ensure!(
        text.contains(&format!("{DOOR} was unlocked by {FOB} at ")),
        "{text}"
    );
    Ok(())
}
