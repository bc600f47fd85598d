//! What was measured of the firmware, and the bounds it must keep.
//!
//! Must not know: how the figures were taken, nor how they are shown.

use super::object::Sections;

/// Most flash that the core may take: code and constants.
pub const CORE_FLASH_BYTES_MAX: u64 = 12_288;
/// Most RAM that one lock may take.
pub const LOCK_RAM_BYTES_MAX: u64 = 640;
/// The heap's functions; none may be named by the core.
const HEAP: &[&str] = &[
    "malloc",
    "calloc",
    "realloc",
    "free",
    "strdup",
    "strndup",
    "asprintf",
    "vasprintf",
    "memalign",
];

/// One object file.
pub struct Object {
    /// The source file's name.
    pub name: String,
    /// Its sections.
    pub sections: Sections,
    /// The deepest stack that a call into it takes.
    pub stack_bytes: u64,
    /// The function called for that.
    pub deepest: String,
}

/// A structure that the caller of the core keeps.
pub struct Structure {
    /// Its C name.
    pub name: &'static str,
    /// Which of a device's parts needs one.
    pub part: &'static str,
    /// Its size.
    pub bytes: u64,
}

/// Instructions of one command.
#[derive(Debug, PartialEq)]
pub struct Count {
    /// Which command, and what becomes of it.
    pub name: String,
    /// From the payload's bytes to a command.
    pub parse: u64,
    /// What to do, the journal, the latch.
    pub decide: u64,
    /// The report's bytes.
    pub report: u64,
}

/// Everything that is published.
pub struct Figures {
    /// What the figures depend on besides the source: compiler and C library, with their versions.
    pub tools: String,
    /// The core's objects, by name.
    pub core: Vec<Object>,
    /// Flash of the core on the ESP32-C3's instruction set.
    pub rv32_flash_bytes: u64,
    /// The application side's objects, by name.
    pub app: Vec<Object>,
    /// The structures that live as long as the device runs.
    pub structures: Vec<Structure>,
    /// The commands.
    pub counts: Vec<Count>,
    /// Names that the core's objects want from others, each once.
    pub wanted: Vec<String>,
}

/// The sections of several objects together.
pub fn sum(objects: &[Object]) -> Sections {
    objects.iter().fold(Sections::default(), |sum, object| {
        sum.plus(&object.sections)
    })
}

impl Figures {
    /// RAM of the structures of one part.
    pub fn ram_bytes(&self, part: &str) -> u64 {
        self.structures
            .iter()
            .filter(|structure| structure.part == part)
            .map(|structure| structure.bytes)
            .sum()
    }

    /// The heap's functions that the core names.
    pub fn heap(&self) -> Vec<&str> {
        self.wanted
            .iter()
            .map(String::as_str)
            .filter(|name| HEAP.contains(&name.trim_start_matches('_')))
            .collect()
    }

    /// A sentence for each bound that is broken.
    pub fn broken(&self) -> Vec<String> {
        let core = sum(&self.core);
        let mut broken = Vec::new();
        if core.flash_bytes() > CORE_FLASH_BYTES_MAX {
            broken.push(format!(
                "the core takes {} B of flash, more than {CORE_FLASH_BYTES_MAX}",
                core.flash_bytes()
            ));
        }
        for object in &self.core {
            if object.sections.data_bytes + object.sections.bss_bytes > 0 {
                broken.push(format!("core/{} has global variables", object.name));
            }
        }
        for name in self.heap() {
            broken.push(format!("the core calls {name}: it has no heap"));
        }
        let ram = self.ram_bytes("lock");
        if ram > LOCK_RAM_BYTES_MAX {
            broken.push(format!(
                "a lock takes {ram} B of RAM, more than {LOCK_RAM_BYTES_MAX}"
            ));
        }
        broken
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Figures that keep every bound.
    pub fn example() -> Figures {
        let object = |name: &str, code_bytes, bss_bytes| Object {
            name: name.to_owned(),
            sections: Sections {
                code_bytes,
                rodata_bytes: 100,
                data_bytes: 0,
                bss_bytes,
            },
            stack_bytes: 96,
            deepest: "boot".to_owned(),
        };
        Figures {
            tools: "compiler 1.0, library 2.0".to_owned(),
            core: vec![object("lock.c", 6_044, 0), object("scan.c", 6_044, 0)],
            rv32_flash_bytes: 13_000,
            app: vec![object("main.c", 500, 40)],
            structures: vec![
                Structure {
                    name: "lock",
                    part: "lock",
                    bytes: 640,
                },
                Structure {
                    name: "press_classifier",
                    part: "button",
                    bytes: 24,
                },
            ],
            counts: vec![Count {
                name: "LOCK, executed".to_owned(),
                parse: 13_685,
                decide: 5_690,
                report: 19_152,
            }],
            wanted: vec!["memcpy".to_owned()],
        }
    }

    #[test]
    fn figures_at_their_bounds_break_none() {
        assert_eq!(example().broken(), [""; 0]);
    }

    #[test]
    fn each_broken_bound_is_named() {
        let mut figures = example();
        figures.core[1].sections.code_bytes += 1;
        figures.core[0].sections.data_bytes = 4;
        figures.structures[0].bytes += 4;
        figures.wanted.push("malloc".to_owned());
        let expected = [
            "the core takes 12293 B of flash, more than 12288",
            "core/lock.c has global variables",
            "the core calls malloc: it has no heap",
            "a lock takes 644 B of RAM, more than 640",
        ];
        assert_eq!(figures.broken(), expected);
    }
}
