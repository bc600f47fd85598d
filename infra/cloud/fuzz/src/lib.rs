//! What must hold of the local cloud for any bytes at all: one function per target, which panics where it does not.
//!
//! A target is driven by libFuzzer (`cargo xtask fuzz`), and by the test that replays the corpus. Must not know: where the
//! bytes come from.

pub mod mqtt;
pub mod policy;
pub mod sql;

/// A target's check: it panics when something that must hold does not.
pub type Check = fn(&[u8]);

/// Every target by its name, which is also that of its folder under `corpus`.
pub const TARGETS: &[(&str, Check)] = &[
    ("mqtt", mqtt::check),
    ("sql", sql::check),
    ("policy", policy::check),
];

/// The parts of an input that are parted by zero bytes, at most `count`; the last takes the rest.
fn parts(bytes: &[u8], count: usize) -> impl Iterator<Item = &[u8]> {
    bytes.splitn(count, |byte| *byte == 0)
}
