//! `lockctl` in a pseudo terminal, and a person before it.

use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::world::{program, python};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::DEADLINE;
use crate::screen::{ROWS, Screen};

/// The program that has the pseudo terminal.
const RELAY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/watch/relay.py");

/// Variables of the machine that would reach `lockctl` too.
const FOREIGN: [&str; 3] = ["NO_COLOR", "AWS_ACCESS_KEY_ID", "AWS_PROFILE"];

/// A running command and its terminal.
pub struct Terminal {
    /// What it shows.
    pub screen: Screen,
    child: Child,
    keys: ChildStdin,
    output: ChildStdout,
    /// The first bytes of a character that has not come whole.
    rest: Vec<u8>,
}

impl Terminal {
    /// Starts `lockctl` with these arguments for this stack.
    pub fn start(
        world: &World,
        columns: usize,
        variables: &[(&str, &str)],
        arguments: &[&str],
    ) -> Result<Self> {
        let mut command = Command::new(python()?);
        for variable in FOREIGN {
            command.env_remove(variable);
        }
        let mut child = command
            .args([RELAY, &columns.to_string(), &ROWS.to_string()])
            .arg(program("lockctl")?)
            .args(arguments)
            .arg("--ready-file")
            .arg(world.ready_file())
            .env("TERM", "xterm-256color")
            .envs(variables.iter().copied())
            .current_dir(world.folder())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("run lockctl in a terminal")?;
        let keys = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        Ok(Self {
            screen: Screen::new(columns),
            child,
            keys,
            output,
            rest: Vec::new(),
        })
    }

    /// Waits until `fits` accepts the picture.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Screen) -> bool) -> Result<()> {
        let shown = async {
            while !fits(&self.screen) {
                ensure!(self.read().await?, "lockctl has ended");
            }
            Ok(())
        };
        let shown = tokio::time::timeout(DEADLINE, shown).await;
        let shown = shown.context("too late").flatten();
        shown.with_context(|| format!("wait for {what}:\n{}", self.screen.text()))
    }

    /// Presses Ctrl-C, and waits until the command has ended as done.
    pub async fn interrupt(&mut self) -> Result<()> {
        self.keys.write_all(b"\x03").await.context("press Ctrl-C")?;
        self.keys.flush().await.context("press Ctrl-C")?;
        self.wait().await
    }

    /// Types a line.
    pub async fn type_line(&mut self, line: &str) -> Result<()> {
        let keys = format!("{line}\r");
        self.keys.write_all(keys.as_bytes()).await?;
        self.keys.flush().await.context("type a line")
    }

    /// Waits until the command has ended as done. Returns what the terminal shows then.
    pub async fn end(mut self) -> Result<Screen> {
        self.wait().await?;
        Ok(self.screen)
    }

    async fn wait(&mut self) -> Result<()> {
        let ended = async {
            while self.read().await? {}
            self.child.wait().await.context("wait for the end")
        };
        let ended = tokio::time::timeout(DEADLINE, ended).await;
        let status = ended.context("lockctl goes on")??;
        ensure!(status.success(), "{status}:\n{}", self.screen.text());
        Ok(())
    }

    /// Shows what came. Returns whether more may come.
    async fn read(&mut self) -> Result<bool> {
        let mut bytes = [0; 4096];
        let length = self.output.read(&mut bytes).await?;
        self.rest.extend(&bytes[..length]);
        let whole = match std::str::from_utf8(&self.rest) {
            Ok(text) => text.len(),
            Err(error) => error.valid_up_to(),
        };
        let rest = self.rest.split_off(whole);
        let text = std::mem::replace(&mut self.rest, rest);
        self.screen.show(std::str::from_utf8(&text)?)?;
        Ok(length > 0)
    }
}
