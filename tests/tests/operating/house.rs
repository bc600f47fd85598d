//! A house: a stack without devices, the boards that the document makes, and a person who follows
//! its lines.
//!
//! Must not know: which lines the document has.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use e2e::World;
use e2e::world::program;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::desk::Desk;
use crate::hand::{self, Act};
use crate::page::Step;
use crate::shown::is_same;

/// How long a line may take to show what the document shows. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A press of a button without a sequence soon after the one before is ignored. A person who types
/// is not that fast.
const QUIET_WINDOW: Duration = Duration::from_millis(1_600);
/// Commands that change nothing: a person repeats them until they show the expected state.
const LOOKS: [&str; 5] = ["status", "history", "bindings", "doctor", "failures"];

/// A house.
pub struct House {
    world: World,
    desk: Desk,
    /// The person's working folder.
    folder: TempDir,
    /// When the last press had its answer.
    pressed: Option<Instant>,
}

/// What a command printed, and how it ended.
struct Answer {
    lines: Vec<String>,
    has_failed: bool,
}

impl House {
    /// A house with a deployed stack, and without devices.
    pub async fn start() -> Result<Self> {
        let folder = tempfile::tempdir().context("create the working folder")?;
        let empty = ["--memory", "--locks", "0", "--buttons", "0"];
        Ok(Self {
            world: World::start_with(&empty).await?,
            desk: Desk::new(folder.path().to_owned()),
            folder,
            pressed: None,
        })
    }

    /// Does what a line says, and compares what it prints with what the document shows.
    pub async fn follow(&mut self, step: &Step) -> Result<()> {
        let words = step.words();
        if words.first().is_none_or(|word| word != "lockctl") {
            for act in hand::read(step).context("not a known command")? {
                match act {
                    Act::Nothing => {}
                    Act::Put(pattern) => self.desk.put(self.folder.path(), &pattern)?,
                    Act::Restart => self.desk.restart().await?,
                }
            }
            return Ok(());
        }
        let arguments: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        self.take_time().await;
        let is_endless =
            ["watch", "console"].contains(&arguments[0]) || arguments.contains(&"--follow");
        let followed = if is_endless {
            self.watch(&arguments, &step.shown).await
        } else {
            self.run(&arguments, step).await
        };
        if arguments[0] == "press" {
            self.pressed = Some(Instant::now());
        }
        followed.with_context(|| self.desk.output())
    }

    /// Takes the time that a person takes to type.
    async fn take_time(&self) {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        let is_quiet = |pressed: Instant| pressed.elapsed() < QUIET_WINDOW;
        while self.desk.is_new() || self.pressed.is_some_and(is_quiet) {
            looks.tick().await;
        }
    }

    async fn run(&self, arguments: &[&str], step: &Step) -> Result<()> {
        let is_look = LOOKS.contains(&arguments[0]) && !arguments.contains(&"--redrive");
        let deadline = Instant::now() + DEADLINE;
        let mut looks = tokio::time::interval(LOOK_EVERY);
        loop {
            looks.tick().await;
            let answer = self.lockctl(arguments).await?;
            let is_shown = step.shown.is_empty() || is_same(&step.shown, &answer.lines);
            if is_shown && answer.has_failed == step.fails {
                return Ok(());
            }
            if !is_look || Instant::now() > deadline {
                bail!(
                    "expected, failing {}:\n{}\nprinted, failing {}:\n{}",
                    step.fails,
                    step.shown.join("\n"),
                    answer.has_failed,
                    answer.lines.join("\n")
                );
            }
        }
    }

    async fn lockctl(&self, arguments: &[&str]) -> Result<Answer> {
        let run = self.command(arguments)?.output();
        let output = tokio::time::timeout(DEADLINE, run).await;
        let output = output.context("lockctl did not end")??;
        let mut lines = lines_below_target(&output.stdout);
        let has_failed = !output.status.success();
        if has_failed {
            lines.extend(lines_below_target(&output.stderr));
        }
        Ok(Answer { lines, has_failed })
    }

    /// Runs a command that ends with Ctrl-C, until it has printed what the document shows.
    async fn watch(&self, arguments: &[&str], shown: &[String]) -> Result<()> {
        let mut command = self.command(arguments)?;
        let mut child = command.stdout(Stdio::piped()).spawn()?;
        let output = child.stdout.take().context("no standard output")?;
        let mut output = BufReader::new(output).lines();
        let mut lines = Vec::new();
        let deadline = tokio::time::Instant::now() + DEADLINE;
        while !is_same(shown, &lines) {
            let next = tokio::time::timeout_at(deadline, output.next_line()).await;
            match next.unwrap_or(Ok(None))? {
                Some(line) => lines.push(line),
                None => bail!(
                    "expected:\n{}\nprinted:\n{}",
                    shown.join("\n"),
                    lines.join("\n")
                ),
            }
            lines.retain(|line| !line.starts_with("target: "));
        }
        let pid = child.id().context("it has ended already")?.to_string();
        let sent = Command::new("kill").args(["-INT", &pid]).status().await?;
        ensure!(sent.success(), "SIGINT could not be sent");
        let ended = tokio::time::timeout(DEADLINE, child.wait()).await;
        let status = ended.context("it did not end on Ctrl-C")??;
        ensure!(status.success(), "after Ctrl-C it ended with {status}");
        Ok(())
    }

    fn command(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(program("lockctl")?);
        for variable in [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "AWS_PROFILE",
        ] {
            command.env_remove(variable);
        }
        command
            .args(arguments)
            .arg("--ready-file")
            .arg(self.world.ready_file())
            .env("USER", "operator")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true);
        Ok(command)
    }
}

/// The lines of an output without the first one, which names the target, and without blank ones.
fn lines_below_target(output: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(output);
    let lines = text.lines().map(str::trim_end);
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with("target: "));
    lines.map(str::to_owned).collect()
}
