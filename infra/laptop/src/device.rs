//! A virtual device: real firmware in a process of its own, with a power switch. It is driven and
//! observed through its pins and its lines of JSON alone.

mod state;
mod wiring;

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::broadcast;

pub use self::state::{DeviceState, latch_of};
use self::wiring::Wiring;
use crate::lock;

/// The kind of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A lock.
    Lock,
    /// A button.
    Button,
}

impl Kind {
    /// Its word, on a device's command line and in the ready file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Button => "button",
        }
    }
}

/// How a device is started.
#[derive(Debug, Clone)]
pub struct DeviceOptions {
    /// The device's program.
    pub program: PathBuf,
    /// Thing name, which is also its client id.
    pub thing: String,
    pub kind: Kind,
    /// `host:port` of the broker.
    pub broker: String,
    /// Path of the certificate authority.
    pub ca: PathBuf,
    /// Path of its certificate.
    pub cert: PathBuf,
    /// Path of its private key.
    pub key: PathBuf,
    /// Directory of its flash.
    pub flash: PathBuf,
    /// Settings that override the firmware's defaults, `section.key=value`.
    pub settings: Vec<String>,
}

/// A line of JSON from a device.
#[derive(Debug, Clone)]
pub struct DeviceLine {
    pub thing: String,
    pub line: Value,
}

/// One virtual device, powered or not.
#[derive(Debug)]
pub struct Device {
    options: DeviceOptions,
    outside: Outside,
    process: tokio::sync::Mutex<Option<Process>>,
}

/// What is outside the process, and outlives its power.
#[derive(Debug, Clone)]
struct Outside {
    thing: String,
    wiring: Wiring,
    state: Arc<Mutex<DeviceState>>,
    lines: broadcast::Sender<DeviceLine>,
}

type Stdin = Arc<tokio::sync::Mutex<ChildStdin>>;

#[derive(Debug)]
struct Process {
    child: Child,
    stdin: Stdin,
}

impl Device {
    /// A device without power, which sends its lines to `lines`.
    pub fn new(options: DeviceOptions, lines: broadcast::Sender<DeviceLine>) -> Self {
        let wiring = Wiring::of(&options);
        let state = DeviceState {
            network: true,
            door_open: wiring.door.map(|_| false),
            exit_pressed: wiring.exit.map(|_| false),
            bolt_jammed: wiring.has_bolt.then_some(false),
            ..DeviceState::default()
        };
        let outside = Outside {
            thing: options.thing.clone(),
            wiring,
            state: Arc::new(Mutex::new(state)),
            lines,
        };
        Self {
            options,
            outside,
            process: tokio::sync::Mutex::new(None),
        }
    }

    /// Its thing name.
    pub fn thing(&self) -> &str {
        &self.options.thing
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.options.kind
    }

    /// Whether it has power and its program has ended by itself.
    pub async fn has_ended(&self) -> bool {
        let mut process = self.process.lock().await;
        let ended = process.as_mut().map(|process| process.child.try_wait());
        matches!(ended, Some(Ok(Some(_))))
    }

    /// Its present state.
    pub fn state(&self) -> DeviceState {
        self.change().clone()
    }

