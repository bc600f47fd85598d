//! The measured figures of the firmware, and their bounds.
//!
//! Must not know: how the figures are taken or shown.

use super::object::Sections;

/// Upper bound of the core's code and constants in flash.
pub const CORE_FLASH_BYTES_MAX: u64 = 12_288;
/// Upper bound of the RAM of a lock.
pub const LOCK_RAM_BYTES_MAX: u64 = 640;
/// The heap's functions, which the core must not name.
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

pub struct Object {
    pub name: String,
    /// Bytes by kind of section.
    pub sections: Sections,
    /// Deepest stack of a call into it.
    pub stack_bytes: u64,
    /// The function that takes the deepest stack.
    pub deepest: String,
}

/// A structure that the caller of the core keeps.
pub struct Structure {
    /// Name after `struct`.
    pub name: &'static str,
    /// The part of a device that needs it: lock, button or device.
    pub part: &'static str,
    /// Size on the lx106.
    pub bytes: u64,
}

/// Instructions of a command.
#[derive(Debug, PartialEq)]
pub struct Count {
    /// The command and its result.
    pub name: String,
    /// Instructions from the payload's bytes to a command.
    pub parse: u64,
    /// Instructions of the decision, the journal and the latch.
    pub decide: u64,
    /// Instructions that write the report.
    pub report: u64,
}

pub struct Figures {
    /// Compiler and C library with their versions, on which the figures depend.
    pub tools: String,
    /// The core's objects, sorted by name.
    pub core: Vec<Object>,
    /// Flash of the core on the ESP32-C3's instruction set.
    pub rv32_flash_bytes: u64,
    /// The application side's objects, sorted by name.
    pub app: Vec<Object>,
    /// The structures that live as long as the device runs.
    pub structures: Vec<Structure>,
    /// Instructions of each command that was counted.
    pub counts: Vec<Count>,
    /// Undefined symbols of the core's objects, each once.
    pub wanted: Vec<String>,
}

/// The sum of the objects' sections.
pub fn sum(objects: &[Object]) -> Sections {
    objects.iter().fold(Sections::default(), |sum, object| {
        sum.plus(&object.sections)
    })
}

impl Figures {
    /// RAM of the structures of a part.
    pub fn ram_bytes(&self, part: &str) -> u64 {
        self.structures
            .iter()
            .filter(|structure| structure.part == part)
            .map(|structure| structure.bytes)
            .sum()
    }

    /// Functions of the heap that the core names.
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
