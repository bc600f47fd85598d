//! `sam build` for one architecture, in folders of its own, with its time and visible progress.
//!
//! Must not know: what is built.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::target::Architecture;
use crate::process;
use crate::workspace::{Workspace, forget_this_package};

/// Time between two looks at a running build.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Time between two lines about a running build: sam itself is silent for minutes.
const SHOW_EVERY: Duration = Duration::from_secs(15);

/// The folders of one architecture's build.
pub struct Build<'a> {
    workspace: &'a Workspace,
    architecture: Architecture,
    root: PathBuf,
}

/// How long `sam build` took.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// With nothing built before; none if the build that was kept did not end well.
    pub from_nothing: Option<Duration>,
    /// With nothing changed.
    pub again: Duration,
}

impl<'a> Build<'a> {
    /// The folders below the build directory; none is made yet.
    pub fn new(workspace: &'a Workspace, architecture: Architecture) -> Self {
        let root = workspace.target().join("artefacts");
        Self {
            workspace,
            architecture,
            root: root.join(architecture.to_string()),
        }
    }

    pub fn workspace(&self) -> &Workspace {
        self.workspace
    }

    pub fn architecture(&self) -> Architecture {
        self.architecture
    }

    /// The folder with the built template, and a folder for each function.
    pub fn folder(&self) -> PathBuf {
        self.root.join("build")
    }

    /// A folder for this chore's own files.
    pub fn scratch(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Builds twice: from nothing, unless an earlier build is kept, then with nothing changed. The
    /// time from nothing is kept with the build.
    ///
    /// # Errors
    /// sam fails.
    pub fn run(&self, keep: bool) -> Result<Times> {
        if !keep && self.root.exists() {
            fs::remove_dir_all(&self.root)
                .with_context(|| format!("remove {}", self.root.display()))?;
        }
        let scratch = self.scratch();
        fs::create_dir_all(&scratch).with_context(|| format!("make {}", scratch.display()))?;
        let first = self.sam_build()?;
        let kept = self.root.join("from-nothing");
        if !keep {
            fs::write(&kept, first.as_secs().to_string()).context("keep the time of the build")?;
        }
        let seconds = fs::read_to_string(&kept).ok();
        let seconds = seconds.and_then(|text| text.trim().parse().ok());
        Ok(Times {
            from_nothing: seconds.map(Duration::from_secs),
            again: self.sam_build()?,
        })
    }

    fn sam_build(&self) -> Result<Duration> {
        let started = Instant::now();
        let mut sam = self.sam()?;
        sam.args(["build", "--template", "template.yaml", "--build-in-source"])
            .args(["--region", "us-east-1", "--parameter-overrides"])
            .arg(format!("Architecture={}", self.architecture))
            .arg("--build-dir")
            .arg(self.folder());
        println!("$ sam build, for {}", self.architecture);
        let mut child = sam.spawn().context("start sam")?;
        let status = self.wait(&mut child, started)?;
        ensure!(
            status.success(),
            "sam build for {} failed",
            self.architecture
        );
        Ok(started.elapsed())
    }

    /// Waits for sam, and shows how far the compiler is. Ctrl-C at a terminal reaches every process
    /// that this chore has started.
    fn wait(&self, child: &mut Child, started: Instant) -> Result<ExitStatus> {
        let mut shown = Instant::now();
        loop {
            if let Some(status) = child.try_wait().context("wait for sam")? {
                return Ok(status);
            }
            if shown.elapsed() >= SHOW_EVERY {
                shown = Instant::now();
                let seconds = started.elapsed().as_secs();
                let built = compiled(&self.cargo_target());
                println!("artefacts: {seconds} s, {built} crates compiled");
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn cargo_target(&self) -> PathBuf {
        self.root.join("cargo")
    }

    /// sam with the pinned tools first on the path: cargo-lambda, and Python with zig.
    fn sam(&self) -> Result<Command> {
        let mut sam = Command::new(self.workspace.python_tool("sam"));
        sam.current_dir(self.workspace.root())
            .env("PATH", path(self.workspace)?)
            .env("CARGO_TARGET_DIR", self.cargo_target())
            .env("SAM_CLI_TELEMETRY", "0")
            .env("__SAM_CLI_APP_DIR", self.workspace.target().join("sam"));
        forget_this_package(&mut sam);
        Ok(sam)
    }
}

/// The number of compiled libraries below cargo's folder; programs of build scripts count as well.
fn compiled(target: &Path) -> usize {
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let folders = list(target)
        .into_iter()
        .flat_map(|folder| [folder.join("deps"), folder.join("release/deps")]);
    let is_done = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "d");
    folders
        .flat_map(|folder| list(&folder))
        .filter(is_done)
        .count()
}

/// The search path with the private Python tools first.
fn path(workspace: &Workspace) -> Result<OsString> {
    let tools = workspace.python_tool("sam");
    let tools = tools.parent().context("find the folder of the tools")?;
    let old = env::var_os("PATH").unwrap_or_default();
    let folders = [tools.to_path_buf()]
        .into_iter()
        .chain(env::split_paths(&old));
    env::join_paths(folders).context("put the private tools on the path")
}

/// The tools of a build, each with its version, and the size of the machine.
///
/// # Errors
/// A tool does not say its version.
pub fn versions(workspace: &Workspace) -> Result<String> {
    let tool = |name: &str| Command::new(workspace.python_tool(name));
    let number = |text: String| {
        let mut words = text.split_whitespace();
        let version = words.find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        version.unwrap_or("of unknown version").to_owned()
    };
    let sam = process::output(tool("sam").arg("--version"))?;
    let lambda = process::output(tool("cargo-lambda").args(["lambda", "--version"]))?;
    let zig = process::output(tool("python").args(["-m", "ziglang", "version"]))?;
    let rustc = Command::new("rustc")
        .arg("--version")
        .current_dir(workspace.root())
        .output()
        .context("run rustc")?;
    let rustc = String::from_utf8_lossy(&rustc.stdout).into_owned();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    Ok(format!(
        "aws-sam-cli {}, cargo-lambda {}, zig {}, rustc {}, on {processors} processors ({})",
        number(sam),
        number(lambda),
        number(zig),
        number(rustc),
        env::consts::ARCH
    ))
}