    fn change(&self) -> MutexGuard<'_, DeviceState> {
        lock(&self.outside.state)
    }

    /// Switches its power. Off is SIGKILL: the firmware gets no chance to disconnect.
    pub async fn set_power(&self, on: bool) -> Result<()> {
        let mut process = self.process.lock().await;
        if on && process.is_none() {
            let started = self.start()?;
            for line in self.state().world(&self.outside.wiring) {
                self.write(&started, &line).await?;
            }
            *process = Some(started);
        } else if !on && let Some(mut stopped) = process.take() {
            let killed = stopped.child.kill().await;
            killed.with_context(|| format!("cut the power of {}", self.thing()))?;
            let mut state = self.change();
            state.powered = false;
            state.pid = None;
            state.connected = false;
        }
        Ok(())
    }

    /// Plugs its network in or out.
    pub async fn set_network(&self, on: bool) -> Result<()> {
        self.send(&json!({ "network": on })).await?;
        let mut state = self.change();
        (state.network, state.half_open) = (on, false);
        Ok(())
    }

    /// Makes its network lose everything while it looks up, or ends that.
    pub async fn set_half_open(&self, on: bool) -> Result<()> {
        if !self.state().network {
            bail!("the network of {} is cut: plug it in first", self.thing())
        }
        let network = if on { json!("half_open") } else { json!(true) };
        self.send(&json!({ "network": network })).await?;
        self.change().half_open = on;
        Ok(())
    }

    /// Opens or closes the door. The device may be without power; it then reads it at power-on.
    pub async fn set_door(&self, open: bool) -> Result<()> {
        let Some(contact) = self.outside.wiring.door else {
            bail!(
                "{} has no door contact: start with --device-set pins.door=14",
                self.thing()
            )
        };
        let line = contact.line(!open);
        self.change_world(&line, |state| state.door_open = Some(open))
            .await
    }

    /// Presses its exit button or lets it go. Without power nothing notices.
    pub async fn set_exit(&self, pressed: bool) -> Result<()> {
        let Some(contact) = self.outside.wiring.exit else {
            bail!(
                "{} has no exit button: start with --device-set pins.exit=13 --device-set \
                 lock.relock_s=30",
                self.thing()
            )
        };
        let line = contact.line(pressed);
        self.change_world(&line, |state| state.exit_pressed = Some(pressed))
            .await
    }

    /// Jams its bolt where it is, or frees it. The device may be without power.
    pub async fn set_bolt(&self, jammed: bool) -> Result<()> {
        if !self.outside.wiring.has_bolt {
            bail!(
                "{} has no bolt contact: start with --device-set pins.bolt=12",
                self.thing()
            )
        }
        let line = json!({ "bolt": if jammed { "held" } else { "free" } });
        self.change_world(&line, |state| state.bolt_jammed = Some(jammed))
            .await
    }

    /// Lets it hear the time or not; what it knows already is kept. The device may be without
    /// power.
    pub async fn set_hearing(&self, hears: bool) -> Result<()> {
        let line = json!({ "clock": { "hears_time": hears } });
        self.change_world(&line, |state| state.clock.hears = hears)
            .await
    }

    /// Lets it hear no time and forget what it knows. The device may be without power.
    pub async fn take_time(&self) -> Result<()> {
        let line = json!({ "clock": { "hears_time": false, "forgets": true } });
        self.change_world(&line, |state| state.clock.hears = false)
            .await
    }

    /// Sets its time ahead by this many seconds, or behind. The device may be without power.
    pub async fn set_ahead(&self, ahead_s: i64) -> Result<()> {
        let line = json!({ "clock": { "ahead_s": ahead_s } });
        self.change_world(&line, |state| state.clock.ahead_s = ahead_s)
            .await
    }

    /// Makes its clock fast or slow, in parts per million. The device may be without power.
    pub async fn set_drift(&self, drift_ppm: i32) -> Result<()> {
        let line = json!({ "clock": { "drift_ppm": drift_ppm } });
        self.change_world(&line, |state| state.clock.drift_ppm = drift_ppm)
            .await
    }

    /// Changes what is outside it. A device without power finds it so at power-on.
    async fn change_world(
        &self,
        line: &Value,
        change: impl FnOnce(&mut DeviceState),
    ) -> Result<()> {
        let process = self.process.lock().await;
        change(&mut self.change());
        match &*process {
            Some(process) => self.write(process, line).await,
            None => Ok(()),
        }
    }

    /// Sends it one line of JSON: a pin level, a press.
    pub async fn send(&self, line: &Value) -> Result<()> {
        let process = self.process.lock().await;
        let Some(process) = &*process else {
            bail!("{} has no power", self.thing())
        };
        self.write(process, line).await
    }

    async fn write(&self, process: &Process, line: &Value) -> Result<()> {
        let written = write_line(&process.stdin, line).await;
        written.with_context(|| format!("write to {}", self.thing()))
    }

    fn start(&self) -> Result<Process> {
        let mut command = self.command();
        let mut child = command.spawn().with_context(|| {
            let program = self.options.program.display();
            format!("start {program} as {}", self.thing())
        })?;
        let stdin = child.stdin.take();
        let stdin = stdin.context("the device's standard input was not captured")?;
        let stdout = child.stdout.take();
        let stdout = stdout.context("the device's standard output was not captured")?;
        {
            let mut state = self.change();
            state.powered = true;
            state.pid = child.id();
            (state.network, state.half_open) = (true, false);
        }
        let stdin = Arc::new(tokio::sync::Mutex::new(stdin));
        let outside = self.outside.clone();
        tokio::spawn(read_lines(outside, stdout, Arc::clone(&stdin)));
        Ok(Process { child, stdin })
    }

    fn command(&self) -> Command {
        let options = &self.options;
        let mut command = Command::new(&options.program);
        command.args(["--thing", &options.thing, "--role", options.kind.as_str()]);
        command.args(["--broker", &options.broker]);
        for (option, path) in [
            ("--ca", &options.ca),
            ("--cert", &options.cert),
            ("--key", &options.key),
            ("--flash", &options.flash),
        ] {
            command.arg(option).arg(path);
        }
        // A lock with a blank journal takes the journal for lost, and refuses commands issued
        // before it had been powered for some seconds. A new lock on a laptop is not that case: it
        // opens at once.
        let mut flash = std::fs::read_dir(&options.flash).into_iter().flatten();
        if options.kind == Kind::Lock && flash.next().is_none() {
            command.arg("--installed");
        }
        for setting in with_required(&options.settings) {
            command.args(["--set", setting]);
        }
        // Its own process group: Ctrl-C reaches lockctl alone, which ends its devices in order.
        command.process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .kill_on_drop(true);
        command
    }
}

