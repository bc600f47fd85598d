//! Tests of steps that fail or are repeated. A row contains the faults, the triggers and the
//! expected end, and runs in its own stack.

use anyhow::{Context, Result, ensure};
use aws_sdk_iotdataplane::primitives::Blob;
use serde_json::{Value, json};

use crate::World;
use crate::log::Log;
use crate::world::has_event;

/// The lock and the button of every row.
const LOCK: &str = "lock-1";
const BUTTON: &str = "button-1";

/// What happens while the fault is armed.
#[derive(Debug, Clone, Copy)]
pub enum Trigger {
    /// A press of the button, with this click type.
    Press(&'static str),
    /// An operator's request for this action.
    Request(&'static str),
    /// The lock reports a very old version, as after a loss of its flash.
    OldReport,
}

/// A fault, its triggers and the expected end.
#[derive(Debug, Clone)]
pub struct Row {
    /// More arguments for `lockctl local`.
    arguments: Vec<&'static str>,
    /// State of the latch at the start.
    before: &'static str,
    /// Triggers in order; the next one waits until every fault has struck.
    triggers: Vec<Trigger>,
    faults: Vec<&'static str>,
    /// Expected number of movements of the latch.
    movements: u64,
    /// Expected state of the latch at the end.
    after: &'static str,
    /// Texts of which an event of the history must contain one.
    history: Vec<&'static str>,
    /// The function that must give up its event, and the code of its error.
    given_up: Option<(&'static str, &'static str)>,
}

/// A row that starts with the lock locked and settled.
pub fn locked(trigger: Trigger) -> Row {
    Row {
        arguments: vec!["--time-scale", "0.01"],
        before: "locked",
        triggers: vec![trigger],
        faults: Vec::new(),
        movements: 0,
        after: "locked",
        history: Vec::new(),
        given_up: None,
    }
}

/// A row that starts with the lock unlocked and settled.
pub fn unlocked(trigger: Trigger) -> Row {
    Row {
        before: "unlocked",
        after: "unlocked",
        ..locked(trigger)
    }
}

impl Row {
    /// Adds a fault, armed just before the first trigger.
    pub fn with(mut self, fault: &'static str) -> Self {
        self.faults.push(fault);
        self
    }

    /// Delays the retry until an unlock has expired: 5.4 s, when unlocks live 5 s.
    pub fn retried_late(mut self) -> Self {
        self.arguments = vec!["--time-scale", "0.09", "--parameter", "CommandTtlMs=5000"];
        self
    }

    /// Delays the first sweep until an unlock has expired: 9 s after the start.
    pub fn swept_late(mut self) -> Self {
        self.arguments = vec!["--time-scale", "0.15", "--parameter", "CommandTtlMs=5000"];
        self
    }

    /// Expects this many movements of the latch, and this state at the end.
    pub fn moves(mut self, movements: u64, after: &'static str) -> Self {
        (self.movements, self.after) = (movements, after);
        self
    }

    /// Expects an event with this text in the history; with several texts, one of them.
    pub fn says(mut self, text: &'static str) -> Self {
        self.history.push(text);
        self
    }

    /// Adds the next trigger.
    pub fn then(mut self, trigger: Trigger) -> Self {
        self.triggers.push(trigger);
        self
    }

    /// Expects that the function gives up its event after attempts that all fail with `error`.
    pub fn gives_up(mut self, function: &'static str, error: &'static str) -> Self {
        self.given_up = Some((function, error));
        self
    }

    /// Runs the row and checks its end.
    pub async fn run(self) -> Result<()> {
        let base = ["--memory", "--no-button-devices"];
        let world = World::start_with(&[&base[..], &self.arguments].concat()).await?;
        world.until_settled(LOCK, "locked").await?;
        let mut button = world.client(BUTTON).await?;
        let topic = format!("iotbutton/{BUTTON}");
        if self.before == "unlocked" {
            button.publish(&topic, &press("LONG", 1)).await?;
        }
        let before = world.until_settled(LOCK, self.before).await?;
        world.until_log("idle functions", Log::is_idle).await?;
        for fault in &self.faults {
            world.arm(fault).await?;
        }
        for (trigger, sequence) in self.triggers.iter().zip(2..) {
            match trigger {
                Trigger::Press(click) => button.publish(&topic, &press(click, sequence)).await?,
                Trigger::Request(action) => send_request(&world, action).await?,
                Trigger::OldReport => send_old_report(&world, self.before).await?,
            }
            for fault in &self.faults {
                world.until_log(fault, |log| log.strikes(fault) > 0).await?;
            }
        }
        if !self.history.is_empty() {
            let expected = format!("with one of {:?} in its history", self.history);
            let has_one = |lock: &Value| self.history.iter().any(|text| has_event(lock, text));
            world.until(LOCK, &expected, has_one).await?;
        }
        world.until_log("idle functions", Log::is_idle).await?;
        let after = world.until_settled(LOCK, self.after).await?;
        self.check(&world, &before, &after).await
    }

    async fn check(&self, world: &World, before: &Value, after: &Value) -> Result<()> {
        // Another sweep over a settled lock changes nothing.
        let sweeps = world.log()?.successes("SweepFunction");
        let swept = |log: &Log| log.successes("SweepFunction") > sweeps && log.is_idle();
        let log = world.until_log("another sweep", swept).await?;
        let last = world.until_settled(LOCK, self.after).await?;
        ensure!(
            last["record"]["version"] == after["record"]["version"],
            "a settled lock was commanded again: {after:#} became {last:#}"
        );
        let movements = |lock: &Value| lock["device"]["movements"].as_u64();
        let before = movements(before).context("no movements")?;
        let moved = movements(&last).context("no movements")? - before;
        ensure!(
            moved == self.movements,
            "the latch moved {moved} times, not {}: {:#}",
            self.movements,
            last["history"]
        );
        if let Some((function, error)) = self.given_up {
            let given_up = log.given_up(function);
            ensure!(given_up == 1, "{function} gave up {given_up} events");
            let errors = log.errors(function);
            let is_expected = !errors.is_empty() && errors.iter().all(|e| e.starts_with(error));
            ensure!(
                is_expected,
                "{function} did not fail with {error} alone: {errors:#?}"
            );
        }
        log.check_invariants()
    }
}

fn press(click: &str, sequence: u64) -> String {
    let voltage = "3000mV";
    json!({ "serialNumber": BUTTON, "clickType": click, "batteryVoltage": voltage,
        "sequence": sequence })
    .to_string()
}

async fn send_request(world: &World, action: &str) -> Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let request = json!({
        "action": action, "requestId": "the-one", "actor": "operator-1",
        "requestedAt": u64::try_from(now.as_millis())?,
    });
    let topic = format!("remote-lock/{LOCK}/request");
    let publish = world.iot_data().publish().topic(topic).qos(1);
    let publish = publish.payload(Blob::new(request.to_string()));
    publish.send().await.context("publish the request")?;
    Ok(())
}

async fn send_old_report(world: &World, latch: &str) -> Result<()> {
    let reported = json!({
        "lock": latch, "version": 1, "commandId": "01J00000000000000000000000",
        "result": "executed", "source": "boot", "refused": null, "bootCount": 2,
        "clock": "synced", "firmware": "1.0.0", "rssi": -61, "door": null, "reportId": "2-900"
    });
    let update = json!({ "state": { "reported": reported }, "clientToken": "2-900" });
    let data = world.iot_data();
    let call = data.update_thing_shadow().thing_name(LOCK);
    let call = call.payload(Blob::new(update.to_string()));
    call.send().await.context("update the shadow")?;
    Ok(())
}

/// Makes a test of each row.
#[macro_export]
macro_rules! rows {
    ($($name:ident: $row:expr;)*) => {
        $(
            #[tokio::test]
            async fn $name() -> ::anyhow::Result<()> {
                $row.run().await
            }
        )*
    };
}
