//! What a device knows of the time: answers of its own shadow, which come over the authenticated connection, and its own
//! uptime (D3). It must not know the true time.
//!
//! Whoever holds the network can delay an answer, but not change it: so the device knows two bounds and never one number.

use super::Span;
use crate::rule::{Rule, Rules};

/// An answer that took longer than this says too little. *Units*: ms.
pub const ANSWER_LATE_MS: u64 = 10_000;
/// A sample older than this says nothing. *Units*: ms.
pub const SAMPLE_STALE_MS: u64 = 12 * 60 * 60 * 1000;
/// By how much the device's uptime may run wrong, in parts per million.
pub const DRIFT_PPM: u64 = 100;

/// One answer: the server's second, and the uptimes between which the server wrote it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Sample {
    /// The server's time, rounded down; 0 where it did not say. *Units*: s.
    pub second: u64,
    /// Uptime at which the update was sent. *Units*: ms.
    pub sent_ms: u64,
    /// Uptime at which its answer arrived. *Units*: ms.
    pub received_ms: u64,
}

impl Sample {
    /// What the time may be at this uptime; none when the sample is too old.
    pub fn span(&self, uptime_ms: u64, rules: Rules) -> Option<Span> {
        let age_ms = uptime_ms - self.received_ms;
        if age_ms > SAMPLE_STALE_MS {
            return None;
        }
        let drift_ms = |ms: u64| match rules.without(Rule::D3NoDrift) {
            true => 0,
            false => (ms * DRIFT_PPM).div_ceil(1_000_000),
        };
        let since_sent_ms = uptime_ms - self.sent_ms;
        let second_ms = self.second * 1000;
        Some(Span {
            earliest_ms: second_ms + age_ms - drift_ms(age_ms),
            latest_ms: second_ms + 1000 + since_sent_ms + drift_ms(since_sent_ms),
        })
    }
}

/// The narrowest sample so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Clock(Option<Sample>);

impl Clock {
    /// A clock with this sample.
    pub fn new(sample: Sample) -> Clock {
        Clock(Some(sample))
    }

    /// What the time may be at this uptime.
    pub fn span(&self, uptime_ms: u64, rules: Rules) -> Option<Span> {
        self.0?.span(uptime_ms, rules)
    }

    /// An answer has arrived; it is kept if it says more than the one before. `true` when the time is known now and was
    /// not before.
    pub fn take(&mut self, sample: Sample, rules: Rules) -> bool {
        let now_ms = sample.received_ms;
        if sample.second == 0 || now_ms - sample.sent_ms > ANSWER_LATE_MS {
            return false;
        }
        let before = self.span(now_ms, rules);
        let after = sample.span(now_ms, rules);
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

    /// Whatever the network does to an answer, the true time is within the bounds.
    #[test]
    fn the_true_time_lies_within_the_bounds_however_an_answer_is_held() {
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
                let (written_ms, heard_ms) = (sent_ms + to_server, sent_ms + to_server + back);
                let sample = Sample {
                    second: written_ms / 1000,
                    sent_ms: uptime(sent_ms),
                    received_ms: uptime(heard_ms),
                };
                let now_ms = heard_ms + later;
                let span = sample.span(uptime(now_ms), Rules::ALL);
                let Some(span) = span else {
                    assert!(later >= SAMPLE_STALE_MS, "a sample of {later} ms is none");
                    continue;
                };
                let bounds = span.earliest_ms..=span.latest_ms;
                assert!(bounds.contains(&now_ms), "{to_server} {back} {later} {ppm}");
                checked += 1;
            }
        }
        assert!(checked >= 10, "{checked} moments");
    }

    #[test]
    fn a_wide_answer_does_not_replace_a_narrow_one_and_a_late_one_is_none() {
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
