//! The tools that the tests need and Rust does not bring: which, why, and how to see that one is there.
//!
//! Must not know: how they are installed.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{node, python};
use crate::process;
use crate::workspace::{Workspace, find_on_path};

/// One tool: a command, the Debian packages that bring it, and the reason to have it.
pub struct Tool {
    /// The name by which a step asks for it; a command name unless the probe says otherwise.
    pub name: &'static str,
    /// Debian packages, separated by spaces; empty for what Debian does not bring.
    pub packages: &'static str,
    /// What cannot be done without it.
    pub why: &'static str,
    /// How its presence is seen.
    pub probe: Probe,
}

/// How the presence of a tool is seen.
pub enum Probe {
    /// A file of that name lies on `PATH`.
    OnPath,
    /// This file lies there.
    File(&'static str),
    /// This C compiler links an empty program of this text with these options, sanitizers for example.
    Links(&'static str, &'static str, &'static [&'static str]),
    /// `python3 -m venv` can make an environment that has pip.
    Venv,
    /// The private Python environment holds exactly the pinned packages.
    PythonTools,
    /// The private Python environment of the clients holds exactly the pinned packages.
    PythonClients,
    /// The private npm packages are exactly the pinned ones.
    NodePackages,
}

/// Every tool, in the order of installation.
pub const TOOLS: &[Tool] = &[
    Tool {
        name: "cc",
        packages: "gcc libc6-dev",
        why: "compiles the firmware's C and the database of the local cloud",
        probe: Probe::OnPath,
    },
    Tool {
        name: "make",
        packages: "make",
        why: "builds the firmware's host tests",
        probe: Probe::OnPath,
    },
    Tool {
        name: "sanitizers",
        packages: "gcc libc6-dev",
        why: "the firmware's host tests run under address and undefined-behaviour sanitizers",
        probe: Probe::Links(
            "cc",
            "int main(void) { return 0; }\n",
            &["-fsanitize=address,undefined"],
        ),
    },
    Tool {
        name: "fuzzer",
        packages: "clang libclang-rt-14-dev",
        why: "libFuzzer looks for input that the firmware's parsers and rules cannot take",
        probe: Probe::Links(
            "clang",
            "int LLVMFuzzerTestOneInput(const char *at, unsigned long length);\n\
             int LLVMFuzzerTestOneInput(const char *at, unsigned long length) { return at == 0 && length; }\n",
            &["-fsanitize=fuzzer,address,undefined"],
        ),
    },
    Tool {
        name: "xtensa-lx106-elf-gcc",
        packages: "gcc-xtensa-lx106",
        why: "compiles the firmware for the ESP8266's instruction set: its tests and its sizes",
        probe: Probe::OnPath,
    },
    Tool {
        name: "picolibc",
        packages: "picolibc-xtensa-lx106-elf",
        why: "the C library that those tests are linked with",
        probe: Probe::File("/usr/lib/xtensa-lx106-elf/picolibc.specs"),
    },
    Tool {
        name: "qemu-system-xtensa",
        packages: "qemu-system-misc",
        why: "runs those tests and counts instructions",
        probe: Probe::OnPath,
    },
    Tool {
        name: "riscv64-unknown-elf-gcc",
        packages: "gcc-riscv64-unknown-elf",
        why: "compiles the firmware for the ESP32-C3's instruction set: its tests and the size of the core",
        probe: Probe::OnPath,
    },
    Tool {
        name: "picolibc for riscv",
        packages: "picolibc-riscv64-unknown-elf",
        why: "the C library that those tests are linked with",
        probe: Probe::File("/usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs"),
    },
    Tool {
        name: "qemu-system-riscv32",
        packages: "qemu-system-misc",
        why: "runs those tests",
        probe: Probe::OnPath,
    },
    Tool {
        name: "cppcheck",
        packages: "cppcheck",
        why: "reads the firmware's C for what a compiler accepts and a person regrets",
        probe: Probe::OnPath,
    },
    Tool {
        name: "mosquitto_pub",
        packages: "mosquitto-clients",
        why: "an MQTT client that is not ours presses a button of the local cloud",
        probe: Probe::OnPath,
    },
    Tool {
        name: "chromium",
        packages: "chromium",
        why: "the browser test presses the console's button and takes the README's picture",
        probe: Probe::OnPath,
    },
    Tool {
        name: "chromedriver",
        packages: "chromium-driver",
        why: "drives that browser",
        probe: Probe::OnPath,
    },
    Tool {
        name: "python3-venv",
        packages: "python3 python3-venv",
        why: "a private home for the Python tools, so that none is installed into the system",
        probe: Probe::Venv,
    },
    Tool {
        name: "python tools",
        packages: "",
        why: "sam and cfn-lint check template.yaml; boto3 is a plain AWS SDK that the local cloud must satisfy",
        probe: Probe::PythonTools,
    },
    Tool {
        name: "python clients",
        packages: "",
        why: "boto3, the AWS IoT Device SDK and paho are clients that the local cloud must satisfy",
        probe: Probe::PythonClients,
    },
    Tool {
        name: "node",
        packages: "nodejs",
        why: "runs the AWS SDK for JavaScript against the local cloud",
        probe: Probe::OnPath,
    },
    Tool {
        name: "npm",
        packages: "npm",
        why: "installs that SDK",
        probe: Probe::OnPath,
    },
    Tool {
        name: "node packages",
        packages: "",
        why: "the AWS SDK for JavaScript is one more client that the local cloud must satisfy",
        probe: Probe::NodePackages,
    },
];

