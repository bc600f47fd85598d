//! Logs every decision about faults, so that two runs can be compared.

use serde::Serialize;

/// Decisions kept; later ones are only counted.
const DECISIONS_MAX: usize = 100_000;

/// One decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// The fault as it is written; the second of several alike ends in ` (2)`.
    pub fault: String,
    /// The topic, the function, or the function and its call.
    pub subject: String,
    /// Which occurrence, counted from 1: of this subject for a chance, of all that the fault
    /// selects for a counted fault.
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
    /// Number of decisions that were not kept.
    pub left_out: u64,
}

impl Journal {
    /// Adds a decision.
    pub(super) fn note(&mut self, decision: Decision) {
        if self.decisions.len() < DECISIONS_MAX {
            self.decisions.push(decision)
        } else {
            self.left_out += 1
        }
    }

    /// The decisions by fault, subject and occurrence. In this order, chances are equal in every
    /// run with the same seed and the same messages, whatever the timing.
    pub fn in_order(&self) -> Vec<Decision> {
        let mut decisions = self.decisions.clone();
        decisions.sort();
        decisions
    }
}
