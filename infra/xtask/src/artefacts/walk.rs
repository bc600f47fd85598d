//! The way of a press on the built template: `lockctl local` runs the built programs, and an
//! operator's commands show the outcome. A program for another processor runs in qemu's user mode.
//!
//! Must not know: what a press means; it compares words of lockctl's answers.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::build::Build;
use super::target::Emulator;
use super::template::Function;
use crate::process;

/// Time for the stack to start, and for what follows a press to happen; emulation is slow.
const DEADLINE: Duration = Duration::from_secs(240);
const LOOK_EVERY: Duration = Duration::from_millis(300);

/// Programs next to the built functions: the stack, and the device.
const LAPTOP: &[&str] = &["lockctl", "virtual-device"];

/// The second press is killed at each of its attempts, so that it ends in the failure queue.
const FAULT: &str = "kill:press.before-commit@1-3";
/// Factor on the cloud's minutes: a sweep every 3 s, and short waits before a retry.
const TIME_SCALE: &str = "0.05";

/// The result of the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Every step was seen, and every function ran; the emulator, if there was one.
    Walked(Option<String>),
    /// This machine cannot run the programs.
    NotRun(String),
}

/// Runs the way of a press, of a request, and of a press that is given up.
///
/// # Errors
/// A step did not happen; the error has the last lines of the stack's log.
pub fn walk(build: &Build, functions: &[Function]) -> Result<Way> {
    let emulator = build.architecture().emulator();
    if let Some(reason) = emulator.as_ref().and_then(Emulator::missing) {
        return Ok(Way::NotRun(reason));
    }
    let stage = Stage::new(build, functions, emulator.as_ref())?;
    let mut stack = stage.start()?;
    let walked = stage.steps(&mut stack);
    let ended = stack.end();
    walked
        .and(ended)
        .with_context(|| tail(&stage.log().unwrap_or_default()))?;
    println!("artefacts: press, command, report, settled; every function ran");
    let emulator = emulator.map(|it| version(&it.program)).transpose()?;
    Ok(Way::Walked(emulator))
}

/// A folder with the programs, as lockctl expects them next to itself.
struct Stage<'a> {
    build: &'a Build<'a>,
    functions: &'a [Function],
    folder: PathBuf,
}

impl<'a> Stage<'a> {
    fn new(
        build: &'a Build<'a>,
        functions: &'a [Function],
        emulator: Option<&Emulator>,
    ) -> Result<Self> {
        let folder = build.scratch();
        let workspace = build.workspace();
        let mut cargo = workspace.cargo();
        cargo.args(["build", "--quiet"]);
        for program in LAPTOP {
            cargo.args(["--bin", program]);
        }
        process::run_or_fail(&mut cargo)?;
        for program in LAPTOP {
            let built = workspace.target().join("debug").join(program);
            let copy = fs::copy(&built, folder.join(program));
            copy.with_context(|| format!("copy {}", built.display()))?;
        }
        for function in functions {
            let program = build.folder().join(&function.logical_id).join("bootstrap");
            let program = program.canonicalize().context("find a built function")?;
            let run = emulator.map_or_else(String::new, |it| it.command() + " ");
            let text = format!("#!/bin/sh\nexec {run}'{}'\n", program.display());
            write_program(&folder.join(&function.binary), &text)?;
        }
        Ok(Self {
            build,
            functions,
            folder,
        })
    }

    fn log(&self) -> Result<String> {
        fs::read_to_string(self.folder.join("log")).context("read the stack's log")
    }

    fn ready_file(&self) -> PathBuf {
        self.folder.join("ready.json")
    }

    /// Starts the stack and waits until its locks are settled.
    fn start(&self) -> Result<Stack> {
        let _ = fs::remove_file(self.ready_file());
        let log = fs::File::create(self.folder.join("log")).context("create the stack's log")?;
        let errors = log.try_clone().context("share the stack's log")?;
        let mut lockctl = Command::new(self.folder.join("lockctl"));
        lockctl
            .args([
                "local",
                "--memory",
                "--headless",
                "--no-build",
                "--log",
                "json",
            ])
            .args(["--time-scale", TIME_SCALE, "--template"])
            .arg(self.build.folder().join("template.yaml"))
            .arg("--ready-file")
            .arg(self.ready_file())
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(errors);
        let child = lockctl.spawn().context("start lockctl local")?;
        let mut stack = Stack(child);
        self.until(&mut stack, "the stack to be ready", || {
            Ok(self.ready_file().exists())
        })?;
        Ok(stack)
    }

