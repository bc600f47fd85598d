//! The programs under measurement as processes: the local cloud alone, or with the product on it.
//!
//! Must not know: what is measured.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval};

use crate::page::root;

const START_TIME_MAX: Duration = Duration::from_secs(180);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Where the programs are.
#[derive(Debug, Clone, clap::Args)]
pub struct Programs {
    /// `lockctl`, with the functions and the virtual device next to it.
    #[arg(long, value_name = "PATH")]
    pub lockctl: PathBuf,
    /// `local-cloud`.
    #[arg(long, value_name = "PATH")]
    pub local_cloud: PathBuf,
    /// The floor, which is the no-op function as well.
    #[arg(long, value_name = "PATH")]
    pub noop: PathBuf,
}

/// A running cloud, which ends when this handle is dropped.
pub struct Cloud {
    child: Child,
    directory: TempDir,
    ready: Value,
}

impl Cloud {
    /// The local cloud with `tests/benches/template.yaml` and these things.
    pub async fn start_alone(programs: &Programs, things: &[String]) -> Result<Self> {
        let directory = tempfile::tempdir().context("create a directory for the cloud")?;
        let noop = format!("noop={}", programs.noop.display());
        let template = root().join("tests/benches/template.yaml");
        let mut words: Vec<OsString> = vec!["--template".into(), template.into()];
        words.extend(["--memory", "--no-watch", "--binary", &noop].map(OsString::from));
        for thing in things {
            words.extend(["--thing".into(), format!("{thing}=bench").into()]);
        }
        Self::start(&programs.local_cloud, words, directory).await
    }

    /// The product with so many locks, and a button for each that this program holds.
    pub async fn start_product(programs: &Programs, locks: u32) -> Result<Self> {
        let directory = tempfile::tempdir().context("create a directory for the product")?;
        let template = directory.path().join("template.yaml");
        let text = std::fs::read_to_string(root().join("template.yaml"));
        let text = allow_to_listen(&text.context("read template.yaml")?)?;
        std::fs::write(&template, text).context("write the template")?;
        let locks = locks.to_string();
        let mut words: Vec<OsString> = vec!["local".into(), "--template".into(), template.into()];
        words.extend(["--checkout".into(), root().into_os_string()]);
        words.extend(["--data-dir".into(), directory.path().join("data").into()]);
        words.extend(
            [
                "--locks",
                &locks,
                "--buttons",
                &locks,
                "--no-button-devices",
                "--memory",
            ]
            .map(OsString::from),
        );
        words.extend(
            ["--headless", "--no-build", "--no-watch", "--log", "json"].map(OsString::from),
        );
        Self::start(&programs.lockctl, words, directory).await
    }

    async fn start(program: &Path, words: Vec<OsString>, directory: TempDir) -> Result<Self> {
        let ready_file = directory.path().join("ready.json");
        let log = directory.path().join("log");
        let log = File::create(&log).context("create a file for the log")?;
        let child = Command::new(program)
            .args(words)
            .arg("--ready-file")
            .arg(&ready_file)
            .stdin(Stdio::null())
            .stdout(log.try_clone().context("share the log")?)
            .stderr(log)
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
            ensure!(
                Instant::now() < deadline,
                "{} did not start in time",
                program.display()
            );
        }
        let ready = std::fs::read(&ready_file).context("read the ready file")?;
        cloud.ready = serde_json::from_slice(&ready).context("parse the ready file")?;
        Ok(cloud)
    }

    /// Process id.
    pub fn pid(&self) -> Result<u32> {
        self.child.id().context("the cloud has ended")
    }

    /// The file with the addresses.
    pub fn ready_file(&self) -> PathBuf {
        self.directory.path().join("ready.json")
    }

    /// An entry of the ready file.
    pub fn entry(&self, name: &str) -> Result<&str> {
        let pointer = format!("/{}", name.replace('.', "/"));
        let value = self.ready.pointer(&pointer).and_then(Value::as_str);
        value.with_context(|| format!("the ready file lacks {name}"))
    }

    /// Paths of the CA's certificate, and of a thing's certificate and key.
    pub fn files(&self, thing: &str) -> Result<[PathBuf; 3]> {
        let files = &self.ready["things"][thing];
        let path = |value: &Value| value.as_str().map(PathBuf::from);
        let found = [&self.ready["ca"], &files["cert"], &files["key"]].map(path);
        let [Some(ca), Some(cert), Some(key)] = found else {
            bail!("the ready file lacks {thing}");
        };
        Ok([ca, cert, key])
    }

    /// Fails if the cloud has ended.
    fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = std::fs::read_to_string(self.directory.path().join("log"));
            bail!("the cloud ended with {status}: {}", log.unwrap_or_default());
        }
        Ok(())
    }

    /// Asks the cloud to end, so that it ends its own processes, and waits for it.
    pub async fn stop(mut self) -> Result<()> {
        let pid = self.pid()?.to_string();
        let asked = Command::new("kill").args(["-TERM", &pid]).status().await;
        ensure!(asked.context("run kill")?.success(), "cannot end the cloud");
        self.child
            .wait()
            .await
            .context("wait for the cloud's end")?;
        Ok(())
    }
}

/// The template with a policy by which a button may listen to its lock, so that one client sees
/// both ends of a press.
fn allow_to_listen(template: &str) -> Result<String> {
    let lacks = "template.yaml lacks the policy of a button";
    let (head, rest) = template.split_once("\n  ButtonPolicy:\n").context(lacks)?;
    let (middle, tail) = rest.split_once("        Statement:\n").context(lacks)?;
    let statement =
        "          - {Effect: Allow, Action: [iot:Subscribe, iot:Receive], Resource: '*'}";
    Ok(format!(
        "{head}\n  ButtonPolicy:\n{middle}        Statement:\n{statement}\n{tail}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_button_may_listen_in_the_template_of_this_checkout() {
        let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
        let changed = allow_to_listen(&text).unwrap();
        assert_eq!(changed.lines().count(), text.lines().count() + 1);
        assert!(allow_to_listen("Resources:\n").is_err());
    }
}
