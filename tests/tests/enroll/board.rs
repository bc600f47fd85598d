//! A board that has nothing but what `mos put` brought from a device's folder.
//!
//! Must not know: where the folder came from.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use e2e::program::program;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

/// How long a line of a board may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);

/// A running board.
pub struct Board {
    _process: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    _flash: TempDir,
}

impl Board {
    /// Copies the files that the folder's README names onto a new flash, and switches the board on.
    pub async fn start(folder: &Path) -> Result<Self> {
        let flash = tempfile::tempdir()?;
        let readme = std::fs::read_to_string(folder.join("README.md"))?;
        let put = readme
            .lines()
            .filter_map(|line| line.strip_prefix("$ mos put "));
        let mut files = 0;
        for file in put {
            std::fs::copy(folder.join(file), flash.path().join(file)).context(file.to_owned())?;
            files += 1;
        }
        anyhow::ensure!(files == 4, "{readme}");
        let mut process = Command::new(program("virtual-device")?)
            .arg("--flash")
            .arg(flash.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("start the board")?;
        let input = process.stdin.take().context("no input")?;
        let output = process.stdout.take().context("no output")?;
        Ok(Self {
            _process: process,
            input,
            output: BufReader::new(output).lines(),
            _flash: flash,
        })
    }

    /// Waits for a line that `fits` accepts.
    pub async fn until(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Result<Value> {
        let found = self.find(DEADLINE, fits).await?;
        found.with_context(|| format!("the board never said {what}"))
    }

    /// Waits for a line that `fits` accepts; `None` if there is none in time.
    pub async fn find(
        &mut self,
        time: Duration,
        fits: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>> {
        let search = async {
            while let Some(line) = self.output.next_line().await? {
                let line: Value = serde_json::from_str(&line)?;
                if fits(&line) {
                    return Ok(line);
                }
            }
            anyhow::bail!("the board ended")
        };
        let found = tokio::time::timeout(time, search).await;
        found.ok().transpose()
    }

    /// Waits for its event of this name.
    pub async fn until_event(&mut self, name: &str) -> Result<Value> {
        self.until(name, |line| line["event"] == name).await
    }

    /// Presses its button.
    pub async fn press(&mut self, click: &str) -> Result<()> {
        let line = format!("{}\n", json!({ "press": click }));
        self.input.write_all(line.as_bytes()).await?;
        Ok(())
    }
}
