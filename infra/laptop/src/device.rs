//! The virtual devices: real firmware in processes of their own, with a power switch. A device is driven and observed only
//! through its pins and its lines of JSON; what its C code decides is its own affair.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
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
    /// What its clock is exposed to, which outlives its power: said again at each power-on.
    clock: Mutex<Map<String, Value>>,
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
            clock: Mutex::default(),
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
            (true, None) => {
                let mut started = self.start()?;
                let clock = look(&self.clock).clone();
                if !clock.is_empty() {
                    let line = serde_json::json!({ "clock": clock });
                    self.write(&mut started, &line).await?;
                }
                *running = Some(started);
            }
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

    /// Changes one thing that its clock is exposed to, from now on; it may be without power.
    pub async fn clock(&self, what: &str, value: Value) -> Result<()> {
        let mut running = self.running.lock().await;
        let line = serde_json::json!({ "clock": { what: &value } });
        look(&self.clock).insert(what.to_owned(), value);
        match running.as_mut() {
            Some(running) => self.write(running, &line).await,
            None => Ok(()),
        }
    }

    /// Says one line of JSON to it: a pin level, a press.
    pub async fn say(&self, line: &Value) -> Result<()> {
        let mut running = self.running.lock().await;
        let Some(running) = running.as_mut() else {
            bail!("{} has no power", self.plan.thing)
        };
        self.write(running, line).await
    }

    async fn write(&self, running: &mut Running, line: &Value) -> Result<()> {
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
        // A person at a laptop wants a lock that opens at once. One with a blank journal counts it as lost, and refuses what was
        // issued before it had been powered for some seconds.
        let is_new =
            std::fs::read_dir(&plan.flash).map_or(true, |mut files| files.next().is_none());
        if is_new && plan.kind == Kind::Lock {
            command.arg("--installed");
        }
        for setting in settings(&plan.settings) {
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

/// A board does not start before these are stated: they say how it is wired, and what the door does in a power cut.
const STATED: [&str; 2] = ["lock.unlocked_level=1", "lock.power_on=locked"];

/// What a device is started with: what must be stated of a board, unless `given` states it, and what is given.
fn settings(given: &[String]) -> impl Iterator<Item = &str> {
    let key = |setting: &str| setting.split('=').next().map(str::to_owned);
    let is_given = move |stated: &&str| !given.iter().any(|given| key(given) == key(stated));
    let stated = STATED.into_iter().filter(is_given);
    stated.chain(given.iter().map(String::as_str))
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

fn look<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
