//! What a command answers: lines for people, one JSON document for scripts. Knows nothing of how it came about.

use serde_json::Value;

/// An answer, before it is printed.
#[derive(Debug)]
pub struct Answer {
    /// Which locks it is about: `local …`, or account and region.
    pub target: String,
    /// For people.
    pub lines: Vec<String>,
    /// For scripts: an object; the target is added to it.
    pub body: Value,
    /// Set when the answer is a no (`ignored: stale`, say): printed, and the command fails.
    pub no: Option<String>,
}
