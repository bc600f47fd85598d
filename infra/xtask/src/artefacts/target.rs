//! The processors that Lambda offers, and what this machine needs to build and to run for them.
//!
//! Must not know: what is built.

use std::env;
use std::fmt;
use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;
use clap::ValueEnum;

use crate::process;
use crate::workspace::{Workspace, find_on_path};

/// A processor of the template's parameter `Architecture`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Architecture {
    /// AWS Graviton
    #[value(name = "arm64")]
    Arm64,
    /// Intel and AMD
    #[value(name = "x86_64")]
    X86,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arm64 => "arm64",
            Self::X86 => "x86_64",
        })
    }
}

impl Architecture {
    /// Each of them, in the order of the page.
    pub const ALL: &[Self] = &[Self::Arm64, Self::X86];

    /// The name that Rust and qemu use.
    pub fn machine(self) -> &'static str {
        match self {
            Self::Arm64 => "aarch64",
            Self::X86 => "x86_64",
        }
    }

    /// The name that `readelf -h` prints.
    pub fn elf_machine(self) -> &'static str {
        match self {
            Self::Arm64 => "AArch64",
            Self::X86 => "Advanced Micro Devices X86-64",
        }
    }

    /// Rust's target.
    pub fn triple(self) -> String {
        format!("{}-unknown-linux-gnu", self.machine())
    }

    /// Installs Rust's standard library for the target; the reason if that is impossible.
    ///
    /// # Errors
    /// rustup ended before it could answer.
    pub fn install_target(self, workspace: &Workspace) -> Result<Option<String>> {
        if env::consts::OS != "linux" {
            return Ok(Some(
                "the functions' programs run on Linux alone".to_owned(),
            ));
        }
        if find_on_path("rustup").is_none() {
            return Ok(Some(format!(
                "rustup is missing, which installs the target {}",
                self.triple()
            )));
        }
        // In the checkout, whose toolchain is meant.
        let rustup = |words: &[&str]| {
            let mut rustup = Command::new("rustup");
            rustup
                .current_dir(workspace.root())
                .arg("target")
                .args(words);
            rustup
        };
        let installed = process::output(&mut rustup(&["list", "--installed"]))?;
        if installed.lines().any(|line| line == self.triple()) {
            return Ok(None);
        }
        let added = process::run(&mut rustup(&["add", &self.triple()]))?;
        Ok((!added).then(|| format!("rustup could not install the target {}", self.triple())))
    }

    /// What runs this machine's programs here; none if the processor itself does.
    pub fn emulator(self) -> Option<Emulator> {
        (env::consts::ARCH != self.machine()).then(|| Emulator {
            program: format!("qemu-{}", self.machine()),
            sysroot: PathBuf::from(format!("/usr/{}-linux-gnu", self.machine())),
        })
    }
}

/// qemu's user mode, with the C library of the other processor.
#[derive(Clone, Debug)]
pub struct Emulator {
    pub program: String,
    /// The folder with its library, where Debian's packages for another processor put it.
    sysroot: PathBuf,
}

impl Emulator {
    /// Why it cannot be used on this machine.
    pub fn missing(&self) -> Option<String> {
        if find_on_path(&self.program).is_none() {
            return Some(format!("{} is missing", self.program));
        }
        let library = self.sysroot.join("lib");
        (!library.is_dir()).then(|| format!("there is no C library in {}", library.display()))
    }

    /// The words in front of a program.
    pub fn command(&self) -> String {
        format!("{} -L {}", self.program, self.sysroot.display())
    }
}
