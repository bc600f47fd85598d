//! Reads the output of `readelf`: the machine of a program, and the symbol versions it needs.
//!
//! Must not know: which programs there are, or what is too new.

use std::fmt;

/// A version of the C library: 2.34 is `GlibcVersion(2, 34)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GlibcVersion(pub u32, pub u32);

impl fmt::Display for GlibcVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.0, self.1)
    }
}

/// The machine, from `readelf --file-header`.
pub fn machine(text: &str) -> Option<&str> {
    let mut lines = text.lines().map(str::trim);
    lines
        .find_map(|line| line.strip_prefix("Machine:"))
        .map(str::trim)
}

/// The newest version of the C library that a symbol needs, from `readelf --version-info`.
pub fn glibc(text: &str) -> Option<GlibcVersion> {
    let versions = text.split_whitespace().filter_map(|word| {
        let mut numbers = word.strip_prefix("GLIBC_")?.split('.');
        let mut next = || numbers.next().unwrap_or("0").parse().ok();
        Some(GlibcVersion(next()?, next()?))
    });
    versions.max()
}

/// Whether `readelf --section-headers` shows no table of symbols for a debugger.
pub fn is_stripped(text: &str) -> bool {
    !text
        .split_whitespace()
        .any(|word| word == ".symtab" || word.starts_with(".debug_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_named_in_the_header() {
        let text =
            "ELF Header:\n  Class:     ELF64\n  Machine:                           AArch64\n";
        assert_eq!(machine(text), Some("AArch64"));
        assert_eq!(machine("readelf: Error: Not an ELF file"), None);
    }

    #[test]
    fn the_newest_version_counts_and_numbers_are_not_text() {
        let text = "\
Version needs section '.gnu.version_r' contains 2 entries:
 000000: Version: 1  File: libc.so.6  Cnt: 3
  0x0010:   Name: GLIBC_2.9  Flags: none  Version: 5
  0x0020:   Name: GLIBC_2.30  Flags: none  Version: 4
  0x0030:   Name: GLIBC_2.2.5  Flags: none  Version: 2
  0x0040:   Name: GCC_3.0  Flags: none  Version: 3
";
        assert_eq!(glibc(text), Some(GlibcVersion(2, 30)));
        assert_eq!(glibc("No version information found in this file."), None);
    }

    #[test]
    fn a_program_with_symbols_is_not_stripped() {
        assert!(is_stripped("[ 1] .interp PROGBITS\n[ 2] .dynsym DYNSYM\n"));
        assert!(!is_stripped("[ 30] .symtab SYMTAB\n"));
        assert!(!is_stripped("[ 30] .debug_line PROGBITS\n"));
    }
}
