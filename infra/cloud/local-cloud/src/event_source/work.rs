//! What is left of a batch, and what follows an invocation: the rest is retried, split or given up.
//!
//! Must not know: time, functions, records. Source: AWS Lambda developer guide, "Configuring
//! partial batch response with DynamoDB and Lambda"; API reference, `CreateEventSourceMapping`.

use std::collections::VecDeque;
use std::ops::Range;

/// How failures are handled.
#[derive(Debug, Clone, Copy)]
pub struct Policy {
    /// Whether a batch that fails is split in two.
    pub bisects: bool,
    /// Retries of a batch that fails.
    pub retries_max: Option<u64>,
}

/// Records that go to the function together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Their places in the batch.
    pub records: Range<usize>,
    /// Invocations that failed and that count.
    failures: u64,
    /// Invocations so far, those with more records included.
    pub invocations: u64,
}

/// A batch in pieces, in the order of its records.
#[derive(Debug)]
pub struct Work {
    pieces: VecDeque<Piece>,
    policy: Policy,
}

/// What follows an invocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// All records were completed.
    Completed,
    /// The first piece is smaller now, and can be invoked at once.
    Split,
    /// The first piece is invoked again after a wait.
    Retry {
        /// Failures so far.
        failures: u64,
    },
    /// The retries are used up.
    GivenUp(Piece),
}

impl Work {
    /// A batch of so many records.
    pub fn new(records: usize, policy: Policy) -> Self {
        let whole = Piece {
            records: 0..records,
            failures: 0,
            invocations: 0,
        };
        Self {
            pieces: VecDeque::from([whole]),
            policy,
        }
    }

    /// The records for the next invocation.
    pub fn first(&self) -> Option<&Piece> {
        self.pieces.front()
    }

    /// Takes the first `count` records of the first piece away.
    pub fn take(&mut self, count: usize) -> Option<Piece> {
        let mut piece = self.pieces.pop_front()?;
        let mut taken = piece.clone();
        let middle = (piece.records.start + count).min(piece.records.end);
        taken.records.end = middle;
        piece.records.start = middle;
        if !piece.records.is_empty() {
            self.pieces.push_front(piece);
        }
        Some(taken)
    }

    /// Counts an invocation with the first piece, of which the function completed the first
    /// `completed` records.
    pub fn settle(&mut self, completed: usize) -> Next {
        let Some(mut piece) = self.pieces.pop_front() else {
            return Next::Completed;
        };
        piece.invocations += 1;
        piece.records.start += completed;
        if piece.records.is_empty() {
            return Next::Completed;
        }
        // A split is not a retry: it does not count.
        if self.policy.bisects && completed > 0 {
            self.pieces.push_front(piece);
            return Next::Split;
        }
        if self.policy.bisects && piece.records.len() > 1 {
            let middle = piece.records.start + piece.records.len() / 2;
            let mut second = piece.clone();
            second.records.start = middle;
            piece.records.end = middle;
            self.pieces.push_front(second);
            self.pieces.push_front(piece);
            return Next::Split;
        }
        piece.failures += 1;
        let failures = piece.failures;
        if self.policy.retries_max.is_some_and(|most| failures > most) {
            return Next::GivenUp(piece);
        }
        self.pieces.push_front(piece);
        Next::Retry { failures }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Invokes a function with the records `0..records`, which fails at `poison`, until all is
    /// done. Returns a line for each invocation.
    fn act(records: usize, poison: &[usize], reports: bool, policy: Policy) -> Vec<String> {
        let mut work = Work::new(records, policy);
        let mut lines = Vec::new();
        while let Some(piece) = work.first().cloned() {
            let given = piece.records;
            let failed = given.clone().find(|record| poison.contains(record));
            let completed = match failed {
                None => given.len(),
                Some(at) if reports => at - given.start,
                Some(_) => 0,
            };
            let next = match work.settle(completed) {
                Next::Completed => "completed".to_owned(),
                Next::Split => "split".to_owned(),
                Next::Retry { failures } => format!("retry {failures}"),
                Next::GivenUp(piece) => {
                    format!("gives up {:?} after {}", piece.records, piece.invocations)
                }
            };
            lines.push(format!("{given:?} {next}"));
            assert!(lines.len() < 30, "{lines:?}");
        }
        lines
    }

    // AWS same(stream): a batch that fails is retried as a whole, MaximumRetryAttempts times
    //     at most; with BisectBatchOnFunctionError it is split in two, which does not count as a
    //     retry
    // AWS same(stream): with ReportBatchItemFailures the batch goes on at the lowest reported
    //     sequence number; with BisectBatchOnFunctionError it is split there
    // AWS unknown(stream): AWS does not say how it splits a batch whose first record is
    //     reported; here it is split in two
    #[test]
    fn what_follows_a_failure_depends_on_the_settings() {
        let policy = |bisects, retries_max| Policy {
            bisects,
            retries_max,
        };
        for (records, poison, reports, policy, expected) in [
            (
                3,
                vec![],
                false,
                policy(false, None),
                vec!["0..3 completed"],
            ),
            (
                3,
                vec![1],
                false,
                policy(false, Some(1)),
                vec!["0..3 retry 1", "0..3 gives up 0..3 after 2"],
            ),
            (
                3,
                vec![1],
                false,
                policy(false, Some(0)),
                vec!["0..3 gives up 0..3 after 1"],
            ),
            (
                4,
                vec![2],
                false,
                policy(true, Some(1)),
                vec![
                    "0..4 split",
                    "0..2 completed",
                    "2..4 split",
                    "2..3 retry 1",
                    "2..3 gives up 2..3 after 4",
                    "3..4 completed",
                ],
            ),
            (
                4,
                vec![2],
                true,
                policy(false, Some(1)),
                vec!["0..4 retry 1", "2..4 gives up 2..4 after 2"],
            ),
            (
                4,
                vec![1],
                true,
                policy(true, Some(0)),
                vec![
                    "0..4 split",
                    "1..4 split",
                    "1..2 gives up 1..2 after 3",
                    "2..4 completed",
                ],
            ),
            (
                3,
                vec![0, 1, 2],
                false,
                policy(true, Some(0)),
                vec![
                    "0..3 split",
                    "0..1 gives up 0..1 after 2",
                    "1..3 split",
                    "1..2 gives up 1..2 after 3",
                    "2..3 gives up 2..3 after 3",
                ],
            ),
        ] {
            let lines = act(records, &poison, reports, policy);
            assert_eq!(lines, expected, "{records} {poison:?} {reports} {policy:?}");
        }
    }

    #[test]
    fn records_can_be_taken_away_from_the_front() {
        let policy = Policy {
            bisects: true,
            retries_max: None,
        };
        let mut work = Work::new(4, policy);
        assert_eq!(work.settle(0), Next::Split);
        let taken = work.take(1).unwrap();
        assert_eq!((taken.records, taken.invocations), (0..1, 1));
        assert_eq!(work.take(9).unwrap().records, 1..2);
        assert_eq!(work.first().unwrap().records, 2..4);
        assert_eq!(work.settle(2), Next::Completed);
        assert_eq!((work.take(1), work.first()), (None, None));
    }
}