    /// Each step, and what must follow from it.
    fn steps(&self, stack: &mut Stack) -> Result<()> {
        let is = |latch: &str| {
            let answer = self.lockctl(&["status", "lock-1"])?;
            let record = &answer["locks"][0];
            Ok(record["status"] == "settled" && record["state"] == latch)
        };
        self.lockctl(&["press", "button-1", "long", "--no-wait"])?;
        self.until(stack, "the press to open the lock", || is("unlocked"))?;
        self.lockctl(&["lock", "lock-1", "--no-wait"])?;
        self.until(stack, "the request to close the lock", || is("locked"))?;
        self.arm(FAULT)?;
        self.lockctl(&["press", "button-1", "long", "--no-wait"])?;
        self.until(stack, "the killed press to be given up", || {
            let button = self.lockctl(&["history", "button-1"])?.to_string();
            let lock = self.lockctl(&["history", "lock-1"])?.to_string();
            Ok([button, lock].iter().any(|text| text.contains("given up")))
        })?;
        for function in self.functions {
            let name = &function.logical_id;
            self.until(stack, &format!("{name} to run"), || {
                Ok(has_run(&self.log()?, name))
            })?;
        }
        Ok(())
    }

    /// Runs an operator's command and reads its answer.
    fn lockctl(&self, arguments: &[&str]) -> Result<Value> {
        let mut lockctl = Command::new(self.folder.join("lockctl"));
        lockctl
            .args(arguments)
            .args(["--output", "json", "--ready-file"])
            .arg(self.ready_file());
        let answer = process::output(&mut lockctl)?;
        serde_json::from_str(&answer).with_context(|| format!("read lockctl's answer: {answer}"))
    }

    /// Arms a fault of the local cloud; its occurrences count from now.
    fn arm(&self, fault: &str) -> Result<()> {
        let ready = fs::read_to_string(self.ready_file()).context("read the ready file")?;
        let ready: Value = serde_json::from_str(&ready).context("read the ready file")?;
        let console = ready["console"]
            .as_str()
            .and_then(|url| url.strip_prefix("http://"));
        let console = console.context("the ready file names no console")?;
        let body = json!({ "fault": fault }).to_string();
        let length = body.len();
        let request = format!(
            "POST /api/faults HTTP/1.1\r\nHost: {console}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
        let mut answer = String::new();
        let mut stream = TcpStream::connect(console).context("connect to the console")?;
        let sent = stream.write_all(request.as_bytes());
        sent.and_then(|()| stream.read_to_string(&mut answer))
            .context("arm a fault")?;
        ensure!(answer.starts_with("HTTP/1.1 2"), "arm {fault}: {answer}");
        Ok(())
    }

    /// Waits until `has_happened`.
    fn until(
        &self,
        stack: &mut Stack,
        what: &str,
        has_happened: impl Fn() -> Result<bool>,
    ) -> Result<()> {
        let started = Instant::now();
        while !has_happened()? {
            if let Some(status) = stack.0.try_wait().context("look at lockctl local")? {
                bail!("waited for {what}: lockctl local ended with {status}");
            }
            ensure!(started.elapsed() < DEADLINE, "waited in vain for {what}");
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }
}

/// A running stack; it is ended with whatever it has started, whatever happens here.
struct Stack(Child);

impl Stack {
    /// Ends it as Ctrl-C does.
    fn end(mut self) -> Result<()> {
        let status = self.interrupt()?;
        ensure!(status.success(), "lockctl local ended with {status}");
        Ok(())
    }

    fn interrupt(&mut self) -> Result<std::process::ExitStatus> {
        if let Some(status) = self.0.try_wait().context("look at lockctl local")? {
            return Ok(status);
        }
        process::output(Command::new("kill").args(["-INT", &self.0.id().to_string()]))?;
        self.0.wait().context("wait for lockctl local")
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.interrupt().is_err() {
            // The last means; there is nobody to report a failure to.
            let _ = self.0.kill();
        }
    }
}

fn write_program(path: &Path, text: &str) -> Result<()> {
    let write = || {
        fs::write(path, text)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))
    };
    write().with_context(|| format!("write {}", path.display()))
}

/// Whether the log shows an invocation of this function, by logical id, that ended well.
fn has_run(log: &str, function: &str) -> bool {
    let lines = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok());
    lines.into_iter().any(|line: Value| {
        let event = &line["cloud"];
        let name = event["function"].as_str().unwrap_or_default();
        event["kind"] == "completed" && event["outcome"] == "ok" && name.ends_with(function)
    })
}

fn version(emulator: &str) -> Result<String> {
    let text = process::output(Command::new(emulator).arg("--version"))?;
    let number = text.split_whitespace().nth(2).unwrap_or_default();
    Ok(format!("{emulator} {number}"))
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let last = lines[lines.len().saturating_sub(30)..].join("\n");
    format!("the stack's log ends:\n{last}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_invocation_that_ended_well_has_run() {
        let line = |kind: &str, outcome: &str| {
            let event = json!({
                "kind": kind, "function": "stack-PressFunction", "outcome": outcome
            });
            json!({ "cloud": event }).to_string()
        };
        assert!(has_run(&line("completed", "ok"), "PressFunction"));
        for log in [
            line("completed", "Runtime.ExitError"),
            line("invoked", "ok"),
            "no JSON".to_owned(),
        ] {
            assert!(!has_run(&log, "PressFunction"), "{log}");
        }
        assert!(!has_run(&line("completed", "ok"), "SweepFunction"));
    }
}
