//! One stack per test, with its own ports and data, which ends when its handle is dropped.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::log::Log;
use crate::mqtt::Client;
pub use crate::program::{program, python};

/// How long a condition may take to become true. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);
/// Pause between two checks of a condition.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A running stack.
pub struct World {
    stack: Child,
    directory: TempDir,
    ready: Value,
    http: reqwest::Client,
}

impl World {
    /// Starts a stack with one lock and one button, both devices running, in memory.
    pub async fn start() -> Result<Self> {
        Self::start_with(&["--memory"]).await
    }

    /// Starts a stack with these arguments for `lockctl local`.
    pub async fn start_with(arguments: &[&str]) -> Result<Self> {
        Self::start_with_page(&[arguments, &["--headless"]].concat()).await
    }

    /// Starts a stack that serves the console's page too.
    pub async fn start_with_page(arguments: &[&str]) -> Result<Self> {
        let directory = tempfile::tempdir().context("create the directory of the stack")?;
        Self::start_in(directory, arguments).await
    }

    /// Starts a stack in a directory that may contain an earlier stack's data.
    pub async fn start_in(directory: TempDir, arguments: &[&str]) -> Result<Self> {
        Self::start_program(&program("lockctl")?, directory, arguments).await
    }

    /// Starts a stack by this `lockctl`, which takes the other programs from its own folder.
    pub async fn start_program(
        lockctl: &Path,
        directory: TempDir,
        arguments: &[&str],
    ) -> Result<Self> {
        let ready_file = directory.path().join("ready.json");
        if ready_file.exists() {
            std::fs::remove_file(&ready_file).context("remove the earlier stack's ready file")?;
        }
        let mut command = Command::new(lockctl);
        command
            .args(["local", "--no-build", "--log", "json"])
            .args(arguments);
        command
            .arg("--ready-file")
            .arg(&ready_file)
            .arg("--data-dir")
            .arg(directory.path().join("data"));
        let log = std::fs::File::create(directory.path().join("log"))
            .context("create the stack's log")?;
        let errors = log.try_clone().context("share the stack's log")?;
        command
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors)
            .kill_on_drop(true);
        let mut stack = command.spawn().context("start lockctl local")?;
        let started = poll(
            async || match stack.try_wait().context("check lockctl local")? {
                Some(status) => bail!("lockctl local ended with {status}:\n{}", tail(&directory)),
                None => Ok(ready_file.exists().then_some(())),
            },
        );
        if started.await?.is_none() {
            bail!(
                "lockctl local is not ready after {DEADLINE:?}:\n{}",
                tail(&directory)
            );
        }
        let ready =
            serde_json::from_slice(&std::fs::read(&ready_file).context("read the ready file")?)?;
        let http = reqwest::Client::builder()
            .timeout(DEADLINE)
            .build()
            .context("make an HTTP client")?;
        Ok(Self {
            stack,
            directory,
            ready,
            http,
        })
    }

    /// Process id of `lockctl local`, the parent of the stack's other processes.
    pub fn pid(&self) -> Result<u32> {
        self.stack.id().context("the stack has ended")
    }

    /// Ends the stack as Ctrl-C does and returns its directory for another start.
    pub async fn stop(mut self) -> Result<TempDir> {
        let pid = self.pid()?;
        let sent = Command::new("kill")
            .args(["-INT", &pid.to_string()])
            .status()
            .await
            .context("send SIGINT")?;
        anyhow::ensure!(sent.success(), "SIGINT could not be sent");
        let status = tokio::time::timeout(DEADLINE, self.stack.wait())
            .await
            .context("the stack did not end on Ctrl-C")??;
        anyhow::ensure!(
            status.success(),
            "after Ctrl-C lockctl local ended with {status}:\n{}",
            tail(&self.directory)
        );
        Ok(self.directory)
    }

    /// The content of the ready file.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// The directory of the stack, in which nothing outlives the test.
    pub fn folder(&self) -> &Path {
        self.directory.path()
    }

    /// Path of the ready file.
    pub fn ready_file(&self) -> PathBuf {
        self.directory.path().join("ready.json")
    }

    /// Path of the directory of the stack's data.
    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A text of the ready file, by its name: `console`, `mqtts`.
    pub fn at(&self, name: &str) -> &str {
        self.ready[name]
            .as_str()
            .unwrap_or_else(|| panic!("the ready file has no {name}: {}", self.ready))
    }

    /// Path of a thing's certificate (`cert`) or private key (`key`).
    pub fn secret(&self, thing: &str, which: &str) -> PathBuf {
        let path = self.ready["things"][thing][which].as_str();
        path.unwrap_or_else(|| panic!("the ready file has no {which} of {thing}: {}", self.ready))
            .into()
    }

    /// The whole state, as the console shows it.
    pub async fn state(&self) -> Result<Value> {
        self.console("state").await
    }

    /// The metrics of functions and rules, as the console shows them.
    pub async fn metrics(&self) -> Result<Value> {
        self.console("metrics").await
    }

    async fn console(&self, what: &str) -> Result<Value> {
        let url = format!("{}/api/{what}", self.at("console"));
        let answer = self.http.get(url).send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }

    /// One lock, as the console shows it.
    pub async fn lock(&self, thing: &str) -> Result<Value> {
        let state = self.state().await?;
        let found = shown(&state, thing).cloned();
        found.with_context(|| format!("no {thing} in {state}"))
    }

    /// Waits until `fits` accepts the console's view of a lock; fails with that view and the log.
    pub async fn until(
        &self,
        thing: &str,
        what: &str,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let of_lock = |state: &Value| shown(state, thing).is_some_and(&fits);
        let state = self
            .until_state(&format!("{thing} {what}"), of_lock)
            .await?;
        let found = shown(&state, thing).cloned();
        found.with_context(|| format!("no {thing} in {state}"))
    }

    /// Waits until `fits` accepts the console's whole state.
    pub async fn until_state(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        match poll(async || Ok(Some(self.state().await?).filter(&fits))).await? {
            Some(state) => Ok(state),
            None => bail!(
                "the console never showed {what}; last seen {:#}\n{}",
                self.state().await?,
                tail(&self.directory)
            ),
        }
    }

    /// Waits until `fits` accepts the answer of `lockctl status`.
    pub async fn until_status(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let look = async || Ok(Some(self.lockctl_json(&["status"]).await?).filter(&fits));
        match poll(look).await? {
            Some(status) => Ok(status),
            None => bail!(
                "lockctl status never showed {what}\n{}",
                tail(&self.directory)
            ),
        }
    }

    /// Waits until latch, record and shadow of a lock say `latch` and the record is settled.
    pub async fn until_settled(&self, thing: &str, latch: &str) -> Result<Value> {
        self.until(thing, &format!("settled {latch}"), |lock| {
            lock["device"]["latch"] == latch
                && lock["record"]["state"] == latch
                && lock["record"]["status"] == "settled"
                && lock["shadow"]["reported"]["lock"] == latch
        })
        .await
    }

    /// Waits until the history of a lock has an event that contains `text`.
    pub async fn until_history(&self, thing: &str, text: &str) -> Result<Value> {
        self.until(thing, &format!("with `{text}` in its history"), |lock| {
            has_event(lock, text)
        })
        .await
    }

    /// Presses a virtual button.
    pub async fn press(&self, button: &str, click: &str) -> Result<()> {
        self.control_device(button, "press", &json!({ "click": click }))
            .await
    }

    /// Switches a device's power.
    pub async fn power(&self, thing: &str, on: bool) -> Result<()> {
        self.control_device(thing, "power", &json!({ "on": on }))
            .await
    }

    /// Connects or disconnects a device's network.
    pub async fn network(&self, thing: &str, on: bool) -> Result<()> {
        self.control_device(thing, "network", &json!({ "on": on }))
            .await
    }

    /// Opens or closes a lock's door, which must have a contact (`--device-set pins.door=14`).
    pub async fn open_door(&self, thing: &str, open: bool) -> Result<()> {
        self.control_device(thing, "door", &json!({ "open": open }))
            .await
    }

    /// Arms a fault of the local cloud, in the form of `--fault`; occurrences count from now.
    pub async fn arm(&self, fault: &str) -> Result<()> {
        self.post("faults", &json!({ "fault": fault })).await
    }

    /// The log of the stack so far.
    pub fn log(&self) -> Result<Log> {
        let log = std::fs::read(self.directory.path().join("log")).context("read the log")?;
        Ok(Log::parse(&String::from_utf8_lossy(&log)))
    }

    /// Waits until `fits` accepts the log; fails with its last lines.
    pub async fn until_log(&self, what: &str, fits: impl Fn(&Log) -> bool) -> Result<Log> {
        match poll(async || Ok(Some(self.log()?).filter(&fits))).await? {
            Some(log) => Ok(log),
            None => bail!("the log never showed {what}\n{}", tail(&self.directory)),
        }
    }

    async fn control_device(&self, thing: &str, what: &str, body: &Value) -> Result<()> {
        self.post(&format!("devices/{thing}/{what}"), body).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<()> {
        let url = format!("{}/api/{path}", self.at("console"));
        let answer = self.http.post(url).json(body).send().await?;
        let status = answer.status();
        let is_success = status.is_success();
        anyhow::ensure!(
            is_success,
            "{path} {body}: {status} {}",
            answer.text().await?
        );
        Ok(())
    }

    /// Runs `lockctl` as an operator does in a second shell.
    pub async fn lockctl(&self, arguments: &[&str]) -> Result<Output> {
        let mut command = Command::new(program("lockctl")?);
        for variable in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
        ] {
            command.env_remove(variable);
        }
        command
            .args(arguments)
            .current_dir(self.directory.path())
            .arg("--ready-file")
            .arg(self.directory.path().join("ready.json"));
        let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
        tokio::time::timeout(DEADLINE, run)
            .await
            .context("lockctl did not end")?
            .context("run lockctl")
    }

    /// Runs `lockctl … --output json` and parses its answer.
    pub async fn lockctl_json(&self, arguments: &[&str]) -> Result<Value> {
        let output = self
            .lockctl(&[arguments, &["--output", "json"]].concat())
            .await?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "lockctl {arguments:?} ended with {}: {stderr}",
            output.status
        );
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("lockctl {arguments:?} printed no JSON: {stderr}"))
    }

    /// Connects an independent MQTT client with a thing's certificate.
    pub async fn client(&self, thing: &str) -> Result<Client> {
        let files = [
            PathBuf::from(self.at("ca")),
            self.secret(thing, "cert"),
            self.secret(thing, "key"),
        ];
        Client::connect(thing, self.at("mqtts"), &files).await
    }
}

/// Calls `look` until it returns a value; `None` at the deadline.
async fn poll<T>(mut look: impl AsyncFnMut() -> Result<Option<T>>) -> Result<Option<T>> {
    let deadline = Instant::now() + DEADLINE;
    let mut ticks = tokio::time::interval(POLL_INTERVAL);
    loop {
        let found = look().await?;
        if found.is_some() || Instant::now() > deadline {
            return Ok(found);
        }
        ticks.tick().await;
    }
}

/// The console's view of one lock.
fn shown<'a>(state: &'a Value, thing: &str) -> Option<&'a Value> {
    let mut locks = state["locks"].as_array()?.iter();
    locks.find(|lock| lock["thing"] == thing)
}

/// Whether the history of a lock, as the console shows it, has an event that contains `text`.
pub fn has_event(lock: &Value, text: &str) -> bool {
    let events = lock["history"].as_array().into_iter().flatten();
    let mut texts = events.filter_map(|event| event["text"].as_str());
    texts.any(|event| event.contains(text))
}

/// The last lines of the stack's log.
fn tail(directory: &TempDir) -> String {
    let log = std::fs::read(directory.path().join("log")).unwrap_or_default();
    let text = String::from_utf8_lossy(&log);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
