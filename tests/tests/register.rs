//! Registering and binding: unknown names, buttons that move between locks, forgotten locks.

use anyhow::{Context, Result};
use e2e::World;
use e2e::mqtt::Client;
use serde_json::{Value, json};

/// A press of a button with a sequence and a clock.
fn press(click: &str, sequence: u64, pressed_at: u64) -> String {
    json!({ "serialNumber": "button-1", "clickType": click, "batteryVoltage": "3000mV",
            "sequence": sequence, "pressedAt": pressed_at, "goodForMs": 3000 })
    .to_string()
}

fn now_ms() -> Result<u64> {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Ok(u64::try_from(since?.as_millis())?)
}

/// A stack with two locked doors, and a client that is the button, bound to the first lock.
async fn two_doors() -> Result<(World, Client)> {
    two_doors_with(&[]).await
}

async fn two_doors_with(more: &[&str]) -> Result<(World, Client)> {
    let two = ["--memory", "--no-button-devices", "--locks", "2"];
    let world = World::start_with(&[&two, more].concat()).await?;
    world.until_settled("lock-1", "locked").await?;
    world.until_settled("lock-2", "locked").await?;
    let button = world.client("button-1").await?;
    Ok((world, button))
}

/// Whether a `lockctl` command succeeded, and its output.
async fn run(world: &World, arguments: &[&str]) -> Result<(bool, String)> {
    let output = world.lockctl(arguments).await?;
    let text = [output.stdout, output.stderr].concat();
    Ok((output.status.success(), String::from_utf8(text)?))
}

async fn run_ok(world: &World, arguments: &[&str]) -> Result<String> {
    let (is_success, text) = run(world, arguments).await?;
    anyhow::ensure!(is_success, "lockctl {arguments:?} failed: {text}");
    Ok(text)
}

async fn run_refused(world: &World, arguments: &[&str], wanted: &str) -> Result<()> {
    let (is_success, text) = run(world, arguments).await?;
    anyhow::ensure!(!is_success, "lockctl {arguments:?} was accepted: {text}");
    let times = text.matches(wanted).count();
    anyhow::ensure!(
        times == 1,
        "lockctl {arguments:?} says `{wanted}` {times} times: {text}"
    );
    Ok(())
}

async fn bindings(world: &World) -> Result<Value> {
    Ok(world.lockctl_json(&["bindings"]).await?["bindings"].clone())
}

async fn names_of_locks(world: &World) -> Result<Vec<String>> {
    let status = world.lockctl_json(&["status"]).await?;
    let locks = status["locks"].as_array().context("no locks")?.iter();
    Ok(locks
        .filter_map(|lock| lock["lock"].as_str().map(str::to_owned))
        .collect())
}

#[tokio::test]
async fn a_button_bound_to_another_door_leaves_the_old_one_locked() -> Result<()> {
    // The sweep sends the lock.
    let (world, mut button) = two_doors_with(&["--time-scale", "0.05"]).await?;
    let topic = "iotbutton/button-1";
    button.publish(topic, &press("LONG", 1, now_ms()?)).await?;
    world.until_settled("lock-1", "unlocked").await?;
    let text = run_ok(&world, &["bind", "button-1", "lock-2"]).await?;
    for wanted in [
        "button-1 now commands lock-2",
        "it commanded lock-1 before",
        "lock-1 is not known to be locked: lock command v",
    ] {
        assert!(text.contains(wanted), "{text}");
    }
    world.until_settled("lock-1", "locked").await?;
    world
        .until_history("lock-1", "unbinds button-1: lock v")
        .await?;
    world
        .until_history(
            "lock-2",
            "binds button-1: noted: bound (was bound to lock-1)",
        )
        .await?;
    button.publish(topic, &press("LONG", 2, now_ms()?)).await?;
    world.until_settled("lock-2", "unlocked").await?;
    assert_eq!(world.lock("lock-1").await?["device"]["latch"], "locked");
    Ok(())
}

