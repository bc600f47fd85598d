//! The situations of a door, one after the other. Home Assistant's lock entity, the device's
//! switches and the line of the bridge bring them about.
//!
//! Must not know: how a page is written.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use aws_sdk_iot::types::CertificateStatus;
use e2e::World;
use e2e::line::Line;
use e2e::mosquitto::Mosquitto;
use serde_json::{Value, json};

use crate::home::Home;
use crate::page::{Row, Wanted, find_wrong, shown};

/// Unlocks live for 5 s and sweeps come every 1.2 s, so that an outage takes seconds; the door has
/// its contacts.
const STACK: [&str; 11] = [
    "--memory",
    "--parameter",
    "CommandTtlMs=5000",
    "--time-scale",
    "0.02",
    "--device-set",
    "pins.door=14",
    "--device-set",
    "pins.bolt=12",
    "--device-set",
    "lock.relock_s=600",
];
/// Longer than an unlock lives, and shorter than the bridge takes to find its line dead.
const STALL: Duration = Duration::from_secs(7);
/// What brings the present state must do so within this time.
const SOON: Duration = Duration::from_secs(60);
/// The bridge finds out soon that its line is dead.
const QUICK: [(&str, &str); 2] = [("keepalive_interval", "5"), ("restart_timeout", "1")];

const BRIDGE: &str = "home-assistant";
const LOCK: &str = "lock-1";

const LOCKED: Wanted = &[("lock", "locked"), ("door", "off"), ("problem", "off")];
const UNLOCKED: Wanted = &[("lock", "unlocked"), ("door", "off"), ("problem", "off")];
const NOTHING: Wanted = &[
    ("lock", "unavailable"),
    ("door", "unavailable"),
    ("problem", "unavailable"),
    ("signal", "unavailable"),
    ("changed", "unavailable"),
    ("reported", "unavailable"),
    ("event", "unavailable"),
    ("refusal", "unavailable"),
    ("button", "unavailable"),
];

/// Everything that takes part.
struct Tour {
    world: World,
    line: Line,
    broker: Mosquitto,
    home: Home,
    /// How the ids of the door's entities begin, and the entity id of its lock.
    prefix: String,
    entity: String,
    rows: Vec<Row>,
}

/// Acts out every situation. Returns Home Assistant's version, and a row for each situation.
pub async fn act(mut home: Home) -> Result<(String, Vec<Row>)> {
    println!("home-assistant: starts a stack, a bridge and a broker");
    let world = World::start_with(&STACK).await?;
    world.until_settled(LOCK, "locked").await?;
    join(&world, &[LOCK]).await?;
    let folder = world.folder().join("devices").join(BRIDGE);
    let line = Line::start(world.at("mqtts")).await?;
    let authority = Path::new(world.at("ca"));
    let broker = Mosquitto::start(&folder, &line.address, authority, &QUICK).await?;
    println!("home-assistant: starts; its first start installs packages, which takes minutes");
    let port = broker.address.rsplit(':').next().context("no port")?;
    let port: u16 = port.parse().context("read the broker's port")?;
    let started = home.ask(&json!({ "do": "start", "port": port })).await?;
    let version = started["version"].as_str().unwrap_or_default().to_owned();
    join(&world, &["--mqtt", &broker.address]).await?;
    let lock = lock_id(&folder)?;
    let found = home.until(|all| all.iter().any(|one| one.unique_id == lock));
    let mut found = found.await?.into_iter();
    let entity = found.find(|one| one.unique_id == lock);
    let entity = entity.with_context(|| format!("no entity {lock}: its message was refused"))?;
    let prefix = lock
        .strip_suffix("lock")
        .context("another id of the lock")?;
    let mut tour = Tour {
        world,
        line,
        broker,
        home,
        prefix: prefix.to_owned(),
        entity: entity.id,
        rows: Vec::new(),
    };
    tour.settle().await?;
    tour.jam().await?;
    tour.stall().await?;
    tour.lose_button().await?;
    tour.restart().await?;
    tour.part().await?;
    Ok((version, tour.rows))
}

/// Runs `lockctl home-assistant`, which writes the folder, or publishes what is in it.
async fn join(world: &World, arguments: &[&str]) -> Result<()> {
    let begin = ["home-assistant", "--bridge", BRIDGE];
    let output = world.lockctl(&[&begin[..], arguments].concat()).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "lockctl home-assistant: {errors}");
    Ok(())
}

