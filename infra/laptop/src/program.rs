//! The programs of the stack (functions and virtual device): finds and builds them.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

use crate::progress::Progress;

/// The virtual ESP8266.
pub const DEVICE: &str = "virtual-device";
/// Maximum number of lines of cargo's output in the error about a failed build.
const OUTPUT_LINES_MAX: usize = 40;

/// The directory of the programs.
#[derive(Debug, Clone)]
pub struct Programs {
    directory: PathBuf,
}

impl Programs {
    /// The programs next to this one: cargo puts all binaries of the workspace into one directory.
    pub fn next_to_this_one() -> Result<Self> {
        let this = std::env::current_exe().context("find the path of lockctl")?;
        let directory = this.parent().context("lockctl has no directory")?;
        Ok(Self {
            directory: directory.to_owned(),
        })
    }

    /// The path of one program.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let path = self.directory.join(file);
        if !path.is_file() {
            bail!(
                "no program {}: build it with `cargo build`, or leave out --no-build",
                path.display()
            );
        }
        Ok(path)
    }

    /// Builds `names` with cargo, in the profile of this program.
    ///
    /// Cargo runs in the workspace's root and gets no package names, so that it resolves features
    /// as for `cargo run` and builds no dependency twice.
    pub async fn build(&self, names: &[String], progress: &Progress) -> Result<()> {
        let mut child = self
            .cargo(names)
            .spawn()
            .context("start cargo: is it on the PATH?")?;
        let stderr = child
            .stderr
            .take()
            .context("cargo's output was not captured")?;
        let mut lines = BufReader::new(stderr).lines();
        let mut output = Vec::new();
        while let Some(line) = lines.next_line().await.context("read cargo's output")? {
            progress.show(line.trim());
            output.push(line);
        }
        let status = child.wait().await.context("wait for cargo")?;
        if !status.success() {
            let tail = &output[output.len().saturating_sub(OUTPUT_LINES_MAX)..];
            bail!(
                "cargo could not build {}:\n{}",
                names.join(", "),
                tail.join("\n")
            );
        }
        Ok(())
    }

    fn cargo(&self, names: &[String]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(workspace());
        command.args(["build", "--color", "never", "--profile", self.profile()]);
        for name in names {
            command.args(["--bin", name]);
        }
        // `cargo run` sets these for lockctl. Build scripts that depend on them would run again.
        for (name, _) in std::env::vars_os() {
            let is_set_for_lockctl = name.to_str().is_some_and(|name| {
                name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
            });
            if is_set_for_lockctl {
                command.env_remove(name);
            }
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// The profile of this program: cargo names the output directory after it, except for `dev`.
    fn profile(&self) -> &str {
        match self.directory.file_name().and_then(|name| name.to_str()) {
            None | Some("debug") => "dev",
            Some(other) => other,
        }
    }
}

/// The checkout that this program was built from.
pub fn workspace() -> &'static Path {
    let this_crate = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = this_crate.ancestors().nth(2);
    root.expect("this crate lies two directories deep in the checkout")
}
