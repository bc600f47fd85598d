//! How long presses took, and what slowed the slow ones: each executed press by the way that its
//! command took.
//!
//! Must not know: how the times were measured.

use std::time::Duration;

/// Longest time of a press that nothing slowed.
pub const SLOW: Duration = Duration::from_secs(1);

/// The way of a press to the movement of the latch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// No fault explains a delay: its command was sent once and went straight.
    Straight,
    /// The fault `delay` held the command for its time.
    Held,
    /// The command was sent again: the first message was lost or its lock was offline.
    Again,
    /// The function failed, and the event came again after the first wait.
    Retried,
}

impl Way {
    pub const ALL: [Self; 4] = [Self::Straight, Self::Held, Self::Again, Self::Retried];

    /// Its name in the result.
    pub fn name(self) -> &'static str {
        match self {
            Self::Straight => "straight",
            Self::Held => "held",
            Self::Again => "again",
            Self::Retried => "retried",
        }
    }

    /// What it means.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Straight => "command sent once, no fault on its way",
            Self::Held => "command held by the fault `delay`",
            Self::Again => "command sent again: lost, or its lock was offline",
            Self::Retried => "function failed, the event came again",
        }
    }
}

/// What the faults of a run explain.
#[derive(Debug, Clone, Copy, Default)]
pub struct Explained {
    /// How long a command is held.
    pub held: Option<Duration>,
    /// How long the event of a failed function waits for its first retry.
    pub retried: Option<Duration>,
}

/// When the things that matter happened, in ms of the Unix epoch.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// The rules engine received the press.
    pub received: u64,
    /// The command was decided.
    pub decided: u64,
    /// The lock executed it.
    pub executed: u64,
}

impl Explained {
    /// The way of a press.
    pub fn way(&self, times: Times, is_resent: bool) -> Way {
        let waited = |from: u64, to: u64, wait: Option<Duration>| {
            let took = Duration::from_millis(to.saturating_sub(from));
            wait.is_some_and(|wait| (wait..wait + SLOW).contains(&took))
        };
        if is_resent {
            Way::Again
        } else if waited(times.received, times.decided, self.retried) {
            Way::Retried
        } else if waited(times.decided, times.executed, self.held) {
            Way::Held
        } else {
            Way::Straight
        }
    }
}

/// An executed press.
#[derive(Debug, Clone, Copy)]
pub struct Latency {
    /// Number of the press in the run.
    pub press: usize,
    /// From the time when it was due to the movement of the latch.
    pub took: Duration,
    pub way: Way,
}

/// Latencies, from the shortest to the longest.
#[derive(Debug, Clone, Default)]
pub struct Latencies(Vec<Latency>);

impl Latencies {
    pub fn new(mut all: Vec<Latency>) -> Self {
        all.sort_unstable_by_key(|latency| latency.took);
        Self(all)
    }

    /// Those for which `is_wanted` holds.
    pub fn only(&self, is_wanted: impl Fn(&Latency) -> bool) -> Self {
        Self(self.0.iter().copied().filter(is_wanted).collect())
    }

    /// Those that took this way.
    pub fn of(&self, way: Way) -> Self {
        self.only(|latency| latency.way == way)
    }

    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The times, from the shortest to the longest.
    pub fn times(&self) -> Vec<Duration> {
        self.0.iter().map(|latency| latency.took).collect()
    }

    /// The time that `part` of all presses, from 0 to 1, do not exceed; `None` of none.
    pub fn percentile(&self, part: f64) -> Option<Duration> {
        let last = self.0.len().checked_sub(1)?;
        #[expect(clippy::cast_precision_loss, reason = "numbers of presses are small")]
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index within the list"
        )]
        let index = (last as f64 * part).round() as usize;
        self.0.get(index).map(|latency| latency.took)
    }

    /// The same in ms; not a number of none.
    pub fn percentile_ms(&self, part: f64) -> f64 {
        let time = self.percentile(part);
        time.map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_needs_its_evidence() {
        let explained = Explained {
            held: Some(Duration::from_secs(3)),
            retried: Some(Duration::from_secs(6)),
        };
        let at = |received, decided, executed| Times {
            received,
            decided,
            executed,
        };
        for (times, is_resent, wanted) in [
            (at(0, 10, 20), false, Way::Straight),
            (at(0, 10, 20), true, Way::Again),
            (at(0, 10, 3_020), false, Way::Held),
            (at(0, 6_100, 6_120), false, Way::Retried),
            // Later than any fault makes it: nothing explains that.
            (at(0, 10, 4_500), false, Way::Straight),
            (at(0, 9_000, 9_010), false, Way::Straight),
        ] {
            assert_eq!(explained.way(times, is_resent), wanted, "{times:?}");
            let none = Explained::default().way(times, false);
            assert_eq!(none, Way::Straight, "{times:?} without faults");
        }
    }

    #[test]
    fn percentiles_are_those_of_the_chosen() {
        let latency = |press, ms, way| Latency {
            press,
            took: Duration::from_millis(ms),
            way,
        };
        let all = Latencies::new(vec![
            latency(0, 5_000, Way::Again),
            latency(1, 20, Way::Straight),
            latency(2, 30, Way::Straight),
        ]);
        assert_eq!(all.percentile(1.0), Some(Duration::from_secs(5)));
        let straight = all.of(Way::Straight);
        assert_eq!((straight.count(), straight.percentile_ms(1.0)), (2, 30.0));
        assert_eq!(all.only(|l| l.press > 1).times().len(), 1);
        assert_eq!(all.of(Way::Held).percentile(0.5), None);
    }
}
