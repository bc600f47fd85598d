//! The journal of faults: when one struck, which, and what it struck; oldest first.
//!
//! Must not know: who reads it.

use std::collections::VecDeque;

use serde::Serialize;

/// Entries that are kept.
const ENTRIES_MAX: usize = 200;

/// One time that a fault struck.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Grows by one with each entry.
    pub id: u64,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// The fault as it is written.
    pub fault: String,
    /// What it struck: a topic, a function with its step or call, a device.
    pub target: String,
    /// Which occurrence it was, or whether it began or ended.
    pub what: String,
}

/// The newest entries.
#[derive(Debug, Default)]
pub struct Journal {
    entries: VecDeque<Entry>,
    last: u64,
}

impl Journal {
    /// Adds an entry, and returns it.
    pub fn note(&mut self, at: u64, fault: &str, target: &str, what: String) -> Entry {
        self.last += 1;
        let entry = Entry {
            id: self.last,
            at,
            fault: fault.to_owned(),
            target: target.to_owned(),
            what,
        };
        if self.entries.len() == ENTRIES_MAX {
            self.entries.pop_front();
        }
        self.entries.push_back(entry.clone());
        entry
    }

    /// The entries.
    pub fn entries(&self) -> &VecDeque<Entry> {
        &self.entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_entries_are_kept_with_their_numbers() {
        let mut journal = Journal::default();
        for n in 1..=250 {
            let entry = journal.note(n, "drop:a@50%", "a", format!("occurrence {n}"));
            assert_eq!((entry.id, entry.at), (n, n));
        }
        let ids: Vec<u64> = journal.entries().iter().map(|entry| entry.id).collect();
        assert_eq!(ids, Vec::from_iter(51..=250));
    }
}
