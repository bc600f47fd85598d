//! Properties that the local cloud and its crates must have for any bytes: one function per target,
//! which panics if its property does not hold.
//!
//! libFuzzer drives a target (`cargo xtask fuzz`), and so does the test that replays the corpus.

pub mod host;
pub mod mqtt;
pub mod policy;
pub mod shadow;
pub mod signature;
pub mod sql;
pub mod template;
pub mod topic;

/// A target's check: it panics when something that must hold does not.
pub type Check = fn(&[u8]);

/// Every target by its name, which is also that of its folder under `corpus`.
pub const TARGETS: &[(&str, Check)] = &[
    ("mqtt", mqtt::check),
    ("sql", sql::check),
    ("policy", policy::check),
    ("topic", topic::check),
    ("shadow", shadow::check),
    ("signature", signature::check),
    ("template", template::check),
    ("host", host::check),
];

/// Splits an input at its first zero bytes into `count` parts at most; the last takes the rest.
fn parts(bytes: &[u8], count: usize) -> impl Iterator<Item = &[u8]> {
    bytes.splitn(count, |byte| *byte == 0)
}
