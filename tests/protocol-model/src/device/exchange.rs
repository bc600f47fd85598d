//! When a device reports: D4, transcribed from the firmware's C (`reporter.c`).

/// First and longest delay before a report that answers a foreign write, in ms.
const REPEAT_FIRST_MS: u64 = 1_000;
const REPEAT_MOST_MS: u64 = 300_000;
/// After this long without a foreign write the delay starts over, in ms.
const QUIET_MS: u64 = 600_000;

/// The reports of one device since power-on. Times are uptimes in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Exchange {
    /// A report must be sent now.
    pub due: bool,
    /// Number of the last report sent.
    pub number: u64,
    /// Number of the last report that the shadow accepted.
    settled: u64,
    /// When a report that a foreign write has covered is sent again.
    repeat_ms: Option<u64>,
    delay_ms: u64,
    foreign_ms: u64,
}

impl Exchange {
    /// Powers on, with a report due or not.
    pub fn boot(due: bool) -> Self {
        Self {
            due,
            ..Self::default()
        }
    }

    /// Whether a report is due at this uptime.
    pub fn wants(&self, uptime_ms: u64) -> bool {
        self.due || self.repeat_ms.is_some_and(|at| at <= uptime_ms)
    }

    /// When a report is sent again because of a foreign write.
    pub fn repeat_at_ms(&self) -> Option<u64> {
        self.repeat_ms
    }

    /// Sends a report and returns its number.
    pub fn send(&mut self) -> u64 {
        (self.due, self.repeat_ms) = (false, None);
        self.number += 1;
        self.number
    }

    /// Marks the report as due again, after it was not accepted.
    pub fn retry(&mut self) {
        self.due = true;
    }

    /// The shadow accepted the report of this number. Returns whether it was the last one sent.
    pub fn accepted(&mut self, number: u64) -> bool {
        let last = number == self.number && number > self.settled;
        if last {
            (self.settled, self.repeat_ms) = (number, None);
        }
        last
    }

    /// Another client wrote `reported`, or deleted the shadow.
    pub fn note_foreign_write(&mut self, uptime_ms: u64) {
        if self.delay_ms == 0 || uptime_ms - self.foreign_ms >= QUIET_MS {
            self.delay_ms = REPEAT_FIRST_MS;
        }
        self.foreign_ms = uptime_ms;
        if self.repeat_ms.is_none() {
            self.repeat_ms = Some(uptime_ms + self.delay_ms);
            self.delay_ms = (self.delay_ms * 2).min(REPEAT_MOST_MS);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_writes_are_answered_after_1_s_doubling_to_5_min() {
        let (mut exchange, mut now_ms, mut waits) = (Exchange::default(), 0, Vec::new());
        for _ in 0..11 {
            exchange.note_foreign_write(now_ms);
            exchange.note_foreign_write(now_ms);
            let at = exchange.repeat_at_ms().expect("a report is scheduled");
            assert!(!exchange.wants(at - 1) && exchange.wants(at));
            waits.push((at - now_ms) / 1000);
            now_ms = at;
            let number = exchange.send();
            assert!(exchange.accepted(number) && !exchange.accepted(number));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        exchange.note_foreign_write(now_ms + QUIET_MS);
        assert_eq!(exchange.repeat_at_ms(), Some(now_ms + QUIET_MS + 1_000));
    }
}