#[tokio::test]
async fn a_press_delivered_again_across_a_binding_acts_once() -> Result<()> {
    let (world, mut button) = two_doors().await?;
    let (topic, once) = ("iotbutton/button-1", press("LONG", 1_000, now_ms()?));
    button.publish(topic, &once).await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.lockctl_json(&["lock", "lock-1"]).await?;
    let closed = world.until_settled("lock-1", "locked").await?;
    world.lockctl_json(&["bind", "button-1", "lock-1"]).await?;
    button.publish(topic, &once).await?;
    world
        .until_history("lock-1", "LONG: ignored: duplicate")
        .await?;
    world.lockctl_json(&["bind", "button-1", "lock-2"]).await?;
    button.publish(topic, &once).await?;
    world
        .until_history("lock-2", "LONG: ignored: duplicate")
        .await?;
    for (door, before) in [("lock-1", &closed), ("lock-2", &Value::Null)] {
        let after = world.until_settled(door, "locked").await?;
        let movements = before["device"]["movements"].as_u64().unwrap_or(0);
        assert_eq!(after["device"]["movements"], movements, "{door}: {after:#}");
    }
    Ok(())
}

#[tokio::test]
async fn a_press_made_while_the_button_was_revoked_never_acts_after_binding() -> Result<()> {
    let (world, mut button) = two_doors().await?;
    run_ok(&world, &["revoke", "button-1"]).await?;
    let (topic, late) = ("iotbutton/button-1", press("LONG", 7, now_ms()?));
    button.publish(topic, &late).await?;
    world
        .until_history("lock-1", "LONG: ignored: revoked")
        .await?;
    let text = run_ok(
        &world,
        &["bind", "button-1", "lock-1", "--forget-last-press"],
    )
    .await?;
    assert!(
        text.contains("it commanded lock-1 before, and was revoked"),
        "{text}"
    );
    button.publish(topic, &late).await?;
    let lock = world
        .until_history("lock-1", "LONG: ignored: superseded")
        .await?;
    assert_eq!(lock["device"]["latch"], "locked");
    button.publish(topic, &press("LONG", 8, now_ms()?)).await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn an_enabled_button_has_its_lock_and_clicks_again_and_no_press_of_the_time_between()
-> Result<()> {
    let (world, mut button) = two_doors().await?;
    let text = run_ok(&world, &["enable", "button-1"]).await?;
    assert!(text.contains("button-1 was not revoked"), "{text}");
    run_ok(
        &world,
        &["bind", "button-1", "lock-1", "--double", "unlock"],
    )
    .await?;
    run_ok(&world, &["revoke", "button-1"]).await?;
    let pressed_at = now_ms()?;
    let text = run_ok(&world, &["enable", "button-1"]).await?;
    assert!(text.contains("button-1 commands lock-1 again"), "{text}");
    let topic = "iotbutton/button-1";
    button.publish(topic, &press("LONG", 7, pressed_at)).await?;
    let lock = world
        .until_history("lock-1", "LONG: ignored: superseded")
        .await?;
    assert_eq!(lock["device"]["latch"], "locked");
    button
        .publish(topic, &press("DOUBLE", 8, now_ms()?))
        .await?;
    world.until_settled("lock-1", "unlocked").await?;
    run_ok(&world, &["unbind", "button-1"]).await?;
    let text = run_ok(&world, &["enable", "button-1"]).await?;
    assert!(text.contains("button-1 is not bound to a lock"), "{text}");
    let unknown = "no button buton-1 is registered";
    run_refused(&world, &["enable", "buton-1"], unknown).await
}

#[tokio::test]
async fn a_name_that_is_not_registered_is_refused_and_nothing_is_written() -> Result<()> {
    let (world, _button) = two_doors().await?;
    let before = bindings(&world).await?;
    for (arguments, wanted) in [
        (
            ["bind", "button-1", "lock-9"],
            "no lock lock-9 is registered: `lockctl register lock lock-9` registers it",
        ),
        (
            ["bind", "button-1", "Lock-1"],
            "no lock Lock-1 is registered: did you mean lock-1?",
        ),
        (
            ["bind", "buton-1", "lock-1"],
            "no button buton-1 is registered: `lockctl register button buton-1` registers it",
        ),
        (
            ["bind", "lock-1", "button-1"],
            "no button lock-1 is registered: lock-1 is a lock",
        ),
    ] {
        run_refused(&world, &arguments, wanted).await?;
    }
    for command in ["lock", "unlock", "status", "recover", "forget"] {
        run_refused(&world, &[command, "lock-9"], "no lock lock-9 is registered").await?;
    }
    for command in ["unbind", "revoke"] {
        run_refused(
            &world,
            &[command, "buton-1"],
            "no button buton-1 is registered",
        )
        .await?;
    }
    let arguments = [
        "register",
        "button",
        "button-9",
        "--lock",
        "lock-9",
        "--record-only",
    ];
    run_refused(&world, &arguments, "no lock lock-9 is registered").await?;
    assert_eq!(bindings(&world).await?, before);
    assert_eq!(names_of_locks(&world).await?, ["lock-1", "lock-2"]);
    Ok(())
}

#[tokio::test]
async fn names_are_printed_as_they_are_stored() -> Result<()> {
    let (world, _button) = two_doors().await?;
    run_ok(&world, &["register", "lock", "Front-DOOR", "--record-only"]).await?;
    let arguments = [
        "register",
        "button",
        "G030JF055364XVRB",
        "--lock",
        "Front-DOOR",
        "--record-only",
    ];
    let text = run_ok(&world, &arguments).await?;
    let wanted =
        "G030JF055364XVRB now commands Front-DOOR: single toggle, double lock, long unlock";
    assert!(text.contains(wanted), "{text}");
    let text = run_ok(&world, &["bindings"]).await?;
    assert!(
        text.contains("G030JF055364XVRB commands Front-DOOR: single toggle"),
        "{text}"
    );
    let again = run_ok(&world, &["register", "lock", "Front-DOOR", "--record-only"]).await?;
    assert!(
        again.contains("Front-DOOR was already registered"),
        "{again}"
    );
    let text = run_ok(&world, &["history", "Front-DOOR"]).await?;
    assert!(text.contains("registers Front-DOOR"), "{text}");
    assert!(!text.contains("nothing is known about"), "{text}");
    let text = run_ok(&world, &["history", "G030JF055364XVRB"]).await?;
    let wanted = "its presses are in `lockctl history Front-DOOR`";
    assert!(text.contains(wanted), "{text}");
    Ok(())
}

#[tokio::test]
async fn a_lock_is_forgotten_when_nothing_hangs_on_it_and_what_it_reports_then_counts_for_nothing()
-> Result<()> {
    // A sweep re-sends what the lock missed while it was off.
    let (world, mut button) = two_doors_with(&["--time-scale", "0.05"]).await?;
    let bound = "lock-1 is not forgotten: buttons are bound to it: button-1; \
                 first `lockctl unbind button-1`";
    run_refused(&world, &["forget", "lock-1"], bound).await?;
    let topic = "iotbutton/button-1";
    button.publish(topic, &press("LONG", 1, now_ms()?)).await?;
    world.until_settled("lock-1", "unlocked").await?;
    world.power("lock-1", false).await?;
    let text = run_ok(&world, &["unbind", "button-1"]).await?;
    assert!(
        text.contains("lock-1 is not known to be locked: lock command v"),
        "{text}"
    );
    run_refused(&world, &["forget", "lock-1"], "it may be open").await?;
    world.power("lock-1", true).await?;
    world.until_settled("lock-1", "locked").await?;
    button.publish(topic, &press("LONG", 2, now_ms()?)).await?;
    let answer = async || world.lockctl_json(&["history", "button-1"]).await;
    let ignored = async || -> Result<bool> {
        let history = answer().await?.to_string();
        Ok(history.contains("LONG: ignored: not bound"))
    };
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(120);
    while !ignored().await? {
        anyhow::ensure!(
            tokio::time::Instant::now() < deadline,
            "{:#}",
            answer().await?
        );
    }
    let text = run_ok(&world, &["forget", "lock-1"]).await?;
    assert!(text.contains("lock-1 is forgotten"), "{text}");
    assert_eq!(names_of_locks(&world).await?, ["lock-2"]);
    // Its boot report would have created a record.
    let reports = world.log()?.successes("ReportFunction");
    world.power("lock-1", false).await?;
    world.power("lock-1", true).await?;
    let another = |log: &e2e::log::Log| log.successes("ReportFunction") > reports;
    world
        .until_log("the report of a forgotten lock", another)
        .await?;
    assert_eq!(names_of_locks(&world).await?, ["lock-2"]);
    Ok(())
}
