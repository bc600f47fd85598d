//! One stack per test: own ports, own data, ended by its handle when the test ends.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::chronicle::Chronicle;
use crate::mqtt::Client;
pub use crate::program::{program, python};

/// How long a condition may take to come true. Generous: these machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);
/// How often a condition is looked at.
const GLANCE: Duration = Duration::from_millis(20);

/// A running stack.
pub struct World {
    stack: Child,
    directory: TempDir,
    ready: Value,
    http: reqwest::Client,
}

impl World {
    /// One lock, one button, both devices running, nothing on disk.
    pub async fn start() -> Result<Self> {
        Self::with(&["--memory"]).await
    }

    /// A stack with more arguments for `lockctl local`.
    pub async fn with(arguments: &[&str]) -> Result<Self> {
        Self::with_page(&[arguments, &["--headless"]].concat()).await
    }

    /// A stack that serves the console's page too.
    pub async fn with_page(arguments: &[&str]) -> Result<Self> {
        let directory = tempfile::tempdir().context("make the world's directory")?;
        Self::within(directory, arguments).await
    }

    /// A stack in a directory that may hold an earlier stack's data.
    pub async fn within(directory: TempDir, arguments: &[&str]) -> Result<Self> {
        Self::running(&program("lockctl")?, directory, arguments).await
    }

