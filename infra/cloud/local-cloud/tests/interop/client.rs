//! Third-party clients as processes: how each is started, and its output.
//!
//! A client that is not installed fails its test with the way to install it. Must not know: what a
//! client does.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

use crate::cloud::Cloud;

/// How long a whole client may take. Generous: these machines are shared.
const DEADLINE: Duration = Duration::from_secs(90);

/// A client about to be started.
pub struct Client {
    command: Command,
}

/// A client that runs.
pub struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    output: Vec<String>,
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/interop/clients")
        .join(name)
}

/// A file of the build directory that set-up puts there.
fn installed(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let target = this.ancestors().nth(3).unwrap();
    let path = target.join(name);
    assert!(
        path.exists(),
        "no {}: run `cargo xtask setup`",
        path.display()
    );
    path
}

/// A Python script with the ready file as its first argument.
pub fn python(name: &str, cloud: &Cloud) -> Client {
    Client::new(installed("venv-clients/bin/python"))
        .args([script(name).as_os_str(), cloud.ready_file().as_os_str()])
}

/// A JavaScript program with the ready file as its first argument.
pub fn node(name: &str, cloud: &Cloud) -> Client {
    let mut client = Client::new("node");
    client
        .command
        .env("NODE_PATH", installed("node/node_modules"));
    client.args([script(name).as_os_str(), cloud.ready_file().as_os_str()])
}

/// `mosquitto_pub` as a thing.
pub fn mosquitto_pub(cloud: &Cloud, thing: &str) -> Client {
    as_thing(Client::new("mosquitto_pub"), cloud, thing)
}

/// `mosquitto_sub` as a thing.
pub fn mosquitto_sub(cloud: &Cloud, thing: &str) -> Client {
    as_thing(Client::new("mosquitto_sub"), cloud, thing)
}

/// `mosquitto_pub` without a certificate.
pub fn bare_mosquitto_pub(cloud: &Cloud) -> Client {
    to_broker(Client::new("mosquitto_pub"), cloud)
}

fn as_thing(client: Client, cloud: &Cloud, thing: &str) -> Client {
    let (certificate, key) = cloud.files_for(thing);
    to_broker(client, cloud)
        .args(["-i", thing])
        .args([OsStr::new("--cert"), certificate.as_os_str()])
        .args([OsStr::new("--key"), key.as_os_str()])
}

fn to_broker(client: Client, cloud: &Cloud) -> Client {
    let (host, port) = cloud.text("mqtts").rsplit_once(':').unwrap();
    client.args(["-h", host, "-p", port, "--cafile", cloud.text("ca")])
}

impl Client {
    fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(program);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // If the output were buffered, that of a client that hangs would be lost.
            .env("PYTHONUNBUFFERED", "1")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .kill_on_drop(true);
        Self { command }
    }

    pub fn args(mut self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.command.args(arguments);
        self
    }

    fn spawn(&mut self) -> Child {
        let child = self.command.spawn();
        child.unwrap_or_else(|e| panic!("{:?}: {e}: run `cargo xtask setup`", self.command))
    }

    async fn end(mut self) -> Output {
        let child = self.spawn();
        let ended = timeout(DEADLINE, child.wait_with_output()).await;
        ended.expect("client ends in time").unwrap()
    }

    /// Runs the client, which must succeed.
    pub async fn succeed(self) {
        let output = self.end().await;
        assert!(output.status.success(), "{}", describe(&output));
    }

    /// Runs the client, which must fail.
    pub async fn fail(self) {
        let output = self.end().await;
        assert!(!output.status.success(), "{}", describe(&output));
    }

    /// Starts the client in the background.
    pub fn start(mut self) -> Running {
        // mosquitto reports to standard output; its errors go to the test's standard error.
        self.command.stderr(Stdio::inherit());
        let mut child = self.spawn();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Running {
            child,
            lines,
            output: Vec::new(),
        }
    }
}

fn describe(output: &Output) -> String {
    format!(
        "{}\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

impl Running {
    /// Waits for a line that contains `text`.
    pub async fn says(&mut self, text: &str) {
        let search = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                let found = line.contains(text);
                self.output.push(line);
                if found {
                    return true;
                }
            }
            false
        };
        let found = timeout(DEADLINE, search).await;
        assert_eq!(found, Ok(true), "never said {text:?}: {:#?}", self.output);
    }

    /// Waits for its successful end.
    pub async fn succeeds(mut self) {
        let ended = timeout(DEADLINE, self.child.wait()).await;
        let status = ended.expect("client ends in time").unwrap();
        assert!(status.success(), "{status}: {:#?}", self.output);
    }
}
