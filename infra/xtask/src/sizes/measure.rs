//! Takes the figures: makes the objects, runs the binary tools on them, reads the counter's output.
//!
//! Must not know: what is too large, or how figures are shown.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::figure::{Count, Figures, Object, Structure};
use super::object::{self, Sections};
use super::stack::Graph;
use crate::process;
use crate::workspace::Workspace;

/// A target of the firmware's tests.
struct Target {
    /// Its folder in `firmware/test`, and the folder of its objects in `firmware/test/out`.
    name: &'static str,
    /// Prefix of its compiler and binary tools.
    cross: &'static str,
    /// The compiler's option for its C library.
    specs: &'static str,
}

const LX106: Target = Target {
    name: "lx106",
    cross: "xtensa-lx106-elf-",
    specs: "--specs=/usr/lib/xtensa-lx106-elf/picolibc.specs",
};

const RV32: Target = Target {
    name: "rv32",
    cross: "riscv64-unknown-elf-",
    specs: "--specs=/usr/lib/picolibc/riscv64-unknown-elf/picolibc.specs",
};

/// The structures of the core, with the part of a device that keeps one.
const STRUCTURES: &[(&str, &str)] = &[
    ("lock", "lock"),
    ("reporter", "lock"),
    ("clock", "lock"),
    ("contacts", "lock"),
    ("declaration_store", "lock"),
    ("press_classifier", "button"),
    ("sequence", "button"),
    ("link", "device"),
    ("indicator", "device"),
];

impl Target {
    /// Makes the objects and the counter's output.
    fn make(&self, workspace: &Workspace) -> Result<()> {
        let folder = workspace.path("firmware/test").join(self.name);
        process::run_or_fail(&mut process::make(&folder, "figures"))
    }

    /// The folder of what was made.
    fn out(&self, workspace: &Workspace) -> PathBuf {
        workspace.path("firmware/test/out").join(self.name)
    }

    /// Names and versions of the compiler and the C library.
    fn version(&self) -> Result<String> {
        let gcc = format!("{}gcc", self.cross);
        let compiler = process::output(Command::new(&gcc).arg("-dumpfullversion"))?;
        let options = [
            "-dM",
            "-E",
            "-include",
            "picolibc.h",
            "-x",
            "c",
            "/dev/null",
        ];
        let macros = process::output(Command::new(&gcc).arg(self.specs).args(options))?;
        let library = macros
            .lines()
            .find_map(|line| line.strip_prefix("#define __PICOLIBC_VERSION__ "))
            .with_context(|| format!("find the version of picolibc for {gcc}"))?;
        Ok(format!(
            "{gcc} {} and picolibc {}",
            compiler.trim(),
            library.trim_matches('"')
        ))
    }

    /// The output of a binary tool for a file.
    fn tool(&self, name: &str, options: &[&str], file: &Path) -> Result<String> {
        process::output(
            Command::new(format!("{}{name}", self.cross))
                .args(options)
                .arg(file),
        )
    }

    fn sections(&self, object: &Path) -> Result<Sections> {
        object::sections(&self.tool("size", &["-A", "-d"], object)?)
    }

    /// Flash of the objects of a folder.
    fn flash_bytes(&self, workspace: &Workspace, folder: &str, names: &[String]) -> Result<u64> {
        let out = self.out(workspace);
        names
            .iter()
            .map(|name| Ok(self.sections(&object_of(&out, folder, name))?.flash_bytes()))
            .sum()
    }
}

