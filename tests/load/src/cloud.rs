//! The local cloud as a process, with a thing for each connection.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval};

const START_TIME_MAX: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(50);

/// A running cloud, which ends when this handle is dropped.
pub struct Cloud {
    child: Child,
    directory: TempDir,
    ready: Value,
}

/// Name of the thing with this number.
pub fn thing(number: u64) -> String {
    format!("device-{number}")
}

impl Cloud {
    /// Starts the cloud and waits until it is ready.
    pub async fn start(program: &Path, template: &Path, things: u64) -> Result<Self> {
        let directory = tempfile::tempdir().context("create a directory for the cloud")?;
        let ready_file = directory.path().join("ready.json");
        let errors = directory.path().join("errors");
        let mut command = Command::new(program);
        command
            .arg("--template")
            .arg(template)
            .arg("--ready-file")
            .arg(&ready_file)
            .args(["--memory", "--no-watch"]);
        for number in 0..things {
            command
                .arg("--thing")
                .arg(format!("{}=device", thing(number)));
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors).context("create a file for the cloud's errors")?)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("start {}", program.display()))?;
        let mut cloud = Self {
            child,
            directory,
            ready: Value::Null,
        };
        let deadline = Instant::now() + START_TIME_MAX;
        let mut ticks = interval(POLL_INTERVAL);
        while !ready_file.exists() {
            ticks.tick().await;
            cloud.check()?;
            ensure!(Instant::now() < deadline, "the cloud did not start in time");
        }
        let ready = std::fs::read(&ready_file).context("read the ready file")?;
        cloud.ready = serde_json::from_slice(&ready).context("parse the ready file")?;
        Ok(cloud)
    }

    /// Process id; 0 once the cloud has ended.
    pub fn pid(&self) -> u32 {
        self.child.id().unwrap_or_default()
    }

    /// Fails if the cloud has ended.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let errors = self.directory.path().join("errors");
            let errors = std::fs::read_to_string(errors).unwrap_or_default();
            bail!("the cloud ended with {status}: {errors}");
        }
        Ok(())
    }

    /// Host and port of the broker.
    pub fn broker(&self) -> Result<(&str, u16)> {
        let (host, port) = text(&self.ready["mqtts"])?
            .rsplit_once(':')
            .context("the broker's address has no port")?;
        Ok((host, port.parse().context("read the broker's port")?))
    }

    /// Paths of the CA's certificate, and of a thing's certificate and key.
    pub fn files(&self, thing: &str) -> Result<[PathBuf; 3]> {
        let files = &self.ready["things"][thing];
        Ok([
            text(&self.ready["ca"])?.into(),
            text(&files["cert"])?.into(),
            text(&files["key"])?.into(),
        ])
    }

    /// Ends the cloud.
    pub async fn stop(mut self) -> Result<()> {
        self.child.kill().await.context("end the cloud")
    }
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("the ready file lacks an entry")
}
