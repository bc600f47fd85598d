//! A virtual device: real firmware in a process of its own, with a power switch. It is driven and
//! observed through its pins and its lines of JSON alone.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::sync::broadcast;

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

/// The state of a device, as seen from outside.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct DeviceState {
    pub powered: bool,
    /// Whether its network is plugged in.
    pub network: bool,
    /// Whether it says that it is connected to the broker.
    pub connected: bool,
    /// Where its relay holds the latch: `locked` or `unlocked`; `None` for a button.
    pub latch: Option<String>,
    /// Whether its door is open; `None` without a door contact.
    #[serde(rename = "doorOpen")]
    pub door_open: Option<bool>,
    /// Its process, while it has power.
    pub pid: Option<u32>,
    /// How often the latch has moved since the stack started.
    pub movements: u64,
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
    state: Arc<Mutex<DeviceState>>,
    lines: broadcast::Sender<DeviceLine>,
    process: tokio::sync::Mutex<Option<Process>>,
    /// Conditions of its clock. They outlive its power and are sent again at each power-on.
    clock: Mutex<Map<String, Value>>,
}

#[derive(Debug)]
struct Process {
    child: Child,
    stdin: ChildStdin,
}

impl Device {
    /// A device without power, which sends its lines to `lines`.
    pub fn new(options: DeviceOptions, lines: broadcast::Sender<DeviceLine>) -> Self {
        let state = DeviceState {
            network: true,
            door_open: door_pin(&options).map(|_| false),
            ..DeviceState::default()
        };
        Self {
            options,
            state: Arc::new(Mutex::new(state)),
            lines,
            process: tokio::sync::Mutex::new(None),
            clock: Mutex::default(),
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
        lock(&self.state).clone()
    }

    /// Switches its power. Off is SIGKILL: the firmware gets no chance to disconnect.
    pub async fn set_power(&self, on: bool) -> Result<()> {
        let mut process = self.process.lock().await;
        if on && process.is_none() {
            let mut started = self.start()?;
            let clock = lock(&self.clock).clone();
            if !clock.is_empty() {
                self.write(&mut started, &json!({ "clock": clock })).await?;
            }
            if let Some(pin) = door_pin(&self.options) {
                let open = self.state().door_open.unwrap_or_default();
                self.write(&mut started, &door_line(pin, open)).await?;
            }
            *process = Some(started);
        } else if !on && let Some(mut stopped) = process.take() {
            let killed = stopped.child.kill().await;
            killed.with_context(|| format!("cut the power of {}", self.thing()))?;
            let mut state = lock(&self.state);
            state.powered = false;
            state.pid = None;
            state.connected = false;
        }
        Ok(())
    }

    /// Plugs its network in or out.
    pub async fn set_network(&self, on: bool) -> Result<()> {
        self.send(&json!({ "network": on })).await?;
        lock(&self.state).network = on;
        Ok(())
    }

    /// Opens or closes the door. The device may be without power; it then reads it at power-on.
    pub async fn set_door(&self, open: bool) -> Result<()> {
        let Some(pin) = door_pin(&self.options) else {
            bail!(
                "{} has no door contact: start with --device-set pins.door=14",
                self.thing()
            )
        };
        let mut process = self.process.lock().await;
        lock(&self.state).door_open = Some(open);
        match process.as_mut() {
            Some(process) => self.write(process, &door_line(pin, open)).await,
            None => Ok(()),
        }
    }

    /// Changes one condition of its clock. The device may be without power.
    pub async fn set_clock(&self, condition: &str, value: Value) -> Result<()> {
        let mut process = self.process.lock().await;
        let line = json!({ "clock": { condition: &value } });
        lock(&self.clock).insert(condition.to_owned(), value);
        match process.as_mut() {
            Some(process) => self.write(process, &line).await,
            None => Ok(()),
        }
    }

    /// Sends it one line of JSON: a pin level, a press.
    pub async fn send(&self, line: &Value) -> Result<()> {
        let mut process = self.process.lock().await;
        let Some(process) = process.as_mut() else {
            bail!("{} has no power", self.thing())
        };
        self.write(process, line).await
    }

    async fn write(&self, process: &mut Process, line: &Value) -> Result<()> {
        let text = format!("{line}\n");
        let written = process.stdin.write_all(text.as_bytes()).await;
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
            let mut state = lock(&self.state);
            state.powered = true;
            state.pid = child.id();
            state.network = true;
        }
        tokio::spawn(read_lines(
            self.options.thing.clone(),
            stdout,
            Arc::clone(&self.state),
            self.lines.clone(),
        ));
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

/// The GPIO number of a lock's door contact, if its settings name one.
fn door_pin(options: &DeviceOptions) -> Option<i64> {
    let setting = |text: &String| text.strip_prefix("pins.door=")?.parse().ok();
    let pin = options.settings.iter().rev().find_map(setting);
    pin.filter(|pin| options.kind == Kind::Lock && *pin >= 0)
}

/// The contact connects the pin to ground while the door is closed.
fn door_line(pin: i64, open: bool) -> Value {
    json!({ "pin": { "number": pin, "level": open } })
}

async fn read_lines(
    thing: String,
    stdout: ChildStdout,
    state: Arc<Mutex<DeviceState>>,
    lines: broadcast::Sender<DeviceLine>,
) {
    // Without a listener a line is dropped; the state is updated anyway.
    let send = |line| {
        let thing = thing.clone();
        let _ = lines.send(DeviceLine { thing, line });
    };
    let mut texts = BufReader::new(stdout).lines();
    while let Ok(Some(text)) = texts.next_line().await {
        let line = serde_json::from_str(&text)
            .unwrap_or_else(|_| json!({ "event": "log", "level": "error", "text": text }));
        update(&mut lock(&state), &line);
        send(line);
    }
    send(json!({ "event": "off" }));
}

fn update(state: &mut DeviceState, line: &Value) {
    match line["event"].as_str() {
        Some("connected") => state.connected = true,
        Some("disconnected") => state.connected = false,
        Some("latch") => {
            let latch = line["latch"].as_str().map(str::to_owned);
            if state.latch.is_some() && state.latch != latch {
                state.movements += 1;
            }
            state.latch = latch;
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
