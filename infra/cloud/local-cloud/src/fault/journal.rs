//! The log of everything that faults decided, struck or spared, by which two runs are compared.
//!
//! Must not know what was decided about.

use serde::Serialize;

/// Decisions kept; later ones are only counted.
const DECISIONS_MAX: usize = 100_000;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The fault as it is written; of faults written alike the second ends in ` (2)`.
    pub fault: String,
    /// The topic, the function, or the function and its call.
    pub subject: String,
    /// For a chance, the how manyeth of this subject; for a counted fault, of all that it selects.
    pub occurrence: u64,
    /// Whether the fault struck.
    pub struck: bool,
}

/// All decisions of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Journal {
    /// In the order of arrival, which depends on processes and sockets.
    pub decisions: Vec<Decision>,
    /// How many more there were than are kept.
    pub left_out: u64,
}

impl Journal {
    /// Adds one.
    pub(super) fn note(&mut self, decision: Decision) {
        if self.decisions.len() < DECISIONS_MAX {
            self.decisions.push(decision)
        } else {
            self.left_out += 1
        }
    }

    /// The decisions by fault, subject and occurrence: in this order, chances are equal in every run with the same seed
    /// and the same messages, however the runs were timed.
    pub fn in_order(&self) -> Vec<Decision> {
        let mut decisions = self.decisions.clone();
        decisions.sort();
        decisions
    }
}
