//! `firmware/SIZES.md`: the figures as a page.
//!
//! Must not know: how the figures were taken.

use super::figure::{CORE_FLASH_BYTES_MAX, Figures, LOCK_RAM_BYTES_MAX, Object, sum};

/// Start of the line that names the compilers and libraries.
const TOOLS: &str = "Measured with ";

/// The text of SIZES.md.
pub fn page(figures: &Figures) -> String {
    let parts = [
        format!(
            "# Sizes of the firmware\n\nWritten by `cargo xtask sizes`; `cargo xtask test` fails when \
             it is stale. Bytes, on the ESP8266's instruction set (lx106),\n`-Os -std=gnu99 \
             -mlongcalls`, which is how Mongoose OS compiles an app.\n\n{TOOLS}{}.\n",
            figures.tools
        ),
        bounds(figures),
        format!(
            "## Core\n\nCode holds the literals. Stack is an upper bound: the deepest way down from any \
             function of the object into the core's other\nobjects, JSON nested as deep as the \
             scanner takes; calls through a pointer (flash, latch) and the C library's own frames \
             come on top.\n\n{}",
            objects("core", &figures.core)
        ),
        format!(
            "## Application side\n\nCompiled against the virtual device's headers: close to, not equal \
             to, what Mongoose OS's own headers give. The variables hold\nthe lock, the button and \
             the buffers; stack goes down into the core, not into Mongoose OS.\n\n{}",
            objects("app", &figures.app)
        ),
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
    let heap = figures.heap();
    let rows = [
        row(&[
            "flash of the core",
            &core.flash_bytes().to_string(),
            &format!("≤ {CORE_FLASH_BYTES_MAX}"),
        ]),
        row(&[
            "flash of the core on the ESP32-C3's instruction set (RV32IMC)",
            &figures.rv32_flash_bytes.to_string(),
            "",
        ]),
        row(&[
            "RAM of one lock",
            &figures.ram_bytes("lock").to_string(),
            &format!("≤ {LOCK_RAM_BYTES_MAX}"),
        ]),
        row(&[
            "global variables of the core",
            &(core.data_bytes + core.bss_bytes).to_string(),
            "0",
        ]),
        row(&[
            "heap functions the core calls",
            &heap.len().to_string(),
            "0",
        ]),
    ];
    format!(
        "{}\nThe bounds are for the lx106. On RV32IMC the core is compiled as Mongoose OS compiles \
         an app for the ESP32-C3; the linker shortens calls\nafterwards, which is not counted.\n",
        table(&["what", "measured", "bound"], &rows)
    )
}

fn objects(part: &str, objects: &[Object]) -> String {
    let line = |name: &str, object: &super::object::Sections, stack: &str, deepest: &str| {
        row(&[
            name,
            &object.code_bytes.to_string(),
            &object.rodata_bytes.to_string(),
            &object.data_bytes.to_string(),
            &object.bss_bytes.to_string(),
            stack,
            deepest,
        ])
    };
    let mut rows: Vec<String> = objects
        .iter()
        .map(|object| {
            line(
                &object.name,
                &object.sections,
                &object.stack_bytes.to_string(),
                &format!("`{}`", object.deepest),
            )
        })
        .collect();
    rows.push(line(&format!("{part}, all"), &sum(objects), "", ""));
    table(
        &[
            "object", "code", "rodata", "data", "bss", "stack", "deepest",
        ],
        &rows,
    )
}

fn structures(figures: &Figures) -> String {
    let mut rows: Vec<String> = figures
        .structures
        .iter()
        .map(|structure| {
            row(&[
                structure.part,
                &match structure.name {
                    "contacts" => "two of `struct contact`".to_owned(),
                    name => format!("`struct {name}`"),
                },
                &structure.bytes.to_string(),
            ])
        })
        .collect();
    for part in ["lock", "button", "device"] {
        let bytes = figures.ram_bytes(part);
        if bytes > 0 {
            rows.push(row(&[part, "together", &bytes.to_string()]));
        }
    }
    format!(
        "## RAM of a lock, a button, a device\n\nWhat the core asks its caller to keep.\n\n{}",
        table(&["part", "what", "bytes"], &rows)
    )
}

fn counts(figures: &Figures) -> String {
    let rows: Vec<String> = figures
        .counts
        .iter()
        .map(|count| {
            row(&[
                &count.name,
                &count.parse.to_string(),
                &count.decide.to_string(),
                &count.report.to_string(),
                &(count.parse + count.decide + count.report).to_string(),
            ])
        })
        .collect();
    format!(
        "## Instructions of a command\n\nCounted on the lx106 under QEMU: every instruction from the \
         payload's first byte to the report's last one. Flash is memory here,\nso that a driver's \
         time is not in it. 64-bit division is in the chip's ROM; a plain stand-in counts in its \
         place, in the report most of all.\n\n{}",
        table(
            &["command", "parse", "decide, journal", "report", "all"],
            &rows
        )
    )
}

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}

fn table(heads: &[&str], rows: &[String]) -> String {
    let line = vec!["---"; heads.len()];
    format!("{}|{}|\n{}", row(heads), line.join("|"), rows.concat())
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
