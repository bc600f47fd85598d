//! Rate limits: how much a client may send at once and over time.

use std::time::Duration;

use tokio::time::Instant;

/// A rate with a burst of one second.
#[derive(Debug, Clone)]
pub struct Meter {
    per_s: u32,
    /// When the amount taken so far is used up at that rate.
    busy_until: Option<Instant>,
}

/// The amount that may be taken at once, as time at the rate.
const BURST: Duration = Duration::from_secs(1);

impl Meter {
    /// Nothing taken yet. `per_s` is at least 1.
    pub fn new(per_s: u32) -> Self {
        Self {
            per_s: per_s.max(1),
            busy_until: None,
        }
    }

    pub fn admits(&mut self, now: Instant) -> bool {
        let until = self.until(1, now);
        let is_within = until.saturating_duration_since(now) <= BURST;
        if is_within {
            self.busy_until = Some(until);
        }
        is_within
    }

    /// Takes `amount` even beyond the rate; returns how long to wait before taking more.
    pub fn charge(&mut self, amount: usize, now: Instant) -> Duration {
        let until = self.until(amount, now);
        self.busy_until = Some(until);
        until.saturating_duration_since(now).saturating_sub(BURST)
    }

    fn until(&self, amount: usize, now: Instant) -> Instant {
        let nanos = u64::try_from(amount).unwrap_or(u64::MAX);
        let nanos = nanos.saturating_mul(1_000_000_000) / u64::from(self.per_s);
        self.busy_until.map_or(now, |until| until.max(now)) + Duration::from_nanos(nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_of_one_second_is_admitted_and_then_the_rate() {
        let mut meter = Meter::new(100);
        let start = Instant::now();
        let admitted = |meter: &mut Meter, at_ms: u64| {
            let now = start + Duration::from_millis(at_ms);
            (0..1000).filter(|_| meter.admits(now)).count()
        };
        for (at_ms, expected) in [(0, 100), (0, 0), (50, 5), (1050, 100), (60_000, 100)] {
            assert_eq!(admitted(&mut meter, at_ms), expected, "at {at_ms} ms");
        }
    }

    #[test]
    fn an_amount_over_the_rate_must_wait() {
        let mut meter = Meter::new(1000);
        let start = Instant::now();
        let second = Duration::from_secs(1);
        assert_eq!(meter.charge(1000, start), Duration::ZERO);
        assert_eq!(meter.charge(500, start), second / 2);
        assert_eq!(meter.charge(0, start + second), Duration::ZERO);
    }
}