    /// A stack run by this `lockctl`, which takes the other programs from its own folder.
    pub async fn running(lockctl: &Path, directory: TempDir, arguments: &[&str]) -> Result<Self> {
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
        let patience = Instant::now() + DEADLINE;
        let mut glances = tokio::time::interval(GLANCE);
        while !ready_file.exists() {
            if let Some(status) = stack.try_wait().context("look after lockctl local")? {
                bail!("lockctl local ended with {status}:\n{}", tail(&directory));
            }
            if Instant::now() > patience {
                bail!(
                    "lockctl local was not ready after {DEADLINE:?}:\n{}",
                    tail(&directory)
                );
            }
            glances.tick().await;
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

    /// The process of the stack; its programs are children of it.
    pub fn pid(&self) -> Result<u32> {
        self.stack.id().context("the stack has ended already")
    }

    /// Ends the stack as Ctrl-C does, and gives its directory back for another start.
    pub async fn stop(mut self) -> Result<TempDir> {
        self.interrupt().await?;
        let Self { directory, .. } = self;
        Ok(directory)
    }

    /// Ctrl-C, and the wait for a clean end.
    async fn interrupt(&mut self) -> Result<()> {
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
        Ok(())
    }

    /// The ready file.
    pub fn ready(&self) -> &Value {
        &self.ready
    }

    /// Path of the ready file.
    pub fn ready_file(&self) -> PathBuf {
        self.directory.path().join("ready.json")
    }

    /// Path of the directory that the stack keeps its state in.
    pub fn data_dir(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A text of the ready file, by its name.
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

    /// What the console shows of everything.
    pub async fn state(&self) -> Result<Value> {
        self.console("state").await
    }

    /// What the console counts of functions and rules.
    pub async fn metrics(&self) -> Result<Value> {
        self.console("metrics").await
    }

    async fn console(&self, what: &str) -> Result<Value> {
        let url = format!("{}/api/{what}", self.at("console"));
        Ok(self
            .http
            .get(url)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?)
    }

    /// What the console shows of one lock.
    pub async fn lock(&self, thing: &str) -> Result<Value> {
        let state = self.state().await?;
        let found = shown(&state, thing).cloned();
        found.with_context(|| format!("no {thing} in {state}"))
    }

    /// Waits until what the console shows of a lock fits; fails with the last sight and the stack's log.
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

    /// Waits until what the console shows of everything fits.
    pub async fn until_state(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let patience = Instant::now() + DEADLINE;
        let mut glances = tokio::time::interval(GLANCE);
        loop {
            let seen = self.state().await?;
            if fits(&seen) {
                return Ok(seen);
            }
            if Instant::now() > patience {
                bail!(
                    "the console never showed {what}; last seen {seen:#}\n{}",
                    tail(&self.directory)
                );
            }
            glances.tick().await;
        }
    }

    /// Waits until latch, record and shadow of a lock agree on `latch` and the record is settled.
    pub async fn until_settled(&self, thing: &str, latch: &str) -> Result<Value> {
        self.until(thing, &format!("settled {latch}"), |lock| {
            lock["device"]["latch"] == latch
                && lock["record"]["state"] == latch
                && lock["record"]["status"] == "settled"
                && lock["shadow"]["reported"]["lock"] == latch
        })
        .await
    }

    /// Waits until the history of a lock has a line that contains `text`.
    pub async fn until_history(&self, thing: &str, text: &str) -> Result<Value> {
        self.until(thing, &format!("telling `{text}` in its history"), |lock| {
            tells(lock, text)
        })
        .await
    }

    /// Presses a virtual button's pin.
    pub async fn press(&self, button: &str, click: &str) -> Result<()> {
        self.hand(button, "press", &json!({ "click": click })).await
    }

    /// Cuts or gives a device's power.
    pub async fn power(&self, thing: &str, on: bool) -> Result<()> {
        self.hand(thing, "power", &json!({ "on": on })).await
    }

    /// Plugs a device's network in or out.
    pub async fn network(&self, thing: &str, on: bool) -> Result<()> {
        self.hand(thing, "network", &json!({ "on": on })).await
    }

    /// Arms a fault of the cloud, as `--fault` takes it; its occurrences count from now.
    pub async fn arm(&self, fault: &str) -> Result<()> {
        let url = format!("{}/api/faults", self.at("console"));
        let body = json!({ "fault": fault });
        let answer = self.http.post(url).json(&body).send().await?;
        let status = answer.status();
        anyhow::ensure!(status.is_success(), "{fault}: {}", answer.text().await?);
        Ok(())
    }

    /// What the stack has told so far, line by line.
    pub fn chronicle(&self) -> Result<Chronicle> {
        let log = std::fs::read(self.directory.path().join("log")).context("read the log")?;
        Ok(Chronicle::read(&String::from_utf8_lossy(&log)))
    }

    /// Waits until what the stack has told fits; fails with the end of the log.
    pub async fn until_told(
        &self,
        what: &str,
        fits: impl Fn(&Chronicle) -> bool,
    ) -> Result<Chronicle> {
        let patience = Instant::now() + DEADLINE;
        let mut glances = tokio::time::interval(GLANCE);
        loop {
            let chronicle = self.chronicle()?;
            if fits(&chronicle) {
                return Ok(chronicle);
            }
            if Instant::now() > patience {
                bail!("the stack never told {what}\n{}", tail(&self.directory));
            }
            glances.tick().await;
        }
    }

    async fn hand(&self, thing: &str, what: &str, body: &Value) -> Result<()> {
        let url = format!("{}/api/devices/{thing}/{what}", self.at("console"));
        let answer = self.http.post(url).json(body).send().await?;
        let status = answer.status();
        anyhow::ensure!(
            status.is_success(),
            "{what} of {thing}: {status} {}",
            answer.text().await?
        );
        Ok(())
    }

    /// Runs `lockctl` as an operator would from a second shell.
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
            .arg("--ready-file")
            .arg(self.directory.path().join("ready.json"));
        let run = command.stdin(Stdio::null()).kill_on_drop(true).output();
        tokio::time::timeout(DEADLINE, run)
            .await
            .context("lockctl did not end")?
            .context("run lockctl")
    }

    /// Runs `lockctl … --output json` and reads its answer.
    pub async fn lockctl_json(&self, arguments: &[&str]) -> Result<Value> {
        let output = self
            .lockctl(&[arguments, &["--output", "json"]].concat())
            .await?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(
            output.status.success(),
            "lockctl {arguments:?} ended with {}: {said}",
            output.status
        );
        serde_json::from_slice(&output.stdout)
            .with_context(|| format!("lockctl {arguments:?} printed no JSON: {said}"))
    }

    /// An unrelated MQTT client that holds a thing's certificate.
    pub async fn client(&self, thing: &str) -> Result<Client> {
        let files = [
            PathBuf::from(self.at("ca")),
            self.secret(thing, "cert"),
            self.secret(thing, "key"),
        ];
        Client::connect(thing, self.at("mqtts"), &files).await
    }
}

/// One lock of what the console shows.
fn shown<'a>(state: &'a Value, thing: &str) -> Option<&'a Value> {
    let mut locks = state["locks"].as_array()?.iter();
    locks.find(|lock| lock["thing"] == thing)
}

/// Whether the history of a lock, as the console shows it, has a line that contains `text`.
pub fn tells(lock: &Value, text: &str) -> bool {
    let lines = lock["history"].as_array().into_iter().flatten();
    lines
        .filter_map(|line| line["text"].as_str())
        .any(|line| line.contains(text))
}

fn tail(directory: &TempDir) -> String {
    let log = std::fs::read(directory.path().join("log")).unwrap_or_default();
    let text = String::from_utf8_lossy(&log);
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
