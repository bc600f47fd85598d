//! The switches of a device on the console: each acts on the real firmware, and the board shows it.

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::browser::Browser;
use e2e::world::has_event;
use reqwest::StatusCode;
use serde_json::{Value, json};

/// A lock with every contact.
const FITTED: [&str; 9] = [
    "--memory",
    "--device-set",
    "pins.door=14",
    "--device-set",
    "pins.exit=13",
    "--device-set",
    "lock.relock_s=600",
    "--device-set",
    "pins.bolt=12",
];

/// What the server answers, with the error if there is one.
async fn post(world: &World, path: &str, body: &Value) -> Result<(StatusCode, String)> {
    let (status, answer) = world.ask_console(path, body).await?;
    let error = answer["error"].as_str().unwrap_or_default();
    Ok((status, error.to_owned()))
}

/// Moves a switch, which must succeed.
async fn switch(world: &World, thing: &str, name: &str, body: Value) -> Result<()> {
    let answer = post(world, &format!("devices/{thing}/{name}"), &body).await?;
    ensure!(
        answer == (StatusCode::NO_CONTENT, String::new()),
        "{name} {body}: {answer:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_jammed_bolt_is_reported_answered_and_alerted_until_it_is_free() -> Result<()> {
    // Sweeps every 1.2 s, which send the answers to a jam in their turn.
    let quick = ["--time-scale", "0.02"];
    let world = World::start_with(&[&FITTED[..], &quick].concat()).await?;
    let locked = world.until_settled("lock-1", "locked").await?;
    assert_eq!(locked["device"]["boltJammed"], false, "{locked:#}");
    assert_eq!(locked["device"]["bolt"], "out", "{locked:#}");
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    world
        .until("lock-1", "with its bolt in", |lock| {
            lock["device"]["bolt"] == "in"
        })
        .await?;
    switch(&world, "lock-1", "bolt", json!({ "jammed": true })).await?;
    world.press("button-1", "DOUBLE").await?;
    let jammed = world
        .until("lock-1", "with an alert about its bolt", |lock| {
            lock["record"]["state"] == "jammed"
                && lock["record"]["status"] == "settled"
                && has_event(lock, "[alert: jammed]")
        })
        .await?;
    assert_eq!(jammed["device"]["latch"], "locked", "its relay has moved");
    assert_eq!(jammed["device"]["bolt"], "in", "its bolt has not");
    assert_eq!(jammed["device"]["boltJammed"], true);
    assert_eq!(jammed["shadow"]["reported"]["lock"], "jammed");
    // It stays stuck without power, and the lock finds it so.
    world.power("lock-1", false).await?;
    world.power("lock-1", true).await?;
    world
        .until("lock-1", "jammed after a power cut", |lock| {
            lock["shadow"]["reported"]["bootCount"] != jammed["shadow"]["reported"]["bootCount"]
                && lock["shadow"]["reported"]["lock"] == "jammed"
        })
        .await?;
    switch(&world, "lock-1", "bolt", json!({ "jammed": false })).await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn the_exit_and_the_door_are_moved_by_hand() -> Result<()> {
    let world = World::start_with(&FITTED).await?;
    world.until_settled("lock-1", "locked").await?;
    switch(&world, "lock-1", "exit", json!({ "pressed": true })).await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    assert_eq!(opened["device"]["exitPressed"], true, "{opened:#}");
    assert_eq!(opened["shadow"]["reported"]["source"], "manual");
    switch(&world, "lock-1", "exit", json!({ "pressed": false })).await?;
    switch(&world, "lock-1", "door", json!({ "open": true })).await?;
    world
        .until("lock-1", "open", |lock| {
            lock["shadow"]["reported"]["door"] == "open"
                && lock["device"]["doorOpen"] == true
                && lock["device"]["exitPressed"] == false
        })
        .await?;
    Ok(())
}

#[tokio::test]
async fn a_clock_that_is_off_or_knows_no_time_refuses_an_unlock() -> Result<()> {
    // Sweeps every 1.2 s.
    let quick = ["--time-scale", "0.02", "--parameter", "CommandTtlMs=5000"];
    let world = World::start_with(&[&["--memory"][..], &quick].concat()).await?;
    world.until_settled("lock-1", "locked").await?;
    let moved = movements(&world).await?;
    for (body, hears, ahead_s) in [
        (json!({ "aheadS": 600 }), true, 600),
        (json!({ "aheadS": -600 }), true, -600),
        (json!({ "hears": false, "aheadS": 0 }), false, 0),
    ] {
        switch(&world, "lock-1", "clock", body.clone()).await?;
        world.press("button-1", "LONG").await?;
        let refused = world
            .until("lock-1", "refusing an unlock for its clock", |lock| {
                // One that is ahead takes the unlock for expired, which the cloud sees through.
                let is_expired = ahead_s > 0 && has_event(lock, "[alert: clock]");
                is_expired || lock["record"]["refused"] == "clock"
            })
            .await?;
        let clock = json!({ "hears": hears, "aheadS": ahead_s, "driftPpm": 0 });
        assert_eq!(refused["device"]["clock"], clock, "{refused:#}");
        world.until_settled("lock-1", "locked").await?;
        assert_eq!(movements(&world).await?, moved, "{body}");
    }
    switch(&world, "lock-1", "clock", json!({ "hears": true })).await?;
    // The first press brings a report, whose answer brings the time.
    world.press("button-1", "LONG").await?;
    world
        .until("lock-1", "with the time", |lock| {
            lock["shadow"]["reported"]["clock"] == "synced"
        })
        .await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    let far = json!({ "aheadS": 90_000 });
    let (status, error) = post(&world, "devices/lock-1/clock", &far).await?;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(error.contains("at most 86400 seconds"), "{error}");
    Ok(())
}

async fn movements(world: &World) -> Result<Option<u64>> {
    Ok(world.lock("lock-1").await?["device"]["movements"].as_u64())
}

#[tokio::test]
async fn a_half_open_network_looks_connected_until_it_is_given_up_and_comes_back() -> Result<()> {
    let arguments = ["--memory", "--device-set", "mqtt.keep_alive=5"];
    let world = World::start_with(&arguments).await?;
    world.until_settled("lock-1", "locked").await?;
    switch(&world, "lock-1", "half-open", json!({ "on": true })).await?;
    let silent = world.lock("lock-1").await?;
    let state = |lock: &Value| {
        let device = &lock["device"];
        [
            &device["network"],
            &device["halfOpen"],
            &device["connected"],
        ]
        .map(Value::as_bool)
    };
    assert_eq!(state(&silent)[..2], [Some(true), Some(true)], "{silent:#}");
    world.press("button-1", "LONG").await?;
    world
        .until("lock-1", "given up", |lock| {
            state(lock) == [Some(true), Some(true), Some(false)]
        })
        .await?;
    // The cloud has given it up as well, after one and a half keep-alives.
    world
        .until_log("the end of the connection in the cloud", |log| {
            log.disconnects("lock-1")
                .contains(&"MQTT_KEEP_ALIVE_TIMEOUT")
        })
        .await?;
    let pending = world.lock("lock-1").await?;
    assert_eq!(pending["device"]["latch"], "locked", "{pending:#}");
    switch(&world, "lock-1", "half-open", json!({ "on": false })).await?;
    world
        .until("lock-1", "connected again", |lock| {
            state(lock) == [Some(true), Some(false), Some(true)]
        })
        .await?;
    world.press("button-1", "DOUBLE").await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "LONG").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}

#[tokio::test]
async fn a_switch_that_cannot_be_moved_says_why_and_what_to_do() -> Result<()> {
    let world = World::start().await?;
    let lock = world.until_settled("lock-1", "locked").await?;
    for name in ["doorOpen", "exitPressed", "boltJammed", "bolt"] {
        assert!(lock["device"][name].is_null(), "{name}: {lock:#}");
    }
    for (path, body, status, words) in [
        (
            "lock-1/door",
            json!({ "open": true }),
            409,
            "--device-set pins.door=14",
        ),
        (
            "lock-1/exit",
            json!({ "pressed": true }),
            409,
            "--device-set pins.exit=13",
        ),
        (
            "lock-1/bolt",
            json!({ "jammed": true }),
            409,
            "--device-set pins.bolt=12",
        ),
        (
            "button-1/bolt",
            json!({ "jammed": true }),
            409,
            "button-1 has no bolt contact",
        ),
        (
            "lock-9/exit",
            json!({ "pressed": true }),
            404,
            "lock-9 has no device here",
        ),
        (
            "lock-9/half-open",
            json!({ "on": true }),
            404,
            "lock-9 has no device here",
        ),
        (
            "lock-9/clock",
            json!({ "aheadS": 1 }),
            404,
            "lock-9 has no device here",
        ),
    ] {
        let (found, error) = post(&world, &format!("devices/{path}"), &body).await?;
        assert_eq!(found.as_u16(), status, "{path}: {error}");
        assert!(error.contains(words), "{path}: {error}");
    }
    world.network("lock-1", false).await?;
    let (found, error) = post(&world, "devices/lock-1/half-open", &json!({ "on": true })).await?;
    assert_eq!(found, StatusCode::CONFLICT);
    assert!(error.contains("plug it in first"), "{error}");
    Ok(())
}

#[tokio::test]
async fn browser_a_switch_and_a_fault_act_on_a_phone_and_outlive_a_reload() -> Result<()> {
    let world = World::start_with_page(&FITTED).await?;
    world.until_settled("lock-1", "locked").await?;
    let browser = Browser::start_phone(390, 844).await?;
    let console = world.at("console");
    browser.open(&format!("{console}/#/door/lock-1")).await?;
    let press = "//*[@id='exit'][normalize-space()='Press exit'][not(@disabled)]";
    browser.click(&browser.find(press).await?).await?;
    let release = "//*[@id='exit'][normalize-space()='Release exit'][not(@disabled)]";
    for shown in ["//*[@id='door'][@data-latch='unlocked']", release] {
        browser.find(shown).await.context(shown)?;
    }
    browser.open(&format!("{console}/#/faults")).await?;
    let kind = "//*[@id='fault-kind']/option[normalize-space()='lost-answer']";
    browser
        .find(kind)
        .await
        .context("the kinds are listed by name")?;
    browser
        .click(&browser.find("//*[@id='arm'][not(@disabled)]").await?)
        .await?;
    let end = "//*[@id='armed']/li[code[.='drop:remote-lock/+@5%']]/button";
    browser.click(&browser.find(end).await?).await?;
    let none = "//*[@id='no-armed'][not(@hidden)]";
    browser.find(none).await.context("it has ended")?;
    world.arm("duplicate:iotbutton/+@1").await?;
    world.press("button-1", "DOUBLE").await?;
    let entry = "//*[@id='fault-journal']/li[contains(., 'on iotbutton/button-1')]";
    browser.find(entry).await.context("the journal has grown")?;
    // Another page, which knows nothing yet, shows the same.
    browser.open(console).await?;
    browser.open(&format!("{console}/#/door/lock-1")).await?;
    browser
        .find(release)
        .await
        .context("the exit is still pressed")?;
    browser.close().await
}
