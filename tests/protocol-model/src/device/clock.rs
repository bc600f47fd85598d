//! What a device knows of the time (D3), from its shadow's answers and its own uptime.
//!
//! An attacker on the network can delay an answer, not change it: the device knows two bounds.

use super::TimeBounds;
use crate::rule::{Rule, Rules};

/// A slower answer is ignored, in ms.
pub const ANSWER_LATE_MS: u64 = 10_000;
/// An older sample is ignored, in ms.
pub const SAMPLE_STALE_MS: u64 = 12 * 60 * 60 * 1000;
/// Largest error of the device's uptime, in parts per million.
pub const DRIFT_PPM: u64 = 100;

/// One answer: the server's second, and the uptimes between which the server wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sample {
    /// The server's time in s, rounded down; 0 if the answer had none.
    pub second: u64,
    /// Uptime at which the update was sent, in ms.
    pub sent_ms: u64,
    /// Uptime at which its answer arrived, in ms.
    pub received_ms: u64,
}

impl Sample {
    /// The bounds of the time at this uptime; `None` if the sample is too old.
    pub fn bounds(&self, uptime_ms: u64, rules: Rules) -> Option<TimeBounds> {
        let age_ms = uptime_ms - self.received_ms;
        if age_ms > SAMPLE_STALE_MS {
            return None;
        }
        let drift_ms = |ms: u64| {
            if rules.without(Rule::D3NoDrift) {
                0
            } else {
                (ms * DRIFT_PPM).div_ceil(1_000_000)
            }
        };
        let since_sent_ms = uptime_ms - self.sent_ms;
        let second_ms = self.second * 1000;
        Some(TimeBounds {
            earliest_ms: second_ms + age_ms - drift_ms(age_ms),
            latest_ms: second_ms + 1000 + since_sent_ms + drift_ms(since_sent_ms),
        })
    }
}

/// The sample with the narrowest bounds so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Clock(Option<Sample>);

impl Clock {
    /// A clock with this sample.
    pub fn new(sample: Sample) -> Self {
        Self(Some(sample))
    }

    /// The bounds of the time at this uptime.
    pub fn bounds(&self, uptime_ms: u64, rules: Rules) -> Option<TimeBounds> {
        self.0?.bounds(uptime_ms, rules)
    }

    /// Keeps the sample if its bounds are narrower. Returns whether the time was unknown before.
    pub fn take(&mut self, sample: Sample, rules: Rules) -> bool {
        let now_ms = sample.received_ms;
        if sample.second == 0 || now_ms - sample.sent_ms > ANSWER_LATE_MS {
            return false;
        }
        let before = self.bounds(now_ms, rules);
        let after = sample.bounds(now_ms, rules);
        let narrower = match (before, after) {
            (Some(before), Some(after)) => after.width_ms() < before.width_ms(),
            (before, _) => before.is_none(),
        };
        if narrower {
            self.0 = Some(sample);
        }
        before.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The network delays an answer in many ways; the true time stays within the bounds.
    #[test]
    fn the_true_time_is_within_the_bounds_however_an_answer_is_delayed() {
        let (booted_ms, mut checked) = (1_763_779_500_370_u64, 0);
        for (to_server, back, later) in [
            (0, 0, 0),
            (9_000, 0, 50_000),
            (0, 9_999, 50_000),
            (4_000, 5_000, SAMPLE_STALE_MS),
        ] {
            for ppm in [-100_i64, 0, 100] {
                let uptime = |true_ms: u64| {
                    let up = true_ms - booted_ms;
                    up.saturating_add_signed(up as i64 * ppm / 1_000_000)
                };
                let sent_ms = booted_ms + 5_000;
                let (written_ms, arrived_ms) = (sent_ms + to_server, sent_ms + to_server + back);
                let sample = Sample {
                    second: written_ms / 1000,
                    sent_ms: uptime(sent_ms),
                    received_ms: uptime(arrived_ms),
                };
                let now_ms = arrived_ms + later;
                let bounds = sample.bounds(uptime(now_ms), Rules::ALL);
                let Some(bounds) = bounds else {
                    assert!(
                        later >= SAMPLE_STALE_MS,
                        "a sample {later} ms old is not stale"
                    );
                    continue;
                };
                let bounds = bounds.earliest_ms..=bounds.latest_ms;
                assert!(bounds.contains(&now_ms), "{to_server} {back} {later} {ppm}");
                checked += 1;
            }
        }
        assert!(checked >= 10, "{checked} moments");
    }

    #[test]
    fn a_wide_or_late_answer_does_not_replace_a_narrow_one() {
        let narrow = Sample {
            second: 1_000,
            sent_ms: 0,
            received_ms: 50,
        };
        let mut clock = Clock::default();
        assert!(clock.take(narrow, Rules::ALL), "the time was not known");
        let wide = Sample {
            second: 1_020,
            sent_ms: 20_000,
            received_ms: 29_000,
        };
        assert!(!clock.take(wide, Rules::ALL));
        assert_eq!(clock, Clock::new(narrow));
        let late = Sample {
            received_ms: 30_001,
            ..wide
        };
        let mut none = Clock::default();
        assert!(!none.take(late, Rules::ALL));
        assert_eq!(none, Clock::default());
    }
}