/// A tool that is not there.
#[derive(Clone, Copy)]
pub struct Missing {
    /// [`Tool::name`].
    pub name: &'static str,
    /// [`Tool::packages`].
    pub packages: &'static str,
    why: &'static str,
}

#[cfg(test)]
impl Missing {
    /// A missing tool that these packages would bring.
    pub fn example(packages: &'static str) -> Self {
        Self {
            name: "example",
            packages,
            why: "a test",
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.why)?;
        match self.packages {
            "" => write!(f, ": cargo xtask setup"),
            packages => write!(f, ": apt-get install {packages}"),
        }
    }
}

impl Tool {
    /// This tool as missing, unless it is here.
    pub fn missing(&self, workspace: &Workspace) -> Option<Missing> {
        let here = match self.probe {
            Probe::OnPath => find_on_path(self.name).is_some(),
            Probe::File(path) => Path::new(path).is_file(),
            Probe::Links(compiler, text, options) => {
                links(workspace, self.name, compiler, text, options)
            }
            Probe::Venv => {
                process::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
            }
            Probe::PythonTools => python::is_ready(workspace),
            Probe::PythonClients => python::clients_are_ready(workspace),
            Probe::NodePackages => node::is_ready(workspace),
        };
        (!here).then_some(Missing {
            name: self.name,
            packages: self.packages,
            why: self.why,
        })
    }
}

/// Those of the named tools that are not here. A name that is not in [`TOOLS`] is our own mistake.
pub fn missing_of(workspace: &Workspace, names: &[&str]) -> Vec<Missing> {
    names
        .iter()
        .filter_map(|name| {
            TOOLS
                .iter()
                .find(|tool| tool.name == *name)
                .expect("steps ask only for tools of the table")
                .missing(workspace)
        })
        .collect()
}

/// Links a program of that text; a pass is remembered beside the build.
fn links(workspace: &Workspace, name: &str, compiler: &str, text: &str, options: &[&str]) -> bool {
    let program = workspace.target().join(format!("xtask-{name}-probe"));
    if program.is_file() && find_on_path(compiler).is_some() {
        return true;
    }
    let source = program.with_extension("c");
    if fs::create_dir_all(workspace.target()).is_err() || fs::write(&source, text).is_err() {
        return false;
    }
    process::succeeds(
        Command::new(compiler)
            .args(options)
            .arg("-o")
            .arg(&program)
            .arg(&source),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tool_is_listed_twice() {
        for (index, tool) in TOOLS.iter().enumerate() {
            let earlier = TOOLS[..index].iter().any(|other| other.name == tool.name);
            assert!(!earlier, "{} is listed twice", tool.name);
        }
    }

    #[test]
    fn a_missing_tool_says_why_and_how() {
        let missing = Missing {
            name: "cppcheck",
            packages: "cppcheck",
            why: "reads C",
        };
        assert_eq!(
            missing.to_string(),
            "cppcheck (reads C): apt-get install cppcheck"
        );
    }

    #[test]
    fn a_tool_that_is_nowhere_is_missing() {
        let tool = Tool {
            name: "no-such-program-anywhere",
            packages: "none",
            why: "a test",
            probe: Probe::OnPath,
        };
        assert!(tool.missing(&Workspace::here()).is_some());
    }
}