/// Locks the door without Home Assistant.
async fn lock_by_command(world: &World) -> Result<()> {
    let output = world.lockctl(&["lock", LOCK]).await?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "lockctl lock: {errors}");
    world.until_settled(LOCK, "locked").await.map(drop)
}

/// The unique id of the lock entity in the folder's discovery messages.
fn lock_id(folder: &Path) -> Result<String> {
    for entry in std::fs::read_dir(folder.join("discovery"))? {
        let message: Value = serde_json::from_slice(&std::fs::read(entry?.path())?)?;
        let components = message["components"].as_object();
        let mut all = components.into_iter().flat_map(|all| all.values());
        if let Some(lock) = all.find(|component| component["platform"] == "lock") {
            let id = lock["unique_id"].as_str().context("no unique_id")?;
            return Ok(id.to_owned());
        }
    }
    bail!("no lock in the discovery messages of {}", folder.display())
}

impl Tour {
    /// Waits until the entities show what they must, and adds the row.
    async fn see(&mut self, situation: &'static str, wanted: Wanted) -> Result<()> {
        self.look(situation, wanted, None).await
    }

    /// The same where a state must come by itself, and soon. The lock must not show `old` before.
    async fn see_soon(&mut self, situation: &'static str, wanted: Wanted, old: &str) -> Result<()> {
        self.look(situation, wanted, Some(old)).await
    }

    async fn look(
        &mut self,
        situation: &'static str,
        wanted: Wanted,
        old: Option<&str>,
    ) -> Result<()> {
        println!("home-assistant: {situation}");
        let begun = Instant::now();
        let prefix = &self.prefix;
        let mut was_old = false;
        let all = self.home.until(|all| {
            let shown = shown(all, prefix);
            was_old |= old.is_some() && shown.get("lock").map(String::as_str) == old;
            find_wrong(&shown, wanted).is_none()
        });
        let shown = shown(&all.await?, prefix);
        let took = begun.elapsed();
        self.rows.push(Row {
            situation,
            wanted,
            shown,
            took: old.map(|_| took),
            wrong: None,
        });
        self.check(old.is_none() || took < SOON, "it took too long");
        self.check(!was_old, "the lock showed an old state");
        Ok(())
    }

    /// Notes in the last row what else is wrong.
    fn check(&mut self, is_good: bool, wrong: &str) {
        if let (false, Some(row)) = (is_good, self.rows.last_mut()) {
            row.wrong = Some(wrong.to_owned());
        }
    }

    /// Uses the lock entity.
    async fn call(&mut self, action: &str) -> Result<()> {
        let data = json!({ "entity_id": self.entity });
        self.home.call(&format!("lock.{action}"), data).await
    }

    async fn movements(&self) -> Result<Value> {
        Ok(self.world.lock(LOCK).await?["device"]["movements"].clone())
    }

    async fn set_bolt(&self, jammed: bool) -> Result<()> {
        let path = format!("devices/{LOCK}/bolt");
        let answer = self
            .world
            .ask_console(&path, &json!({ "jammed": jammed }))
            .await?;
        ensure!(answer.0.is_success(), "{path}: {answer:?}");
        Ok(())
    }

    async fn settle(&mut self) -> Result<()> {
        self.see("at rest", LOCKED).await?;
        let before = self.movements().await?;
        self.world.network(LOCK, false).await?;
        self.call("unlock").await?;
        let wanted = &[("lock", "unlocking"), ("problem", "off")];
        self.see("asked to unlock, and the device has no network", wanted)
            .await?;
        let wanted = &[("lock", "unavailable"), ("door", "off"), ("problem", "on")];
        self.see("the device does not answer", wanted).await?;
        self.world.network(LOCK, true).await?;
        self.see("it answers again, too late to unlock", LOCKED)
            .await?;
        let after = self.movements().await?;
        self.check(before == after, "the latch has moved");
        self.call("unlock").await?;
        self.see("unlocked by Home Assistant", UNLOCKED).await?;
        self.world.open_door(LOCK, true).await?;
        let wanted = &[("lock", "unlocked"), ("door", "on"), ("problem", "off")];
        self.see("its door is open", wanted).await?;
        self.world.open_door(LOCK, false).await?;
        self.call("lock").await?;
        self.see("locked by Home Assistant", LOCKED).await?;
        self.world.press("button-1", "LONG").await?;
        let wanted = &[("lock", "unlocked"), ("button", "long: pressed")];
        self.see("unlocked by a long press of a button", wanted)
            .await?;
        self.call("lock").await?;
        self.see("locked again", LOCKED).await
    }

