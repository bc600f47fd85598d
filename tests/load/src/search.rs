//! The highest rate that holds: steps at doubled rates until one does not hold, or at halved rates
//! until one does, and then between the two.
//!
//! Must not know: how a step is pressed and judged.

use std::fmt;

use serde_json::{Value, json};

/// Steps at most.
const STEPS_MAX: usize = 10;
/// The search ends when the lowest rate that fails is at most this much above the highest that
/// holds.
const NEAR: f64 = 1.15;
/// No step is slower.
const RATE_MIN: f64 = 1.0;
/// Presses per second that two cores must carry, shared with this program.
pub const RATE_WANTED: f64 = 400.0;

/// A step at one rate.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub rate: f64,
    pub holds: bool,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub lost: u64,
    /// Presses refused as late.
    pub late: u64,
    /// Cores in use, and CPU per press in ms.
    pub cores: f64,
    pub cpu_ms: f64,
}

/// The steps so far.
#[derive(Debug, Clone, Default)]
pub struct Search(pub Vec<Step>);

impl Search {
    /// The highest rate that held; `None` if no rate did.
    pub fn highest(&self) -> Option<f64> {
        let held = self.0.iter().filter(|step| step.holds);
        held.map(|step| step.rate).reduce(f64::max)
    }

    fn lowest_failed(&self) -> Option<f64> {
        let failed = self.0.iter().filter(|step| !step.holds);
        failed.map(|step| step.rate).reduce(f64::min)
    }

    /// The rate of the next step; `None` at the end. Begins with `first`.
    pub fn next_rate(&self, first: f64) -> Option<f64> {
        if self.0.len() >= STEPS_MAX {
            return None;
        }
        match (self.highest(), self.lowest_failed()) {
            (None, None) => Some(first),
            (Some(good), None) => Some(good * 2.0),
            (None, Some(bad)) => Some(bad / 2.0).filter(|rate| *rate >= RATE_MIN),
            (Some(good), Some(bad)) if bad > good * NEAR => Some(f64::midpoint(good, bad).round()),
            _ => None,
        }
    }

    /// Whether two cores carry what they must.
    pub fn is_good(&self) -> bool {
        self.highest().is_some_and(|rate| rate >= RATE_WANTED)
    }

    /// The steps for the file.
    pub fn describe(&self) -> Value {
        let step = |s: &Step| {
            json!({"rate": s.rate, "holds": s.holds, "p50Ms": s.p50_ms, "p99Ms": s.p99_ms,
                "lost": s.lost, "late": s.late, "cores": s.cores, "cpuMsPerPress": s.cpu_ms})
        };
        let steps: Vec<Value> = self.0.iter().map(step).collect();
        json!({ "highestRate": self.highest(), "steps": steps })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.holds { "holds" } else { "FAILS" };
        write!(
            f,
            "{verdict}  {:>5.0} presses/s: p50 {:.0}, p99 {:.0} ms, {} lost, {} late, \
             {:.2} ms CPU per press, {:.2} cores",
            self.rate, self.p50_ms, self.p99_ms, self.lost, self.late, self.cpu_ms, self.cores
        )
    }
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.0 {
            writeln!(f, "{step}")?;
        }
        let verdict = if self.is_good() { "good" } else { "BROKEN" };
        let highest = self.highest().unwrap_or_default();
        writeln!(
            f,
            "{verdict:<10} highest rate that holds: {highest:.0} presses/s (wanted ≥ {RATE_WANTED})"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rates of a search on a system that carries `most`.
    fn rates(first: f64, most: f64) -> (Vec<f64>, Option<f64>) {
        let mut search = Search::default();
        let mut rates = Vec::new();
        while let Some(rate) = search.next_rate(first) {
            rates.push(rate);
            search.0.push(Step {
                rate,
                holds: rate <= most,
                p50_ms: 1.0,
                p99_ms: 2.0,
                lost: 0,
                late: 0,
                cores: 1.0,
                cpu_ms: 1.0,
            });
        }
        (rates, search.highest())
    }

    #[test]
    fn a_search_doubles_halves_and_then_closes_in() {
        let (steps, highest) = rates(100.0, 430.0);
        assert_eq!(steps, [100.0, 200.0, 400.0, 800.0, 600.0, 500.0, 450.0]);
        assert_eq!(highest, Some(400.0));
        let (steps, highest) = rates(100.0, 30.0);
        assert_eq!(steps, [100.0, 50.0, 25.0, 38.0, 32.0, 29.0]);
        assert_eq!(highest, Some(29.0));
        assert_eq!(rates(4.0, 0.0), (vec![4.0, 2.0, 1.0], None));
    }
}
