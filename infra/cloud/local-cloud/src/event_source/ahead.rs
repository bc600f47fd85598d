//! Changes of a stream that were read, and did not fit into a batch. The next batch begins with
//! them, without another read.
//!
//! Must not know: what a change says.

use std::collections::VecDeque;

use crate::dynamodb::Change;

/// The changes between the last batch and the end of the last read.
#[derive(Debug, Default)]
pub struct Ahead {
    /// Number of the change before them.
    after: Option<String>,
    changes: VecDeque<Change>,
}

impl Ahead {
    /// Keeps the changes that follow this one.
    pub fn put(&mut self, after: Option<String>, changes: VecDeque<Change>) {
        *self = Self { after, changes };
    }

    /// The changes that follow this one, if there are some. They are forgotten in any case: a batch
    /// that ended elsewhere is read again.
    pub fn take(&mut self, after: Option<&str>) -> Option<VecDeque<Change>> {
        let ahead = std::mem::take(self);
        let follows = ahead.after.as_deref() == after;
        (follows && !ahead.changes.is_empty()).then_some(ahead.changes)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn changes(numbers: &[&str]) -> VecDeque<Change> {
        let change = |number: &&str| Change {
            number: (*number).to_owned(),
            at_ms: 0,
            record: Value::Null,
        };
        numbers.iter().map(change).collect()
    }

    #[test]
    fn changes_are_taken_once_and_only_where_they_follow() {
        let mut ahead = Ahead::default();
        assert_eq!(ahead.take(None), None);
        ahead.put(Some("1".to_owned()), changes(&["2", "3"]));
        assert_eq!(ahead.take(Some("1")), Some(changes(&["2", "3"])));
        assert_eq!(ahead.take(Some("1")), None);
        for elsewhere in [None, Some("0"), Some("2")] {
            ahead.put(Some("1".to_owned()), changes(&["2"]));
            assert_eq!(ahead.take(elsewhere), None);
        }
        ahead.put(Some("3".to_owned()), changes(&[]));
        assert_eq!(ahead.take(Some("3")), None);
    }
}
