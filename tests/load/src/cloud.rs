//! The local cloud as a process: the project's template and functions, and a thing for each device.
//!
//! Must not know: what the devices do.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use lock_aws::{Access, OperatorEndpoints};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval};

use crate::Options;

const START_TIME_MAX: Duration = Duration::from_secs(300);
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Name of the stack, with which its policies begin.
const STACK: &str = "load";
/// The functions' programs, by their names in the template.
const FUNCTIONS: [&str; 5] = ["press", "report", "sweep", "failure", "announce"];

/// A running cloud, which ends when this handle is dropped.
pub struct Cloud {
    child: Child,
    directory: TempDir,
    ready: Value,
}

impl Cloud {
    /// Starts the cloud with these faults and waits until it is ready. Tables are on disk, so that
    /// a history that grows is not memory that grows.
    pub async fn start(options: &Options, faults: &[String]) -> Result<Self> {
        let directory = tempfile::tempdir().context("create a directory for the cloud")?;
        let ready_file = directory.path().join("ready.json");
        let errors = directory.path().join("errors");
        let mut command = Command::new(program(options, "local-cloud")?);
        command.arg("--template").arg(&options.template);
        command.arg("--ready-file").arg(&ready_file);
        command.arg("--data-dir").arg(directory.path().join("data"));
        command.args(["--no-watch", "--log", "none", "--stack", STACK]);
        command.args(["--seed", &options.seed.to_string()]);
        command.args(["--time-scale", &options.time_scale.to_string()]);
        for name in FUNCTIONS {
            let path = program(options, name)?;
            command.arg("--binary");
            command.arg(format!("{name}={}", path.display()));
        }
        for fault in faults {
            command.args(["--fault", fault]);
        }
        for (kind, count) in [("lock", options.locks), ("button", options.buttons)] {
            for number in 1..=count {
                let thing = format!("{kind}-{number}={STACK}-{kind}");
                command.args(["--thing", &thing]);
            }
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&errors).context("create a file for the cloud's errors")?)
            .kill_on_drop(true)
            .spawn()
            .context("start local-cloud")?;
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
    pub fn broker(&self) -> Result<(String, u16)> {
        let (host, port) = text(&self.ready["mqtts"])?
            .rsplit_once(':')
            .context("the broker's address has no port")?;
        Ok((
            host.to_owned(),
            port.parse().context("read the broker's port")?,
        ))
    }

    /// Paths of the CA's certificate, and of a thing's certificate and key.
    pub fn files(&self, thing: &str) -> Result<[String; 3]> {
        let files = &self.ready["things"][thing];
        let paths = [&self.ready["ca"], &files["cert"], &files["key"]];
        let [ca, cert, key] = paths.map(|path| text(path).map(str::to_owned));
        Ok([ca?, cert?, key?])
    }

    /// The services that an operator calls, and the name of the table.
    pub fn access(&self) -> Result<(Access, String)> {
        let at = |name: &str| text(&self.ready[name]).map(str::to_owned);
        let keys = &self.ready["credentials"];
        let access = Access {
            region: at("region")?,
            access_key_id: text(&keys["accessKeyId"])?.to_owned(),
            secret_access_key: text(&keys["secretAccessKey"])?.to_owned(),
            session_token: None,
            dynamodb: Some(at("dynamodb")?),
            iot_data: Some(at("iotData")?),
            sns: None,
            operator: OperatorEndpoints::default(),
        };
        let table = text(&self.ready["outputs"]["TableName"])?;
        Ok((access, table.to_owned()))
    }

    /// Ends the cloud.
    pub async fn stop(mut self) -> Result<()> {
        self.child.kill().await.context("end the cloud")
    }
}

fn program(options: &Options, name: &str) -> Result<PathBuf> {
    let path = options.programs.join(name);
    ensure!(
        path.is_file(),
        "no program {}: `cargo xtask load` builds it",
        path.display()
    );
    Ok(Path::new(&path).to_owned())
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().context("the ready file lacks an entry")
}
