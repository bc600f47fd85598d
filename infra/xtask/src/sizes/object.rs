//! Reads the output of the binary tools: sections, undefined symbols, sizes of symbols.
//!
//! Must not know: which objects there are, or what is too large.

use anyhow::{Context, Result};

/// Bytes of an object file by kind of section.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sections {
    /// Instructions and the literals that they load.
    pub code_bytes: u64,
    /// Constants, which stay in flash.
    pub rodata_bytes: u64,
    /// Variables with an initial value.
    pub data_bytes: u64,
    /// Variables that are initially zero.
    pub bss_bytes: u64,
}

impl Sections {
    /// Flash of the object: code, constants and initial values.
    pub fn flash_bytes(&self) -> u64 {
        self.code_bytes + self.rodata_bytes + self.data_bytes
    }

    /// The sum of both, section by section.
    pub fn plus(&self, other: &Self) -> Self {
        Self {
            code_bytes: self.code_bytes + other.code_bytes,
            rodata_bytes: self.rodata_bytes + other.rodata_bytes,
            data_bytes: self.data_bytes + other.data_bytes,
            bss_bytes: self.bss_bytes + other.bss_bytes,
        }
    }
}

/// Reads the output of `size -A -d OBJECT`; sections that are not loaded do not count.
///
/// # Errors
/// A section's line whose size is not a number.
pub fn sections(text: &str) -> Result<Sections> {
    let mut sum = Sections::default();
    for line in text.lines().filter(|line| line.starts_with('.')) {
        let mut words = line.split_whitespace();
        let name = words.next().unwrap_or_default();
        let size: u64 = words
            .next()
            .unwrap_or_default()
            .parse()
            .with_context(|| format!("read the size of a section: {line}"))?;
        match name.split('.').nth(1).unwrap_or_default() {
            "text" | "literal" => sum.code_bytes += size,
            "rodata" | "srodata" => sum.rodata_bytes += size,
            "data" | "sdata" => sum.data_bytes += size,
            "bss" | "sbss" => sum.bss_bytes += size,
            _ => {}
        }
    }
    Ok(sum)
}

/// Reads the output of `nm OBJECT`: the symbols that another object must define.
pub fn undefined(text: &str) -> Vec<&str> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("U "))
        .collect()
}

/// Reads the output of `nm -S OBJECT`: the size of the symbol of that name.
///
/// # Errors
/// No such symbol, or one without a size.
pub fn symbol_bytes(text: &str, symbol: &str) -> Result<u64> {
    let line = text
        .lines()
        .find(|line| line.split_whitespace().last() == Some(symbol))
        .with_context(|| format!("find the symbol {symbol}"))?;
    let size = line.split_whitespace().nth(1).unwrap_or_default();
    u64::from_str_radix(size, 16).with_context(|| format!("read the size of {symbol}: {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_code_and_tables_of_the_linker_do_not_count() {
        let text = "\
core/lock.o  :
section        size   addr
.literal         44      0
.text           895      0
.rodata.str1.1    7      0
.rodata          12      0
.data             4      0
.bss              8      0
.comment         39      0
.xt.prop        684      0
Total          1726
";
        let expected = Sections {
            code_bytes: 939,
            rodata_bytes: 19,
            data_bytes: 4,
            bss_bytes: 8,
        };
        assert_eq!(sections(text).expect("read the sections"), expected);
        assert_eq!(expected.flash_bytes(), 962);
    }

    #[test]
    fn the_small_data_of_riscv_counts_as_data() {
        let text = "lock.o  :\n.text 10 0\n.srodata.cst8 8 0\n.sdata 4 0\n.sbss 2 0\n\
                    .riscv.attributes 33 0\n";
        let expected = Sections {
            code_bytes: 10,
            rodata_bytes: 8,
            data_bytes: 4,
            bss_bytes: 2,
        };
        assert_eq!(sections(text).expect("read the sections"), expected);
    }

    #[test]
    fn a_size_that_is_not_a_number_is_an_error() {
        assert!(sections(".text many 0").is_err());
    }

    #[test]
    fn only_symbols_that_are_missing_are_undefined() {
        let text = "         U memcpy\n00000000 T lock_boot\n         U strcmp\n";
        assert_eq!(undefined(text), ["memcpy", "strcmp"]);
    }

    #[test]
    fn a_symbol_s_size_is_hexadecimal() {
        let text = "00000000 00000018 B ram_counter\n000000f0 000000c8 B ram_lock\n";
        assert_eq!(symbol_bytes(text, "ram_lock").expect("it is there"), 200);
        assert!(symbol_bytes(text, "ram_door").is_err());
    }
}