/// Settings without which a board does not start: how it is wired, and what the door does in a
/// power cut.
const REQUIRED: [&str; 2] = ["lock.unlocked_level=1", "lock.power_on=locked"];

/// The required settings that `given` does not set, then those of `given`.
fn with_required(given: &[String]) -> impl Iterator<Item = &str> {
    let key = |setting: &str| setting.split('=').next().map(str::to_owned);
    let is_missing = move |required: &&str| !given.iter().any(|given| key(given) == key(required));
    let required = REQUIRED.into_iter().filter(is_missing);
    required.chain(given.iter().map(String::as_str))
}

/// The lines of a process, as they come. After a reboot of the device, which starts its program
/// again, it finds the world as before.
async fn read_lines(device: Outside, stdout: ChildStdout, stdin: Stdin) {
    // Without a listener a line is dropped; the state is updated anyway.
    let send = |line| {
        let thing = device.thing.clone();
        let _ = device.lines.send(DeviceLine { thing, line });
    };
    let mut texts = BufReader::new(stdout).lines();
    let mut has_rebooted = false;
    while let Ok(Some(text)) = texts.next_line().await {
        let line = serde_json::from_str(&text)
            .unwrap_or_else(|_| json!({ "event": "log", "level": "error", "text": text }));
        lock(&device.state).take(&line);
        has_rebooted |= line["event"] == "reboot";
        if line["event"] == "ready" && std::mem::take(&mut has_rebooted) {
            let world = lock(&device.state).world(&device.wiring);
            for line in world {
                // It fails if the device has lost its power since.
                let _ = write_line(&stdin, &line).await;
            }
        }
        send(line);
    }
    send(json!({ "event": "off" }));
}

async fn write_line(stdin: &Stdin, line: &Value) -> std::io::Result<()> {
    let text = format!("{line}\n");
    stdin.lock().await.write_all(text.as_bytes()).await
}

#[cfg(test)]
mod tests;