    async fn jam(&mut self) -> Result<()> {
        self.call("unlock").await?;
        let is_in = |lock: &Value| lock["device"]["bolt"] == "in";
        self.world.until(LOCK, "with its bolt in", is_in).await?;
        self.set_bolt(true).await?;
        self.call("lock").await?;
        let wanted = &[("lock", "jammed"), ("problem", "on")];
        self.see("asked to lock, and the bolt is stuck", wanted)
            .await?;
        self.set_bolt(false).await?;
        self.call("unlock").await?;
        self.see("the bolt is free, unlocked", UNLOCKED).await?;
        self.call("lock").await?;
        self.see("and locked", LOCKED).await
    }

    async fn stall(&mut self) -> Result<()> {
        let before = self.movements().await?;
        self.line.hold();
        self.call("unlock").await?;
        let mut other = self.broker.client("other").await?;
        other.idle(STALL).await?;
        self.line.resume();
        self.world.until_history(LOCK, "ignored: stale").await?;
        let wanted = &[
            ("lock", "locked"),
            ("problem", "off"),
            ("refusal", "ignored: stale"),
        ];
        self.see("an unlock was refused as stale after a stall", wanted)
            .await?;
        let after = self.movements().await?;
        self.check(before == after, "the latch has moved");
        Ok(())
    }

    /// A lost button that somebody presses.
    async fn lose_button(&mut self) -> Result<()> {
        let before = self.movements().await?;
        let output = self.world.lockctl(&["revoke", "button-1"]).await?;
        ensure!(output.status.success(), "{output:?}");
        self.world.press("button-1", "LONG").await?;
        let wanted = &[("lock", "locked"), ("refusal", "ignored: revoked")];
        self.see("a press of a revoked button was refused", wanted)
            .await?;
        let after = self.movements().await?;
        self.check(before == after, "the latch has moved");
        Ok(())
    }

    async fn restart(&mut self) -> Result<()> {
        self.call("unlock").await?;
        self.see("unlocked before a restart", UNLOCKED).await?;
        let meanwhile = lock_by_command(&self.world);
        self.home.restart(meanwhile).await?;
        self.see_soon(
            "Home Assistant was restarted, and the door locked meanwhile",
            LOCKED,
            "unlocked",
        )
        .await?;
        self.call("unlock").await?;
        self.see("unlocked again", UNLOCKED).await?;
        self.line.hold();
        self.broker.restart().await?;
        lock_by_command(&self.world).await?;
        self.line.resume();
        // When it connects, Home Assistant shows for a moment what it had, before it subscribes.
        let situation = "its broker was restarted, and the door locked meanwhile";
        self.see_soon(situation, LOCKED, "").await
    }

    async fn part(&mut self) -> Result<()> {
        self.call("unlock").await?;
        self.see("unlocked before the line breaks", UNLOCKED)
            .await?;
        self.line.hold();
        self.line.cut();
        self.see("the bridge has no line", NOTHING).await?;
        lock_by_command(&self.world).await?;
        self.line.resume();
        self.see_soon(
            "the line is back, and the door was locked meanwhile",
            LOCKED,
            "unlocked",
        )
        .await?;
        let before = self.movements().await?;
        self.revoke().await?;
        self.call("unlock").await?;
        self.line.cut();
        self.see("asked to unlock, and the certificate is revoked", NOTHING)
            .await?;
        let after = self.movements().await?;
        self.check(before == after, "the latch has moved");
        Ok(())
    }

    /// Revokes the certificate of the bridge, as its owner would.
    async fn revoke(&self) -> Result<()> {
        let iot = self.world.iot();
        let list = iot.list_thing_principals().thing_name(BRIDGE).send();
        let list = list.await.context("list the bridge's certificates")?;
        let arn = list.principals().first().context("it has no certificate")?;
        let id = arn.rsplit('/').next().unwrap_or_default();
        let revoke = iot.update_certificate().certificate_id(id);
        let revoke = revoke.new_status(CertificateStatus::Revoked).send();
        revoke.await.context("revoke the certificate")?;
        Ok(())
    }
}
