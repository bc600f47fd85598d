//! `firmware/SIZES.md`: the figures as a page.
//!
//! Must not know: how the figures are taken.

use super::figure::{CORE_FLASH_BYTES_MAX, Count, Figures, LOCK_RAM_BYTES_MAX, Object, sum};
use super::object::Sections;

/// Start of the line that names the compilers and libraries.
const TOOLS: &str = "Measured with ";

const INTRODUCTION: &str = "\
# Sizes of the firmware

Written by `cargo xtask sizes`; `cargo xtask test` fails when it is stale. Bytes, on the ESP8266's
instruction set (lx106), `-Os -std=gnu99 -mlongcalls`, which is how Mongoose OS compiles an app.
";

const BOUNDS: &str = "
The bounds are for the lx106. On RV32IMC the core is compiled as Mongoose OS compiles an app for the
ESP32-C3; the linker shortens calls afterwards, which is not counted.
";

const CORE: &str = "\
## Core

Code includes the literals. Stack is an upper bound: the deepest stack from any function of the
object into the core's other objects, with JSON nested as deep as the scanner accepts. Calls through
a pointer (flash, latch) and the C library's own frames are not included.
";

const APP: &str = "\
## Application side

Compiled against the virtual device's headers, which give nearly the sizes of Mongoose OS's own
headers. The variables are the lock, the button and the buffers. Stack includes the core, but not
Mongoose OS.
";

const STRUCTURES: &str = "\
## RAM of a lock, a button, a device

The structures that the core's caller keeps.
";

const COUNTS: &str = "\
## Instructions of a command

Counted on the lx106 under QEMU, from the payload's first byte to the report's last one. Flash is
memory here, so the time of a driver is not included. The chip's ROM holds the 64-bit division; a
plain one is counted instead, mostly in the report.
";

pub fn page(figures: &Figures) -> String {
    let parts = [
        format!("{INTRODUCTION}\n{TOOLS}{}.\n", figures.tools),
        bounds(figures),
        format!("{CORE}\n{}", objects("core", &figures.core)),
        format!("{APP}\n{}", objects("app", &figures.app)),
        structures(figures),
        counts(figures),
    ];
    parts.join("\n")
}

/// Compilers and libraries, with their versions, that the page was measured with.
pub fn tools(page: &str) -> Option<&str> {
    page.lines()
        .find_map(|line| line.strip_prefix(TOOLS)?.strip_suffix('.'))
}

fn bounds(figures: &Figures) -> String {
    let core = sum(&figures.core);
    let (flash, rv32_flash) = (core.flash_bytes(), figures.rv32_flash_bytes);
    let ram = figures.ram_bytes("lock");
    let globals = core.data_bytes + core.bss_bytes;
    let heap = figures.heap().len();
    let rows = [
        format!("flash of the core | {flash} | ≤ {CORE_FLASH_BYTES_MAX}"),
        format!("flash of the core on the ESP32-C3's instruction set (RV32IMC) | {rv32_flash} | "),
        format!("RAM of one lock | {ram} | ≤ {LOCK_RAM_BYTES_MAX}"),
        format!("global variables of the core | {globals} | 0"),
        format!("heap functions the core calls | {heap} | 0"),
    ];
    table("what | measured | bound", &rows) + BOUNDS
}

fn objects(part: &str, objects: &[Object]) -> String {
    let cells = |name: &str, sections: &Sections| {
        let Sections {
            code_bytes,
            rodata_bytes,
            data_bytes,
            bss_bytes,
        } = sections;
        format!("{name} | {code_bytes} | {rodata_bytes} | {data_bytes} | {bss_bytes}")
    };
    let row = |object: &Object| {
        let cells = cells(&object.name, &object.sections);
        format!("{cells} | {} | `{}`", object.stack_bytes, object.deepest)
    };
    let mut rows: Vec<String> = objects.iter().map(row).collect();
    rows.push(cells(&format!("{part}, all"), &sum(objects)) + " |  | ");
    table(
        "object | code | rodata | data | bss | stack | deepest",
        &rows,
    )
}

fn structures(figures: &Figures) -> String {
    let mut rows: Vec<String> = Vec::new();
    for structure in &figures.structures {
        let name = match structure.name {
            "contacts" => "four of `struct contact`".to_owned(),
            name => format!("`struct {name}`"),
        };
        rows.push(format!("{} | {name} | {}", structure.part, structure.bytes));
    }
    for part in ["lock", "button", "device"] {
        let bytes = figures.ram_bytes(part);
        if bytes > 0 {
            rows.push(format!("{part} | together | {bytes}"));
        }
    }
    format!("{STRUCTURES}\n{}", table("part | what | bytes", &rows))
}

fn counts(figures: &Figures) -> String {
    let row = |count: &Count| {
        let Count {
            name,
            parse,
            decide,
            report,
        } = count;
        format!(
            "{name} | {parse} | {decide} | {report} | {}",
            parse + decide + report
        )
    };
    let rows: Vec<String> = figures.counts.iter().map(row).collect();
    let heads = "command | parse | decide, journal | report | all";
    format!("{COUNTS}\n{}", table(heads, &rows))
}

fn table(heads: &str, rows: &[String]) -> String {
    let line = vec!["---"; heads.split('|').count()].join("|");
    let rows: String = rows.iter().map(|row| format!("| {row} |\n")).collect();
    format!("| {heads} |\n|{line}|\n{rows}")
}

#[cfg(test)]
mod tests {
    use super::super::figure::tests::example;
    use super::*;

    #[test]
    fn the_page_holds_each_figure_and_names_its_tools() {
        let page = page(&example());
        for line in [
            "| flash of the core | 12288 | ≤ 12288 |",
            "| flash of the core on the ESP32-C3's instruction set (RV32IMC) | 13000 |  |",
            "| lock.c | 6044 | 100 | 0 | 0 | 96 | `boot` |",
            "| core, all | 12088 | 200 | 0 | 0 |  |  |",
            "| main.c | 500 | 100 | 0 | 40 | 96 | `boot` |",
            "| lock | `struct lock` | 640 |",
            "| button | together | 24 |",
            "| LOCK, executed | 13685 | 5690 | 19152 | 38527 |",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}\n{page}");
        }
        assert_eq!(tools(&page), Some("compiler 1.0, library 2.0"));
    }
}
