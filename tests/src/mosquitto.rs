//! mosquitto as the broker of a house, with a bridge to the cloud from the folder that
//! `lockctl home-assistant` writes.
//!
//! Must not know: what the messages mean.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::{Instant, interval};

use crate::mqtt::Client;
use crate::program;

/// How long a start may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// Settings of the written file that a test replaces by its own, by the beginning of their names.
const OF_THE_TEST: [&str; 12] = [
    "listener",
    "port",
    "bind_address",
    "socket_domain",
    "allow_anonymous",
    "password_file",
    "acl_file",
    "persistence",
    "autosave",
    "log_",
    "user",
    "pid_file",
];

/// Settings whose value is a file in the folder.
const FILES: [&str; 2] = ["bridge_certfile", "bridge_keyfile"];

/// A running broker; it ends when it is dropped.
pub struct Mosquitto {
    /// Where clients of the house connect, without a certificate: `127.0.0.1:port`.
    pub address: String,
    child: Child,
    place: TempDir,
}

impl Mosquitto {
    /// Starts the broker with the bridge of `folder`, which connects to `cloud` (`host:port`) and
    /// trusts `authority`. `changes` are settings of the bridge, each with its value for this test.
    pub async fn start(
        folder: &Path,
        cloud: &str,
        authority: &Path,
        changes: &[(&str, &str)],
    ) -> Result<Self> {
        let place = tempfile::tempdir().context("make a folder for mosquitto")?;
        // mosquitto takes no port 0.
        let free = std::net::TcpListener::bind("127.0.0.1:0").context("find a free port")?;
        let address = free.local_addr()?.to_string();
        drop(free);
        let path = folder.join("mosquitto.conf");
        let written =
            fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let authority = authority.to_str().context("the path is not UTF-8")?;
        let mut all = vec![("bridge_cafile", authority)];
        all.extend(changes);
        let text = adapt(&written, folder, &address, cloud, &all)?;
        fs::write(place.path().join("mosquitto.conf"), text).context("write the configuration")?;
        let child = run(place.path())?;
        let mut broker = Self {
            address,
            child,
            place,
        };
        broker.until_it_listens().await?;
        Ok(broker)
    }

    /// Kills the broker and starts it again, as after a power cut; it has kept nothing.
    pub async fn restart(&mut self) -> Result<()> {
        self.child.kill().await.context("kill mosquitto")?;
        self.child = run(self.place.path())?;
        self.until_it_listens().await
    }

    /// Connects a client of the house.
    pub async fn client(&self, client_id: &str) -> Result<Client> {
        let client = Client::connect_plain(client_id, &self.address).await;
        client.with_context(|| self.log())
    }

    /// The broker's log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.place.path().join("log")).unwrap_or_default()
    }

    async fn until_it_listens(&mut self) -> Result<()> {
        let patience = Instant::now() + DEADLINE;
        let mut polls = interval(POLL_INTERVAL);
        while TcpStream::connect(&self.address).await.is_err() {
            polls.tick().await;
            if let Some(status) = self.child.try_wait().context("check mosquitto")? {
                bail!("mosquitto ended with {status}:\n{}", self.log());
            }
            let is_early = Instant::now() < patience;
            ensure!(is_early, "mosquitto does not listen:\n{}", self.log());
        }
        Ok(())
    }
}

fn run(place: &Path) -> Result<Child> {
    let path = program::mosquitto()?;
    let log = fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(place.join("log"))
        .context("create mosquitto's log")?;
    let mut command = Command::new(&path);
    // A mosquitto that was unpacked, not installed, brings its libraries along.
    if let Some(libraries) = path.ancestors().nth(3).map(|root| root.join("usr/lib")) {
        let triple = format!("{}-linux-gnu", std::env::consts::ARCH);
        command.env("LD_LIBRARY_PATH", libraries.join(triple));
    }
    command
        .arg("-c")
        .arg(place.join("mosquitto.conf"))
        .stdin(Stdio::null())
        .stdout(log.try_clone().context("share mosquitto's log")?)
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("start {}", path.display()))
}

/// The configuration as written, with a port of this machine, and the bridge's line to `cloud`.
fn adapt(
    written: &str,
    folder: &Path,
    address: &str,
    cloud: &str,
    changes: &[(&str, &str)],
) -> Result<String> {
    let port = address.rsplit(':').next().unwrap_or_default();
    let mut lines = vec![
        format!("listener {port} 127.0.0.1"),
        "allow_anonymous true".to_owned(),
        "persistence false".to_owned(),
        "user root".to_owned(),
        "log_dest stderr".to_owned(),
        "log_type all".to_owned(),
    ];
    let mut addresses = 0;
    for line in written.lines() {
        let (name, value) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
        let is_changed = changes.iter().any(|(changed, _)| *changed == name);
        if is_changed || OF_THE_TEST.iter().any(|of_test| name.starts_with(of_test)) {
            continue;
        }
        lines.push(match name {
            "address" | "addresses" => {
                addresses += 1;
                format!("address {cloud}")
            }
            _ if FILES.contains(&name) => format!("{name} {}", file_in(folder, value)?.display()),
            _ => line.to_owned(),
        });
    }
    ensure!(addresses == 1, "{addresses} bridges in:\n{written}");
    // The section of the bridge is the last one.
    lines.extend(
        changes
            .iter()
            .map(|(name, value)| format!("{name} {value}")),
    );
    Ok(lines.join("\n") + "\n")
}

/// The file of the folder that a path in the configuration names, wherever the folder will be.
fn file_in(folder: &Path, value: &str) -> Result<PathBuf> {
    let name = Path::new(value.trim())
        .file_name()
        .with_context(|| format!("no file in {value:?}"))?;
    let path = folder.join(name);
    ensure!(
        path.is_file(),
        "the configuration names {value}, but there is no {}",
        path.display()
    );
    Ok(path)
}

/// `authority`, and the bridge's certificate and key, as the written configuration names them.
pub fn files(folder: &Path, authority: &Path) -> Result<[PathBuf; 3]> {
    let path = folder.join("mosquitto.conf");
    let written = fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
    let find = |wanted: &str| {
        let mut settings = written
            .lines()
            .filter_map(|line| line.trim().split_once(' '));
        let found = settings.find(|(name, _)| *name == wanted);
        let (_, value) = found.with_context(|| format!("no {wanted} in {}", path.display()))?;
        file_in(folder, value)
    };
    let [certificate, key] = FILES;
    Ok([authority.to_owned(), find(certificate)?, find(key)?])
}
