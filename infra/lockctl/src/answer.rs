//! What a command answers: lines for people, one JSON document for scripts. Knows nothing of how it came about.

use serde_json::Value;

/// An answer, before it is printed.
#[derive(Debug)]
pub struct Answer {
    /// Which locks it is about: `local …`, or stack, account and region.
    pub target: String,
    /// For people.
    pub lines: Vec<String>,
    /// For scripts: an object; the target is added to it.
    pub body: Value,
    /// Whether the answer is a no (`ignored: stale`, say): it is printed like any other, and the command fails.
    pub is_no: bool,
}
