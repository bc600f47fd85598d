//! The outage, minute by minute. Must not know: how it is shown.

use std::collections::BTreeSet;

use lock_core::decide_sweep;
use lock_core::limits::{Limits, REPORT_INTERVAL_MS};
use lock_core::record::{Record, Status};
use lock_core::time::UnixMillis;

use crate::fleet::{START, Settled, apply, decide};

/// Records that a sweep works on at the same time (`AT_ONCE` of the sweep function).
const AT_ONCE: u64 = 8;
/// Time in which a sweep begins records, in ms: the function's time-out of the template without
/// the last eight seconds (`FINISH_MS`).
const BEGIN_MS: u64 = 42_000;
/// Time between two sweeps.
const MINUTE_MS: u64 = 60_000;
/// Decisions about one record in one sweep, at most.
const DECISIONS_MAX: usize = 5;

/// What happens to a fleet.
#[derive(Debug, Clone, Copy)]
pub struct Outage {
    /// Number of locks.
    pub locks: usize,
    /// How long no lock can be reached.
    pub hours: u64,
    /// Locks that connect again in a second, once they can.
    pub connects: u64,
    /// Time of one decision of the sweep, with its reads, its transaction and its publish, in ms.
    /// Assumed.
    pub decision_ms: u64,
}

/// What it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// From the beginning of the outage until the last lock is known to be silent; `None` if the
    /// outage ended first.
    pub known_silent_ms: Option<u64>,
    /// How long a record was due before a sweep reached it, at most.
    pub oldest_ms: u64,
    /// Decisions of the sweep.
    pub decisions: u64,
    /// Commands that it sent again.
    pub sends: u64,
    /// Alerts that it raised.
    pub alerts: u64,
    /// From the end of the outage until the last lock is trusted again.
    pub trusted_ms: u64,
}

/// The fleet in the middle of it.
struct Run {
    settled: Settled,
    records: Vec<Record>,
    /// Due time and number of every lock that cannot be reached.
    due: BTreeSet<(UnixMillis, usize)>,
    trusted: usize,
    outcome: Outcome,
}

/// Runs the outage to its end.
///
/// # Panics
///
/// A report of a lock that is back does not settle its record.
pub fn run(outage: &Outage) -> Outcome {
    let settled = Settled::make();
    let age = |number: usize| (number as u64).wrapping_mul(7_919) % REPORT_INTERVAL_MS;
    let records = (0..outage.locks).map(|number| settled.record(number, age(number)));
    let mut run = Run {
        records: records.collect(),
        settled,
        due: BTreeSet::new(),
        trusted: outage.locks,
        outcome: Outcome::default(),
    };
    for (number, record) in run.records.iter().enumerate() {
        run.due.insert((record.due.due_at, number));
    }
    let end = START.plus(outage.hours * 60 * MINUTE_MS);
    let mut back = 0;
    let mut now = START;
    while back < outage.locks {
        now = now.plus(MINUTE_MS);
        while back < outage.locks {
            let at = end.plus(back as u64 * 1_000 / outage.connects);
            if at > now {
                break;
            }
            run.connect(back, at);
            run.outcome.trusted_ms = at.since(end);
            back += 1;
        }
        run.sweep(now, outage.decision_ms);
        if run.trusted == 0 && run.outcome.known_silent_ms.is_none() && now <= end {
            run.outcome.known_silent_ms = Some(now.since(START));
        }
    }
    run.outcome
}

impl Run {
    /// One sweep at `now`: oldest first, until its time is over.
    fn sweep(&mut self, now: UnixMillis, decision_ms: u64) {
        if let Some((oldest, _)) = self.due.first() {
            self.outcome.oldest_ms = self.outcome.oldest_ms.max(now.since(*oldest));
        }
        let mut decisions = 0;
        while let Some(&(due_at, number)) = self.due.first() {
            let elapsed = decisions * decision_ms / AT_ONCE;
            if due_at > now || elapsed >= BEGIN_MS {
                break;
            }
            self.due.remove(&(due_at, number));
            decisions += self.decide(number, now.plus(elapsed));
            self.due.insert((self.records[number].due.due_at, number));
        }
        self.outcome.decisions += decisions;
    }

    /// Decides on a record until it is no longer due. Returns the number of decisions.
    fn decide(&mut self, number: usize, now: UnixMillis) -> u64 {
        let limits = Limits::default();
        let record = &mut self.records[number];
        let was_settled = record.status == Status::Settled;
        let mut decisions = 0;
        for _ in 0..DECISIONS_MAX {
            let Some(decision) = decide_sweep(record, None, None, now, &limits) else {
                break;
            };
            decisions += 1;
            self.outcome.sends += u64::from(decision.publish.is_some());
            self.outcome.alerts += decision.alerts.len() as u64;
            *record = apply(record, &decision);
        }
        if was_settled && record.status != Status::Settled {
            self.trusted -= 1;
        }
        decisions
    }

    /// A lock is back and reports. From then on it reports in time, and is not due.
    fn connect(&mut self, number: usize, now: UnixMillis) {
        let record = &mut self.records[number];
        self.due.remove(&(record.due.due_at, number));
        let was_settled = record.status == Status::Settled;
        let report = self.settled.report(record, now);
        *record = apply(record, &decide(record, &report, now));
        assert_eq!(record.status, Status::Settled, "{record:?}");
        self.trusted += usize::from(!was_settled);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Outage = Outage {
        locks: 1_000,
        hours: 2,
        connects: 100,
        decision_ms: 30,
    };

    #[test]
    fn a_small_fleet_is_known_to_be_silent_as_soon_as_the_rule_allows() {
        let outcome = run(&SMALL);
        // Silence of 35 minutes, the sweep of the next minute.
        assert_eq!(outcome.known_silent_ms, Some(35 * MINUTE_MS));
        assert!(outcome.oldest_ms <= MINUTE_MS, "{outcome:?}");
        assert_eq!(outcome.alerts, 1_000, "one for each lock");
        assert_eq!(outcome.trusted_ms, 9_990, "100 in a second");
    }

    #[test]
    fn a_sweep_that_cannot_reach_all_takes_the_oldest_first() {
        let slow = Outage {
            decision_ms: 3_000,
            ..SMALL
        };
        let outcome = run(&slow);
        // 112 decisions in a minute, and the first pass needs two for each lock.
        let known = outcome.known_silent_ms;
        assert!(known.is_some_and(|ms| ms > 40 * MINUTE_MS), "{outcome:?}");
        assert!(outcome.oldest_ms > 10 * MINUTE_MS, "{outcome:?}");
        assert_eq!(outcome.alerts, 1_000, "one for each lock, however late");
    }
}
