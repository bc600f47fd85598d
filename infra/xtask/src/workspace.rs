//! The checkout, its build directory, its private Python tools, and whether this is CI.
//!
//! Must not know: what any of the files mean.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process;

/// The checkout this binary was built from.
pub struct Workspace {
    root: PathBuf,
}

impl Workspace {
    /// The checkout, found from the place of this crate in it.
    pub fn here() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .nth(2)
            .expect("infra/xtask is two folders below the root");
        Self {
            root: root.to_path_buf(),
        }
    }

    /// The folder that holds `Cargo.toml`, `template.yaml` and the rest.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The absolute path of a file in the checkout.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// The build directory: `CARGO_TARGET_DIR`, else `target`.
    pub fn target(&self) -> PathBuf {
        match env::var_os("CARGO_TARGET_DIR") {
            Some(directory) => self.root.join(directory),
            None => self.path("target"),
        }
    }

    /// The path of a program in the private Python environment.
    pub fn python_tool(&self, name: &str) -> PathBuf {
        self.target().join("venv/bin").join(name)
    }

    /// The path of a program in the linters' private Python environment.
    pub fn linter(&self, name: &str) -> PathBuf {
        self.target().join("venv-linters/bin").join(name)
    }

    /// The cargo that started this chore, with the environment of a shell.
    pub fn cargo(&self) -> Command {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(cargo);
        command.current_dir(&self.root);
        forget_this_package(&mut command);
        command
    }

    /// Builds every program; returns their directory. Always the whole workspace: a choice of
    /// packages would change the features of their libraries, and so build those again.
    pub fn build_programs(&self, profile: &str) -> Result<PathBuf> {
        let mut build = self.cargo();
        build.args(["build", "--quiet", "--profile", profile]);
        process::run_or_fail(build.args(["--workspace", "--bins"]))?;
        let folder = match profile {
            "dev" => "debug",
            other => other,
        };
        Ok(self.target().join(folder))
    }

    /// `cargo metadata` of the members and of what they need on this machine's platform.
    ///
    /// # Errors
    /// cargo or rustc fails, for example if a package is missing and the registry is unreachable.
    pub fn metadata(&self) -> Result<Value> {
        let version = process::output(Command::new("rustc").arg("-vV"))?;
        let host = version.lines().find_map(|line| line.strip_prefix("host: "));
        let host = host.context("rustc -vV names no host")?;
        let mut cargo = self.cargo();
        cargo.args(["metadata", "--format-version=1", "--filter-platform", host]);
        let answer = process::output(&mut cargo)?;
        serde_json::from_str(&answer).context("read the answer of cargo metadata")
    }
}

/// Removes cargo's description of this package from the environment of a command that starts cargo.
///
/// Some build scripts (ring's) run again when these variables change: each chore would rebuild what
/// the last plain `cargo build` has built.
pub fn forget_this_package(command: &mut Command) {
    for (name, _) in env::vars_os().filter(|(name, _)| is_of_this_package(name)) {
        command.env_remove(name);
    }
}

/// Whether cargo sets this variable to describe the package that it runs.
fn is_of_this_package(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")
}

/// Whether this runs in CI, where a missing tool is a failure: `CI` is not empty, `0` or `false`.
pub fn in_ci() -> bool {
    is_ci(env::var("CI").ok().as_deref())
}

fn is_ci(value: Option<&str>) -> bool {
    !matches!(value, None | Some("" | "0" | "false"))
}

/// The first file of this name on `PATH`.
pub fn find_on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_variable_decides_whether_this_is_ci() {
        let rows = [
            (None, false),
            (Some(""), false),
            (Some("0"), false),
            (Some("false"), false),
            (Some("1"), true),
            (Some("true"), true),
        ];
        for (value, expected) in rows {
            assert_eq!(is_ci(value), expected, "CI={value:?}");
        }
    }

    #[test]
    fn a_nested_cargo_does_not_see_this_package() {
        let cases = [
            ("CARGO_PKG_NAME", false),
            ("CARGO_MANIFEST_DIR", false),
            ("CARGO_MANIFEST_PATH", false),
            ("CARGO_HOME", true),
            ("CARGO_TARGET_DIR", true),
            ("PATH", true),
        ];
        for (name, stays) in cases {
            assert_eq!(!is_of_this_package(OsStr::new(name)), stays, "{name}");
        }
    }

    #[test]
    fn the_root_is_where_the_template_is() {
        assert!(Workspace::here().path("template.yaml").is_file());
    }
}
