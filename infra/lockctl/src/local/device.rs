//! The virtual devices: real firmware in processes of their own, with a power switch. A device is driven and observed only
//! through its pins and its lines of JSON; what its C code decides is its own affair.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::broadcast;

/// What a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A lock.
    Lock,
    /// A button.
    Button,
}

impl Kind {
    /// The word for it, on the command line of a device as in the ready file.
    pub fn word(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Button => "button",
        }
    }
}

/// How a device is started.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The device's program.
    pub program: PathBuf,
    /// Thing name, which is also its client id.
    pub thing: String,
    /// What it is.
    pub kind: Kind,
    /// `host:port` of the broker.
    pub broker: String,
    /// Path of the certificate authority.
    pub ca: PathBuf,
    /// Path of its certificate.
    pub cert: PathBuf,
    /// Path of its private key.
    pub key: PathBuf,
    /// Its flash.
    pub flash: PathBuf,
    /// Settings over the firmware's defaults, `section.key=value`.
    pub settings: Vec<String>,
}

/// What can be seen of a device from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Whether it has power.
    pub powered: bool,
    /// Whether its network cable is in, so to say.
    pub network: bool,
    /// Whether it says that it is connected.
    pub connected: bool,
    /// Where its relay holds the latch: `locked` or `unlocked`. A button has none.
    pub latch: Option<String>,
    /// The process that is its processor, while it has power.
    pub pid: Option<u32>,
    /// How often the latch has moved since the stack was started.
    pub movements: u64,
}

/// Something a device said or did.
#[derive(Debug, Clone)]
pub struct Notice {
    /// Which device.
    pub thing: String,
    /// Its line, as JSON.
    pub line: Value,
}

/// One virtual device, powered or not.
#[derive(Debug)]
pub struct Device {
    plan: Plan,
    seen: Arc<Mutex<Seen>>,
    notices: broadcast::Sender<Notice>,
    running: tokio::sync::Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    stdin: ChildStdin,
}

impl Device {
    /// A device without power.
    pub fn new(plan: Plan, notices: broadcast::Sender<Notice>) -> Self {
        let seen = Seen {
            network: true,
            ..Seen::default()
        };
        Self {
            plan,
            seen: Arc::new(Mutex::new(seen)),
            notices,
            running: tokio::sync::Mutex::new(None),
        }
    }

    /// Its thing name.
    pub fn thing(&self) -> &str {
        &self.plan.thing
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        self.plan.kind
    }

    /// What can be seen of it now.
    pub fn seen(&self) -> Seen {
        look(&self.seen).clone()
    }

    /// Gives it power, or cuts it: a cut is SIGKILL, with no chance to say farewell.
    pub async fn power(&self, on: bool) -> Result<()> {
        let mut running = self.running.lock().await;
        match (on, running.take()) {
            (true, Some(already)) => *running = Some(already),
            (true, None) => *running = Some(self.start()?),
            (false, None) => {}
            (false, Some(mut cut)) => {
                cut.child
                    .kill()
                    .await
                    .with_context(|| format!("cut the power of {}", self.plan.thing))?;
                let mut seen = look(&self.seen);
                seen.powered = false;
                seen.pid = None;
                seen.connected = false;
            }
        }
        Ok(())
    }

    /// Plugs its network in or out.
    pub async fn network(&self, on: bool) -> Result<()> {
        self.say(&serde_json::json!({ "network": on })).await?;
        look(&self.seen).network = on;
        Ok(())
    }

    /// Says one line of JSON to it: a pin level, a press, a clock.
    pub async fn say(&self, line: &Value) -> Result<()> {
        let mut running = self.running.lock().await;
        let Some(running) = running.as_mut() else {
            bail!("{} has no power", self.plan.thing)
        };
        let text = format!("{line}\n");
        running
            .stdin
            .write_all(text.as_bytes())
            .await
            .with_context(|| format!("speak to {}", self.plan.thing))
    }

    fn start(&self) -> Result<Running> {
        let plan = &self.plan;
        let mut command = Command::new(&plan.program);
        command.args([
            "--thing",
            &plan.thing,
            "--role",
            plan.kind.word(),
            "--broker",
            &plan.broker,
        ]);
        command
            .arg("--ca")
            .arg(&plan.ca)
            .arg("--cert")
            .arg(&plan.cert)
            .arg("--key")
            .arg(&plan.key);
        command.arg("--flash").arg(&plan.flash);
        for setting in &plan.settings {
            command.args(["--set", setting]);
        }
        // A group of its own: Ctrl-C at the terminal reaches lockctl alone, which then ends its devices in order.
        command.process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("start {} as {}", plan.program.display(), plan.thing))?;
        let stdin = child
            .stdin
            .take()
            .context("the device's standard input was not captured")?;
        let stdout = child
            .stdout
            .take()
            .context("the device's standard output was not captured")?;
        {
            let mut seen = look(&self.seen);
            seen.powered = true;
            seen.pid = child.id();
            seen.network = true;
        }
        tokio::spawn(listen(
            plan.thing.clone(),
            stdout,
            Arc::clone(&self.seen),
            self.notices.clone(),
        ));
        Ok(Running { child, stdin })
    }
}

async fn listen(
    thing: String,
    stdout: ChildStdout,
    seen: Arc<Mutex<Seen>>,
    notices: broadcast::Sender<Notice>,
) {
    let mut lines = BufReader::new(stdout).lines();
    while let Ok(Some(text)) = lines.next_line().await {
        let line = serde_json::from_str(&text).unwrap_or_else(
            |_| serde_json::json!({ "event": "log", "level": "error", "text": text }),
        );
        note(&line, &mut look(&seen));
        // Nobody listening is no fault: the state above is what the console reads.
        let _ = notices.send(Notice {
            thing: thing.clone(),
            line,
        });
    }
    let _ = notices.send(Notice {
        thing,
        line: serde_json::json!({ "event": "off" }),
    });
}

fn note(line: &Value, seen: &mut Seen) {
    match line["event"].as_str() {
        Some("connected") => seen.connected = true,
        Some("disconnected") => seen.connected = false,
        Some("latch") => {
            let latch = line["latch"].as_str().map(str::to_owned);
            if seen.latch.is_some() && seen.latch != latch {
                seen.movements += 1;
            }
            seen.latch = latch;
        }
        _ => {}
    }
}

fn look(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_change_of_the_latch_counts_as_a_movement() {
        let mut seen = Seen::default();
        for (latch, movements) in [
            ("locked", 0),
            ("locked", 0),
            ("unlocked", 1),
            ("unlocked", 1),
            ("locked", 2),
        ] {
            note(
                &serde_json::json!({ "event": "latch", "latch": latch }),
                &mut seen,
            );
            assert_eq!(
                (seen.latch.as_deref(), seen.movements),
                (Some(latch), movements)
            );
        }
    }

    #[test]
    fn connection_follows_what_the_device_says() {
        let mut seen = Seen::default();
        note(&serde_json::json!({ "event": "connected" }), &mut seen);
        assert!(seen.connected);
        note(&serde_json::json!({ "event": "disconnected" }), &mut seen);
        assert!(!seen.connected);
    }
}
