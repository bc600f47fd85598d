//! Home Assistant as a process: `drive.py`, which is asked and answers line by line.
//!
//! Must not know: which entities there are.

use std::ffi::OsString;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, interval, timeout};

/// How long an answer may take: the first start installs packages.
const DEADLINE: Duration = Duration::from_secs(600);
/// It may have failed before it could answer.
const ENDED: &str = "Home Assistant has ended: home-assistant.log in its folder says why";
/// How long a state may take to appear. Generous: machines are shared.
const STATE_DEADLINE: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// A running Home Assistant; it ends when it is dropped.
pub struct Home {
    program: OsString,
    arguments: Vec<OsString>,
    child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
}

/// An entity as Home Assistant shows it.
#[derive(Debug, Clone)]
pub struct Entity {
    pub id: String,
    pub unique_id: String,
    pub state: String,
    pub attributes: Value,
}

impl Entity {
    /// What a person sees of it: its state, or the event that happened last and its reason. A time
    /// differs in each run, so that it is only said that there is one.
    pub fn shown(&self) -> String {
        let text = |name: &str| self.attributes[name].as_str();
        match (text("event_type"), text("reason")) {
            (Some(event), Some(reason)) => format!("{event}: {reason}"),
            (Some(event), None) => event.to_owned(),
            _ => {
                let is_set = self.state.starts_with(|first: char| first.is_ascii_digit());
                if is_set && text("device_class") == Some("timestamp") {
                    "a time".to_owned()
                } else {
                    self.state.clone()
                }
            }
        }
    }
}

impl Home {
    /// Starts the process; Home Assistant itself starts with [`Self::ask`].
    pub fn start(program: OsString, arguments: Vec<OsString>) -> Result<Self> {
        let mut child = Command::new(&program)
            .args(&arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let input = child.stdin.take().context("Home Assistant has no input")?;
        let output = child
            .stdout
            .take()
            .context("Home Assistant has no output")?;
        Ok(Self {
            program,
            arguments,
            child,
            input,
            output: BufReader::new(output).lines(),
        })
    }

    /// Ends Home Assistant and starts it again with what it has stored; `meanwhile` happens between
    /// the two.
    pub async fn restart(&mut self, meanwhile: impl Future<Output = Result<()>>) -> Result<()> {
        let next = Self::start(self.program.clone(), self.arguments.clone())?;
        let earlier = std::mem::replace(self, next);
        let mut child = earlier.child;
        // The end of its input ends it.
        drop(earlier.input);
        let ended = timeout(DEADLINE, child.wait()).await;
        ended.context("Home Assistant does not end")??;
        meanwhile.await?;
        self.ask(&json!({ "do": "start" })).await.map(drop)
    }

    /// Asks for something; returns the answer.
    pub async fn ask(&mut self, asked: &Value) -> Result<Value> {
        let line = format!("{asked}\n");
        let written = self.input.write_all(line.as_bytes()).await;
        written.context("Home Assistant takes no input")?;
        let answer = timeout(DEADLINE, self.output.next_line()).await;
        let answer = answer.with_context(|| format!("no answer to {asked}"))??;
        let answer: Value = serde_json::from_str(&answer.context(ENDED)?)?;
        if let Some(error) = answer["error"].as_str() {
            bail!("{asked}: {error}");
        }
        Ok(answer)
    }

    /// Calls a service.
    pub async fn call(&mut self, service: &str, data: Value) -> Result<()> {
        let asked = json!({ "do": "call", "service": service, "data": data });
        self.ask(&asked).await.map(drop)
    }

    /// Every entity of the MQTT integration.
    pub async fn entities(&mut self) -> Result<Vec<Entity>> {
        let answer = self.ask(&json!({ "do": "entities" })).await?;
        let list = answer["entities"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let entities = list.map(|entity| Entity {
            id: text(&entity["id"]),
            unique_id: text(&entity["unique_id"]),
            state: text(&entity["state"]),
            attributes: entity["attributes"].clone(),
        });
        Ok(entities.collect())
    }

    /// The entities once `fits` accepts them, else those at the deadline.
    pub async fn until(&mut self, mut fits: impl FnMut(&[Entity]) -> bool) -> Result<Vec<Entity>> {
        let patience = Instant::now() + STATE_DEADLINE;
        let mut polls = interval(POLL_INTERVAL);
        loop {
            let entities = self.entities().await?;
            if fits(&entities) || Instant::now() > patience {
                return Ok(entities);
            }
            polls.tick().await;
        }
    }
}
