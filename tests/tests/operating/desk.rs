//! Boards: each a folder that serves as its flash, and the process that runs the firmware on it.
//!
//! Must not know: what the document says, or what a lock is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use e2e::world::program;
use tokio::process::{Child, Command};

/// A board without a journal refuses each unlock that may be as old as its power-on. A person who
/// types is not that fast.
const REFUSES_FOR: Duration = Duration::from_secs(5);

/// The boards of a house, and which of them is connected by cable.
pub struct Desk {
    /// Where the flash folders and the boards' output are.
    folder: PathBuf,
    running: BTreeMap<String, Child>,
    connected: Option<String>,
    /// When the last board was powered for the first time.
    newest: Option<Instant>,
}

impl Desk {
    pub fn new(folder: PathBuf) -> Self {
        Self {
            folder,
            running: BTreeMap::new(),
            connected: None,
            newest: None,
        }
    }

    /// Copies the files that `pattern` names, such as `devices/NAME/*.pem`, to the flash of the
    /// board of that name.
    pub fn put(&mut self, from: &Path, pattern: &str) -> Result<()> {
        let (folder, file) = pattern
            .rsplit_once('/')
            .context("a file without a folder")?;
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let flash = self.flash(name);
        std::fs::create_dir_all(&flash)?;
        let (begin, end) = file.split_once('*').unwrap_or((file, ""));
        let mut copied = 0;
        let listed = std::fs::read_dir(from.join(folder));
        for entry in listed.with_context(|| format!("no folder {folder}"))? {
            let entry = entry?;
            let found = entry.file_name().into_string().unwrap_or_default();
            let is_meant = if file.contains('*') {
                found.starts_with(begin) && found.ends_with(end)
            } else {
                found == file
            };
            if is_meant {
                std::fs::copy(entry.path(), flash.join(&found))?;
                copied += 1;
            }
        }
        ensure!(copied > 0, "no file {pattern}");
        self.connected = Some(name.to_owned());
        Ok(())
    }

    /// Starts the connected board, or starts it again.
    pub async fn restart(&mut self) -> Result<()> {
        let name = self.connected.clone().context("no board is connected")?;
        match self.running.remove(&name) {
            Some(mut board) => board.kill().await.context("switch the board off")?,
            None => self.newest = Some(Instant::now()),
        }
        let log = std::fs::File::create(self.log(&name))?;
        let mut command = Command::new(program("virtual-device")?);
        command.arg("--flash").arg(self.flash(&name));
        // It runs until its input ends, which the child handle holds.
        let input = Stdio::piped();
        let board = command
            .stdin(input)
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .context("start the board")?;
        self.running.insert(name, board);
        Ok(())
    }

    /// Whether a board is so new that it refuses an unlock.
    pub fn is_new(&self) -> bool {
        let newest = self.newest;
        newest.is_some_and(|newest| newest.elapsed() < REFUSES_FOR)
    }

    /// What the boards have printed.
    pub fn output(&self) -> String {
        let names = self.running.keys();
        let texts = names.map(|name| {
            let text = std::fs::read_to_string(self.log(name)).unwrap_or_default();
            format!("board {name}:\n{text}")
        });
        texts.collect()
    }

    fn flash(&self, name: &str) -> PathBuf {
        self.folder.join(format!("flash-{name}"))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("board-{name}.log"))
    }
}
