//! The programs of the stack, functions and virtual device: where they are, and how they are built.
//! Knows nothing of what they do.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// The virtual ESP8266.
pub const DEVICE: &str = "virtual-device";

/// Where each program of the stack is.
#[derive(Debug, Clone)]
pub struct Programs {
    directory: PathBuf,
}

impl Programs {
    /// Programs beside this one: cargo puts every binary of the workspace into one directory.
    pub fn beside_this_one() -> Result<Self> {
        let this = std::env::current_exe().context("find the path of lockctl itself")?;
        let directory = this
            .parent()
            .context("lockctl has no directory")?
            .to_owned();
        Ok(Self { directory })
    }

    /// The path of one program; an error that says what to do when it is not there.
    pub fn path(&self, name: &str) -> Result<PathBuf> {
        let path = self
            .directory
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        if !path.is_file() {
            bail!(
                "no program {}: build it with `cargo build`, or leave out --no-build",
                path.display()
            );
        }
        Ok(path)
    }

    /// The paths of the functions' programs, by the name the template calls them.
    pub fn functions(&self, names: &[String]) -> Result<BTreeMap<String, PathBuf>> {
        names
            .iter()
            .map(|name| Ok((name.clone(), self.path(name)?)))
            .collect()
    }

    /// Builds `names` with cargo, in this program's own profile, showing how far it is.
    ///
    /// Cargo is run from the workspace's root without naming packages, so that features are resolved as for `cargo run`
    /// and no dependency is built twice.
    pub async fn build(&self, names: &[String], progress: &ProgressBar) -> Result<()> {
        let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
        command.current_dir(workspace()).args([
            "build",
            "--color",
            "never",
            "--profile",
            self.profile(),
        ]);
        for name in names {
            command.args(["--bin", name]);
        }
        // `cargo run` sets these for lockctl; left in place, build scripts that watch them would think that all has changed.
        let of_lockctl =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        for (name, _) in
            std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(of_lockctl))
        {
            command.env_remove(name);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .context("start cargo: is Rust's cargo on the PATH?")?;
        let stderr = child
            .stderr
            .take()
            .context("cargo's output was not captured")?;
        let mut lines = BufReader::new(stderr).lines();
        let mut said = Vec::new();
        while let Some(line) = lines.next_line().await.context("read cargo's output")? {
            progress.set_message(line.trim().to_owned());
            said.push(line);
        }
        let status = child.wait().await.context("wait for cargo")?;
        if !status.success() {
            let tail = said
                .iter()
                .rev()
                .take(40)
                .rev()
                .cloned()
                .collect::<Vec<_>>()
                .join("\n");
            bail!("cargo could not build {}:\n{tail}", names.join(", "));
        }
        Ok(())
    }

    /// Cargo names the output directory after the profile, but for `dev`.
    fn profile(&self) -> &str {
        match self.directory.file_name().and_then(|name| name.to_str()) {
            None | Some("debug") => "dev",
            Some(other) => other,
        }
    }
}

/// The checkout this program was built from.
pub fn workspace() -> &'static Path {
    let this_crate = Path::new(env!("CARGO_MANIFEST_DIR"));
    let root = this_crate.ancestors().nth(2);
    root.expect("this crate lies two folders deep in the checkout")
}
