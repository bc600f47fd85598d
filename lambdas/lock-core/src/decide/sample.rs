//! Random runs for the laws: reproducible, and never without the events that a law is about.
//!
//! Must not know: what a law demands.

use std::cell::RefCell;
use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseError, TestRunner};

/// Runs of one law.
const RUNS: u32 = 400;
/// Least number of occurrences, over all runs, of anything that a law is about.
const TIMES_MIN: u32 = 5;

/// The number of occurrences of each event.
#[derive(Debug, Default)]
pub(super) struct Occurred(RefCell<BTreeMap<String, u32>>);

impl Occurred {
    /// Counts it.
    pub(super) fn note(&self, what: impl Into<String>) {
        *self.0.borrow_mut().entry(what.into()).or_default() += 1;
    }
}

/// Checks `law` on every run; then that each of `wanted` has occurred.
pub(super) fn holds<S: Strategy>(
    runs: S,
    wanted: &[&str],
    law: impl Fn(S::Value, &Occurred) -> Result<(), TestCaseError>,
) {
    let occurred = Occurred::default();
    let mut runner = TestRunner::new(ProptestConfig {
        cases: RUNS,
        rng_seed: RngSeed::Fixed(1),
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    if let Err(failure) = runner.run(&runs, |run| law(run, &occurred)) {
        panic!("{failure}");
    }
    let occurred = occurred.0.into_inner();
    for what in wanted {
        let times = occurred.get(*what).copied().unwrap_or_default();
        assert!(
            times >= TIMES_MIN,
            "{what:?} occurred {times} times: the law is not shown by {occurred:#?}"
        );
    }
}
