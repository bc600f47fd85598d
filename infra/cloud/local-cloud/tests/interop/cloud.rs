//! Starts a separate local cloud for each test: the stand-alone binary as a process, which clients
//! find by its ready file.
//!
//! Must not know: the clients.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval};

/// How long a start may take. Generous: these machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);
const POLL_PERIOD: Duration = Duration::from_millis(20);

/// A running cloud; it ends with this value.
pub struct Cloud {
    directory: TempDir,
    ready: Value,
    _process: Child,
}

impl Cloud {
    /// A cloud with these things, each with a certificate and the template's policy.
    pub async fn start(things: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let ready_file = directory.path().join("ready.json");
        let log = directory.path().join("log");
        let output = File::create(&log).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-cloud"));
        command
            .args(["--memory", "--no-watch", "--template"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/interop/template.yaml"))
            .arg("--ready-file")
            .arg(&ready_file)
            // It is killed at the end, and its files are removed with this folder.
            .env("TMPDIR", directory.path());
        for thing in things {
            command.arg("--thing").arg(format!("{thing}=device"));
        }
        let mut process = command
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let patience = Instant::now() + DEADLINE;
        let mut polls = interval(POLL_PERIOD);
        while !ready_file.exists() {
            polls.tick().await;
            let ended = process.try_wait().unwrap();
            let said = || fs::read_to_string(&log).unwrap_or_default();
            assert!(ended.is_none(), "the cloud ended: {}", said());
            assert!(Instant::now() < patience, "not ready in time: {}", said());
        }
        let ready = serde_json::from_slice(&fs::read(&ready_file).unwrap()).unwrap();
        Self {
            directory,
            ready,
            _process: process,
        }
    }

    /// The ready file.
    pub fn ready_file(&self) -> PathBuf {
        self.directory.path().join("ready.json")
    }

    /// A text of the ready file.
    pub fn text(&self, name: &str) -> &str {
        self.ready[name].as_str().unwrap()
    }

    /// Paths of a thing's certificate and key, written or not.
    pub fn files_for(&self, thing: &str) -> (PathBuf, PathBuf) {
        let files = &self.ready["things"][thing];
        let at = |kind| self.directory.path().join(format!("{thing}.{kind}.pem"));
        match (files["cert"].as_str(), files["key"].as_str()) {
            (Some(certificate), Some(key)) => (certificate.into(), key.into()),
            _ => (at("cert"), at("key")),
        }
    }
}
