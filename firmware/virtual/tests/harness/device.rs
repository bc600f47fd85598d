//! A virtual device as a child process, driven by lines.
#![allow(dead_code, reason = "no test file uses all of it")]

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::Value;

/// A test fails if it waits longer than this.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Real time for the network between two steps of manual time.
const STEP_WAIT: Duration = Duration::from_millis(5);

/// A running device; dropping it kills the process.
pub struct Device {
    /// The child process.
    pub child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    history: RefCell<Vec<Value>>,
}

impl Device {
    /// Starts an installed device without certificates and without a broker, unless `settings` name
    /// them.
    pub fn start(flash: &Path, role: &str, settings: &[&str]) -> Self {
        let broker = ["--broker", "127.0.0.1:1"];
        let absent = [
            "--ca",
            "absent.pem",
            "--cert",
            "absent.pem",
            "--key",
            "absent.pem",
        ];
        Self::start_with(&[&broker[..], &absent].concat(), flash, role, settings)
    }

    /// Starts a device that was never installed and has no settings except `settings` and its role,
    /// which may be empty.
    pub fn start_bare(flash: &Path, role: &str, settings: &[&str]) -> Self {
        let mut arguments = vec!["--broker", "127.0.0.1:1"];
        for file in ["--ca", "--cert", "--key"] {
            arguments.extend([file, "absent.pem"]);
        }
        Self::launch(&arguments, flash, role, settings)
    }

    /// Starts an installed device with further arguments; its relay unlocks at the high level
    /// unless `settings` change that.
    pub fn start_with(arguments: &[&str], flash: &Path, role: &str, settings: &[&str]) -> Self {
        let stated = ["lock.unlocked_level=1", "lock.power_on=locked"];
        let arguments = [&["--installed"], arguments].concat();
        Self::launch(&arguments, flash, role, &[&stated, settings].concat())
    }

    fn launch(arguments: &[&str], flash: &Path, role: &str, settings: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_virtual-device"));
        command.args(["--thing", "thing-1", "--role", role]);
        command.args(arguments);
        command.arg("--flash").arg(flash);
        for setting in settings {
            command.args(["--set", setting]);
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the device starts");
        let stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let line = serde_json::from_str(&line).expect("each line is JSON");
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let stdin = child.stdin.take();
        Self {
            child,
            stdin,
            lines,
            history: RefCell::default(),
        }
    }

    /// Writes one line to its standard input.
    pub fn say(&mut self, line: &str) {
        let stdin = self.stdin.as_mut().expect("stdin is open");
        writeln!(stdin, "{line}").expect("the device reads its input");
    }

    /// Collects lines up to the first that fulfils `wanted`.
    pub fn until(&self, mut wanted: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = Vec::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("not seen in {PATIENCE:?}: {seen:?}");
            };
            let found = wanted(&line);
            self.history.borrow_mut().push(line.clone());
            seen.push(line);
            if found {
                return seen;
            }
        }
    }

    /// Switches to manual time and lets `time` pass at once. Returns the lines up to then.
    pub fn pass(&mut self, time: Duration) -> Vec<Value> {
        self.say(&format!(r#"{{"pass_ms":{}}}"#, time.as_millis()));
        // The answer to this marks the end of that time.
        self.say(r#"{"read":-1}"#);
        self.until(|line| line["event"] == "level" && line["pin"] == -1)
    }

    /// Lets manual time pass in steps until a line fulfils `wanted`; between steps the network has
    /// real time.
    pub fn pass_until(&mut self, step: Duration, mut wanted: impl FnMut(&Value) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !self.pass(step).iter().any(&mut wanted) {
            assert!(Instant::now() < deadline, "not seen in {PATIENCE:?}");
            // A line that the network caused meanwhile.
            if let Ok(line) = self.lines.recv_timeout(STEP_WAIT) {
                self.history.borrow_mut().push(line.clone());
                if wanted(&line) {
                    return;
                }
            }
        }
    }

    /// The latch's movements in the collected lines.
    pub fn latches(&self) -> Vec<String> {
        let history = self.history.borrow();
        let latches = history.iter().filter(|l| l["event"] == "latch");
        latches
            .map(|l| l["latch"].as_str().expect("a latch has a state").to_owned())
            .collect()
    }

    /// Number of collected lines that fulfil `wanted`.
    pub fn count(&self, wanted: impl Fn(&Value) -> bool) -> usize {
        self.history.borrow().iter().filter(|l| wanted(l)).count()
    }

    /// Collects lines up to `ready`.
    pub fn until_ready(&self) -> Vec<Value> {
        self.until(|line| line["event"] == "ready")
    }

    /// Closes its input and waits for its end. Returns whether it succeeded.
    pub fn end(mut self) -> bool {
        drop(self.stdin.take());
        self.wait()
    }

    /// Waits for its end. Returns whether it succeeded.
    pub fn wait(&mut self) -> bool {
        // Its output is closed when it ends.
        let deadline = Instant::now() + PATIENCE;
        while self
            .lines
            .recv_timeout(deadline.saturating_duration_since(Instant::now()))
            .is_ok()
        {}
        self.child
            .wait()
            .expect("the device can be waited for")
            .success()
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // Fails if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A new, empty flash.
pub fn flash() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory can be made")
}
