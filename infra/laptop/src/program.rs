//! The programs of the stack (functions and virtual device): finds and builds them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, anyhow, bail};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;

use crate::cargo::{self, Piece};
use crate::compiler;
use crate::progress::Progress;

/// The virtual ESP8266.
pub const DEVICE: &str = "virtual-device";
/// Maximum number of lines of cargo's output in the error about a failed build.
const OUTPUT_LINES_MAX: usize = 40;

/// The directory of the programs.
#[derive(Debug, Clone)]
pub struct Programs {
    directory: PathBuf,
    /// Where they are built; `None` if they are not.
    checkout: Option<PathBuf>,
}

impl Programs {
    /// The programs next to this one: cargo puts all binaries of the workspace into one directory.
    pub fn next_to_this_one() -> Result<Self> {
        let this = std::env::current_exe().context("find the path of lockctl")?;
        let directory = this.parent().context("lockctl has no directory")?;
        Ok(Self {
            directory: directory.to_owned(),
            checkout: None,
        })
    }

    /// The programs as cargo builds them in this checkout: next to this one if cargo built it, in
    /// the checkout's own output if it is installed elsewhere.
    pub fn built_in(checkout: &Path) -> Result<Self> {
        let this = Self::next_to_this_one()?;
        Ok(Self::of(&this.directory, checkout))
    }

    fn of(directory: &Path, checkout: &Path) -> Self {
        let is_output = directory.join("deps").is_dir();
        let own = || checkout.join("target/debug");
        Self {
            directory: if is_output {
                directory.to_owned()
            } else {
                own()
            },
            checkout: Some(checkout.to_owned()),
        }
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
    pub async fn build(&self, names: &[String], progress: &mut Progress) -> Result<()> {
        let checkout = self
            .checkout
            .as_deref()
            .context("nothing is built with --no-build")?;
        let mut child = self.cargo(checkout, names).spawn().map_err(|error| {
            anyhow!(
                "start cargo, which builds the functions: {error}; install Rust from rustup.rs, or \
                 put cargo on the PATH"
            )
        })?;
        let stderr = child
            .stderr
            .take()
            .context("cargo's output was not captured")?;
        let output = follow(stderr, progress).await;
        let output = output.context("read cargo's output")?;
        let status = child.wait().await.context("wait for cargo")?;
        if !status.success() {
            if let Some(lack) = compiler::lack(&output) {
                bail!("{}", compiler::sentence(lack));
            }
            let tail = &output[output.len().saturating_sub(OUTPUT_LINES_MAX)..];
            bail!(
                "cargo could not build {}; repair what it names, then repeat the command:\n{}",
                names.join(", "),
                tail.join("\n")
            );
        }
        Ok(())
    }

    fn cargo(&self, checkout: &Path, names: &[String]) -> Command {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.current_dir(checkout);
        let output = self.directory.parent();
        let output = output.map(|output| [OsStr::new("--target-dir"), output.as_os_str()]);
        // An installed lockctl must find them, whatever the environment says of cargo's output.
        command.envs(cargo::DRAW);
        command.args(["build", "--color", "never", "--profile", self.profile()]);
        command.args(output.into_iter().flatten());
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

/// Shows what cargo prints until it ends. Returns the lines.
async fn follow(
    mut stderr: impl AsyncRead + Unpin,
    progress: &mut Progress,
) -> std::io::Result<Vec<String>> {
    let (mut read, mut lines) = (Vec::new(), Vec::new());
    loop {
        let count = stderr.read_buf(&mut read).await?;
        if count == 0 {
            read.push(b'\n');
        }
        for piece in cargo::take_pieces(&mut read) {
            match piece {
                Piece::Line(line) => {
                    progress.show(line.trim());
                    lines.push(line);
                }
                Piece::Bar { done, all, units } => {
                    progress.count(done, all);
                    progress.show(&units);
                }
            }
        }
        if count == 0 {
            return Ok(lines);
        }
    }
}

/// The folders of a checkout that `lockctl local` needs.
const CHECKOUT: [&str; 3] = ["template.yaml", "lambdas", "firmware"];

/// The checkout to build from: the one that was named, else the one that this program was built
/// from, else the one around the current directory.
///
/// # Errors
///
/// There is none; the message says what to do.
pub fn checkout(named: Option<&Path>) -> Result<PathBuf> {
    let built_from = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    let current = std::env::current_dir().unwrap_or_default();
    if let Some(named) = named {
        return find_checkout([named]).with_context(|| {
            format!(
                "{} is not a checkout of this project: it lacks {}; give --checkout the folder \
                 that has them",
                named.display(),
                CHECKOUT.join(", ")
            )
        });
    }
    find_checkout(built_from.into_iter().chain(current.ancestors())).context(
        "`lockctl local` builds and runs the functions and the virtual device, so it needs a \
         checkout of this project, and none is here or where lockctl was built; run it inside a \
         checkout, or give --checkout DIR; every other command works without one",
    )
}

fn find_checkout<'a>(places: impl IntoIterator<Item = &'a Path>) -> Option<PathBuf> {
    let is_checkout = |place: &&Path| CHECKOUT.iter().all(|name| place.join(name).exists());
    places.into_iter().find(is_checkout).map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_a_checkout_if_it_has_template_functions_and_firmware() {
        let folder = tempfile::tempdir().expect("a folder");
        let place = folder.path();
        assert_eq!(find_checkout([place]), None);
        for name in CHECKOUT {
            std::fs::create_dir(place.join(name)).expect("made");
        }
        let inner = place.join("lambdas");
        assert_eq!(find_checkout(inner.ancestors()), Some(place.to_owned()));
        assert!(checkout(Some(&inner)).is_err());
        assert!(checkout(None).is_ok(), "this test runs in a checkout");
    }

    #[test]
    fn an_installed_program_builds_into_the_checkout() {
        let folder = tempfile::tempdir().expect("a folder");
        let bin = folder.path().join("bin");
        let found = Programs::of(&bin, Path::new("/checkout"));
        assert_eq!(found.directory, Path::new("/checkout/target/debug"));
        assert_eq!(found.profile(), "dev");
        let release = folder.path().join("release");
        std::fs::create_dir_all(release.join("deps")).expect("made");
        let found = Programs::of(&release, Path::new("/checkout"));
        assert_eq!(
            (found.directory.as_path(), found.profile()),
            (release.as_path(), "release")
        );
    }
}
