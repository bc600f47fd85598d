//! One step fails, or happens twice: a row says which, what was asked for meanwhile, and where it must end. Each row runs in
//! a world of its own. It must not know why a row ends as it does; the tables say so.

use anyhow::{Context, Result, ensure};
use aws_sdk_iotdataplane::primitives::Blob;
use serde_json::{Value, json};

use crate::World;
use crate::chronicle::Chronicle;
use crate::world::tells;

/// The lock and the button of every row.
const LOCK: &str = "lock-1";
const BUTTON: &str = "button-1";

/// What is asked of the door while the fault is armed.
#[derive(Debug, Clone, Copy)]
pub enum Act {
    /// A press of the button, by its click type.
    Press(&'static str),
    /// An operator's request, by its action.
    Request(&'static str),
    /// The lock reports a version that it left behind long ago, as after the loss of its flash.
    OldReport,
}

/// One row.
#[derive(Debug, Clone)]
pub struct Row {
    /// More arguments for `lockctl local`.
    arguments: Vec<&'static str>,
    /// Where the latch is before.
    before: &'static str,
    /// One after the other, the next when the faults have struck the first.
    acts: Vec<Act>,
    faults: Vec<&'static str>,
    /// How often the latch moves.
    movements: u64,
    /// Where it ends.
    after: &'static str,
    /// Texts of which a line of the history must contain one.
    history: Vec<&'static str>,
    /// The function that gives up its event, and the code of its error.
    given_up: Option<(&'static str, &'static str)>,
}

/// A row that starts from a settled, locked door.
pub fn locked(act: Act) -> Row {
    Row {
        arguments: vec!["--time-scale", "0.01"],
        before: "locked",
        acts: vec![act],
        faults: Vec::new(),
        movements: 0,
        after: "locked",
        history: Vec::new(),
        given_up: None,
    }
}

/// A row that starts from a settled, unlocked door.
pub fn unlocked(act: Act) -> Row {
    Row {
        before: "unlocked",
        after: "unlocked",
        ..locked(act)
    }
}

impl Row {
    /// The fault, armed just before the act.
    pub fn with(mut self, fault: &'static str) -> Row {
        self.faults.push(fault);
        self
    }

    /// The retry comes after the life of an unlock: 5.4 s and 5 s.
    pub fn retried_late(mut self) -> Row {
        self.arguments = vec!["--time-scale", "0.09", "--parameter", "CommandTtlMs=5000"];
        self
    }

    /// So does the first sweep, 9 s after the start: none can send an unlock again that still lives.
    pub fn swept_late(mut self) -> Row {
        self.arguments = vec!["--time-scale", "0.15", "--parameter", "CommandTtlMs=5000"];
        self
    }

    /// How often the latch moves, and where it ends.
    pub fn moves(mut self, movements: u64, after: &'static str) -> Row {
        (self.movements, self.after) = (movements, after);
        self
    }

    /// What the history says of it; given twice, either.
    pub fn says(mut self, text: &'static str) -> Row {
        self.history.push(text);
        self
    }

    /// What is asked of the door next.
    pub fn then(mut self, act: Act) -> Row {
        self.acts.push(act);
        self
    }

    /// The event is given up, each attempt at it having ended in this error, and goes to the queue of failures.
    pub fn gives_up(mut self, function: &'static str, error: &'static str) -> Row {
        self.given_up = Some((function, error));
        self
    }

    /// Runs the row and asserts where it ends.
    pub async fn run(self) -> Result<()> {
        let base = ["--memory", "--no-button-devices"];
        let world = World::with(&[&base[..], &self.arguments].concat()).await?;
        world.until_settled(LOCK, "locked").await?;
        let mut button = world.client(BUTTON).await?;
        let topic = format!("iotbutton/{BUTTON}");
        if self.before == "unlocked" {
            button.publish(&topic, &press("LONG", 1)).await?;
        }
        let before = world.until_settled(LOCK, self.before).await?;
        world.until_told("peace", |told| told.is_quiet()).await?;
        for fault in &self.faults {
            world.arm(fault).await?;
        }
        for (act, sequence) in self.acts.iter().zip(2..) {
            match act {
                Act::Press(click) => button.publish(&topic, &press(click, sequence)).await?,
                Act::Request(action) => request(&world, action).await?,
                Act::OldReport => old_report(&world, self.before).await?,
            }
            for fault in &self.faults {
                let struck = |told: &Chronicle| told.strikes(fault) > 0;
                world.until_told(fault, struck).await?;
            }
        }
        let what = format!("telling one of {:?}", self.history);
        let said = |lock: &Value| {
            let mut texts = self.history.iter();
            self.history.is_empty() || texts.any(|text| tells(lock, text))
        };
        world.until(LOCK, &what, said).await?;
        world.until_told("peace", |told| told.is_quiet()).await?;
        let after = world.until_settled(LOCK, self.after).await?;
        self.check(&world, &before, &after).await
    }

    async fn check(&self, world: &World, before: &Value, after: &Value) -> Result<()> {
        // One more sweep over what is settled changes nothing.
        let swept = world.chronicle()?.successes("SweepFunction");
        let told = world
            .until_told("another sweep", |told| {
                told.successes("SweepFunction") > swept && told.is_quiet()
            })
            .await?;
        let last = world.until_settled(LOCK, self.after).await?;
        ensure!(
            last["record"]["version"] == after["record"]["version"],
            "a settled door was commanded again: {after:#} became {last:#}"
        );
        let moved = |lock: &Value| lock["device"]["movements"].as_u64();
        let moved =
            moved(&last).context("no movements")? - moved(before).context("no movements")?;
        ensure!(
            moved == self.movements,
            "the latch moved {moved} times, not {}: {:#}",
            self.movements,
            last["history"]
        );
        if let Some((function, error)) = self.given_up {
            let given_up = told.given_up(function);
            ensure!(given_up == 1, "{function} gave up {given_up} events");
            let errors = told.errors(function);
            let is_clear = !errors.is_empty() && errors.iter().all(|e| e.starts_with(error));
            ensure!(
                is_clear,
                "{function} failed otherwise than by {error}: {errors:#?}"
            );
        }
        told.check()
    }
}

fn press(click: &str, sequence: u64) -> String {
    json!({ "serialNumber": BUTTON, "clickType": click, "batteryVoltage": "3000mV", "sequence": sequence })
        .to_string()
}

async fn request(world: &World, action: &str) -> Result<()> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let request = json!({
        "action": action, "requestId": "the-one", "actor": "operator-1",
        "requestedAt": u64::try_from(now.as_millis())?,
    });
    let publish = world
        .iot_data()
        .publish()
        .topic(format!("remote-lock/{LOCK}/request"));
    let publish = publish.qos(1).payload(Blob::new(request.to_string()));
    publish.send().await.context("publish the request")?;
    Ok(())
}

async fn old_report(world: &World, latch: &str) -> Result<()> {
    let reported = json!({
        "lock": latch, "version": 1, "commandId": "01J00000000000000000000000", "result": "executed",
        "source": "boot", "refused": null, "bootCount": 2, "clock": "synced", "firmware": "1.0.0",
        "rssi": -61, "door": null, "reportId": "2-900"
    });
    let update = json!({ "state": { "reported": reported }, "clientToken": "2-900" });
    let data = world.iot_data();
    let call = data.update_thing_shadow().thing_name(LOCK);
    let call = call.payload(Blob::new(update.to_string()));
    call.send().await.context("update the shadow")?;
    Ok(())
}

/// A test for each row.
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