/// Makes and measures everything again.
pub fn measure(workspace: &Workspace) -> Result<Figures> {
    for target in [&LX106, &RV32] {
        target.make(workspace)?;
    }
    let out = LX106.out(workspace);
    let nesting = nesting(workspace)?;
    let core = sources(workspace, "core")?;
    let app = sources(workspace, "src")?;

    let mut graph = Graph::default();
    for (folder, names) in [("core", &core), ("src", &app)] {
        for name in names {
            let path = out.join(folder).join(name).with_extension("ci");
            graph.add(&format!("{folder}/{name}"), &read(&path)?)?;
        }
    }
    let mut wanted = Vec::new();
    for name in &core {
        let names = LX106.tool("nm", &[], &object_of(&out, "core", name))?;
        wanted.extend(object::undefined(&names).iter().map(ToString::to_string));
    }
    wanted.sort_unstable();
    wanted.dedup();
    Ok(Figures {
        tools: format!("{}, {}", LX106.version()?, RV32.version()?),
        rv32_flash_bytes: RV32.flash_bytes(workspace, "core", &core)?,
        core: objects(&out, "core", &core, &graph, nesting)?,
        app: objects(&out, "src", &app, &graph, nesting)?,
        structures: structures(&out)?,
        counts: counts(&read(&out.join("count.txt"))?)?,
        wanted,
    })
}

/// The C files of a folder of the firmware, sorted. Objects without a source file do not count.
fn sources(workspace: &Workspace, folder: &str) -> Result<Vec<String>> {
    let path = workspace.path("firmware").join(folder);
    let mut names = Vec::new();
    for entry in fs::read_dir(&path).with_context(|| format!("list {}", path.display()))? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".c") {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

fn objects(
    out: &Path,
    folder: &str,
    names: &[String],
    graph: &Graph,
    nesting: u64,
) -> Result<Vec<Object>> {
    names
        .iter()
        .map(|name| {
            let (stack_bytes, deepest) = graph.deepest_of(&format!("{folder}/{name}"), nesting);
            Ok(Object {
                name: name.clone(),
                sections: LX106.sections(&object_of(out, folder, name))?,
                stack_bytes,
                deepest,
            })
        })
        .collect()
}

fn object_of(out: &Path, folder: &str, name: &str) -> PathBuf {
    out.join(folder).join(name).with_extension("o")
}

fn structures(out: &Path) -> Result<Vec<Structure>> {
    let symbols = LX106.tool("nm", &["-S"], &out.join("memory.o"))?;
    STRUCTURES
        .iter()
        .map(|&(name, part)| {
            Ok(Structure {
                name,
                part,
                bytes: object::symbol_bytes(&symbols, &format!("ram_{name}"))?,
            })
        })
        .collect()
}

/// Reads `count <parse> <decide> <report> <name>` lines.
fn counts(text: &str) -> Result<Vec<Count>> {
    let counts: Vec<Count> = text
        .lines()
        .filter_map(|line| line.strip_prefix("count "))
        .map(|line| {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            ensure!(words.len() == 4, "read a count: {line}");
            let number = |word: &str| {
                word.parse()
                    .with_context(|| format!("read a count: {line}"))
            };
            Ok(Count {
                parse: number(words[0])?,
                decide: number(words[1])?,
                report: number(words[2])?,
                name: words[3].to_owned(),
            })
        })
        .collect::<Result<_>>()?;
    ensure!(!counts.is_empty(), "no instructions were counted");
    Ok(counts)
}

/// Maximum nesting of JSON, which bounds the recursion of its reader.
fn nesting(workspace: &Workspace) -> Result<u64> {
    let header = read(&workspace.path("firmware/core/scan.h"))?;
    header
        .lines()
        .find_map(|line| line.strip_prefix("#define SCAN_DEPTH_MAX "))
        .context("find SCAN_DEPTH_MAX in scan.h")?
        .trim()
        .parse()
        .context("read SCAN_DEPTH_MAX in scan.h")
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| format!("read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_three_numbers_and_a_name() {
        let expected = Count {
            name: "LOCK, executed".to_owned(),
            parse: 1,
            decide: 22,
            report: 333,
        };
        let read = counts("count 1 22 333 LOCK, executed\n").expect("a well-formed line");
        assert_eq!(read, [expected]);
    }

    #[test]
    fn no_count_or_half_a_count_is_an_error() {
        for text in ["", "count 1 2", "count 1 2 x name"] {
            assert!(counts(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn the_bound_of_nesting_is_read_from_the_core() {
        assert!(nesting(&Workspace::here()).expect("scan.h has it") > 0);
    }
}
