//! A built program: what Lambda needs of it, and its size.
//!
//! Must not know: how it was built.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::build::Build;
use super::elf::{self, GlibcVersion};
use super::target::Architecture;
use super::template::Function;
use crate::process;

/// Largest program, stripped.
pub const BYTES_MAX: u64 = 6_000_000;
/// The C library of the runtime `provided.al2023`.
pub const GLIBC_MAX: GlibcVersion = GlibcVersion(2, 34);
/// The name by which the runtime starts a program.
const NAME: &str = "bootstrap";

/// What was found in the folder of a built function.
#[derive(Debug)]
pub struct Program {
    /// The function's logical id.
    pub function: String,
    /// Whether the file may be executed.
    is_executable: bool,
    /// What `readelf` calls the machine.
    machine: String,
    is_stripped: bool,
    /// Size of the file.
    pub bytes: u64,
    /// Size of the archive that is uploaded.
    pub zipped_bytes: u64,
    /// The newest C library that it needs.
    pub glibc: Option<GlibcVersion>,
}

impl Program {
    /// Looks at the built program of a function.
    ///
    /// # Errors
    /// There is no `bootstrap`, or a tool cannot read it.
    pub fn read(build: &Build, function: &Function) -> Result<Self> {
        let folder = build.folder().join(&function.logical_id);
        let path = folder.join(NAME);
        let file = fs::metadata(&path).with_context(|| format!("look at {}", path.display()))?;
        let readelf =
            |option: &str| process::output(Command::new("readelf").args(["-W", option]).arg(&path));
        let header = readelf("--file-header")?;
        Ok(Self {
            function: function.logical_id.clone(),
            is_executable: file.is_file() && file.permissions().mode() & 0o111 != 0,
            machine: elf::machine(&header).unwrap_or("no machine").to_owned(),
            is_stripped: elf::is_stripped(&readelf("--section-headers")?),
            bytes: file.len(),
            zipped_bytes: zipped_bytes(build, &path)?,
            glibc: elf::glibc(&readelf("--version-info")?),
        })
    }

    /// What Lambda, or our own bound, does not allow.
    pub fn violations(&self, architecture: Architecture) -> Vec<String> {
        let mut wrong = Vec::new();
        if !self.is_executable {
            wrong.push(format!("{NAME} is not executable"));
        }
        if self.machine != architecture.elf_machine() {
            wrong.push(format!("is for {}, not {architecture}", self.machine));
        }
        if !self.is_stripped {
            wrong.push("has symbols for a debugger: strip it".to_owned());
        }
        if self.bytes > BYTES_MAX {
            wrong.push(format!("has {} bytes, more than {BYTES_MAX}", self.bytes));
        }
        match self.glibc {
            None => wrong.push("needs no version of the C library: is it linked?".to_owned()),
            Some(needed) if needed > GLIBC_MAX => wrong.push(format!(
                "needs GLIBC {needed}; provided.al2023 has {GLIBC_MAX}"
            )),
            Some(_) => {}
        }
        let named = wrong
            .iter()
            .map(|what| format!("{}: {what}", self.function));
        named.collect()
    }
}

/// Size of the archive that SAM would upload; both use Python's zip.
fn zipped_bytes(build: &Build, program: &Path) -> Result<u64> {
    let archive = build.scratch().join("function.zip");
    process::output(
        Command::new(build.workspace().python_tool("python"))
            .args(["-m", "zipfile", "-c"])
            .arg(&archive)
            .arg(program),
    )?;
    let file = fs::metadata(&archive).context("look at the archive of a function")?;
    Ok(file.len())
}

#[cfg(test)]
impl Program {
    /// A program that nothing is wrong with.
    pub fn example(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            is_executable: true,
            machine: Architecture::Arm64.elf_machine().to_owned(),
            is_stripped: true,
            bytes: BYTES_MAX,
            zipped_bytes: 2_500_000,
            glibc: Some(GLIBC_MAX),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bound_refuses_a_program() {
        let good = || Program::example("PressFunction");
        assert_eq!(good().violations(Architecture::Arm64), [""; 0]);
        type Change = fn(&mut Program);
        let cases: [(Change, &str); 6] = [
            (|p| p.is_executable = false, "bootstrap is not executable"),
            (
                |p| p.machine = "Intel 80386".to_owned(),
                "is for Intel 80386, not arm64",
            ),
            (|p| p.is_stripped = false, "strip it"),
            (|p| p.bytes += 1, "has 6000001 bytes, more than 6000000"),
            (
                |p| p.glibc = Some(GlibcVersion(2, 35)),
                "needs GLIBC 2.35; provided.al2023 has 2.34",
            ),
            (|p| p.glibc = None, "needs no version of the C library"),
        ];
        for (change, expected) in cases {
            let mut program = good();
            change(&mut program);
            let wrong = program.violations(Architecture::Arm64);
            assert_eq!(wrong.len(), 1, "{wrong:?}");
            assert!(wrong[0].contains(expected), "{wrong:?}");
        }
        assert_eq!(good().violations(Architecture::X86).len(), 1);
    }
}
