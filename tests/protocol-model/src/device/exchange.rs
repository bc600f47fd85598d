//! When a device reports, and what its shadow's answers mean for that: D4, transcribed from the firmware's C
//! (`reporter.c`). It must not know what a report says.

/// First delay before an answer to another's write, and longest. *Units*: ms.
const REPEAT_FIRST_MS: u64 = 1_000;
const REPEAT_MOST_MS: u64 = 300_000;
/// Without another's write for this long, the delay is the first again. *Units*: ms.
const QUIET_MS: u64 = 600_000;

/// The reports of one device since it was powered on. Times are uptimes in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Exchange {
    /// A report is to be sent now.
    pub due: bool,
    /// Number of the last one sent.
    pub number: u64,
    /// Number of the last one that the shadow has accepted.
    settled: u64,
    /// When a report that another's write has covered is sent again.
    repeat_ms: Option<u64>,
    delay_ms: u64,
    foreign_ms: u64,
}

impl Exchange {
    /// Power-on, with a report due or not.
    pub fn boot(due: bool) -> Exchange {
        Exchange {
            due,
            ..Exchange::default()
        }
    }

    /// Whether a report is sent now.
    pub fn wants(&self, uptime_ms: u64) -> bool {
        self.due || self.repeat_ms.is_some_and(|at| at <= uptime_ms)
    }

    /// When a report is sent again because of another's write.
    pub fn repeats_at_ms(&self) -> Option<u64> {
        self.repeat_ms
    }

    /// A report is sent: its number.
    pub fn send(&mut self) -> u64 {
        (self.due, self.repeat_ms) = (false, None);
        self.number += 1;
        self.number
    }

    /// It was not accepted, and is sent again.
    pub fn retry(&mut self) {
        self.due = true;
    }

    /// The shadow has accepted the update of this number. Whether it was the last one sent.
    pub fn accepted(&mut self, number: u64) -> bool {
        let last = number == self.number && number > self.settled;
        if last {
            (self.settled, self.repeat_ms) = (number, None);
        }
        last
    }

    /// Another wrote `reported`, or deleted the shadow.
    pub fn foreign(&mut self, uptime_ms: u64) {
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
    fn others_writes_are_answered_after_1_s_doubling_to_5_min() {
        let (mut exchange, mut now_ms, mut waits) = (Exchange::default(), 0, Vec::new());
        for _ in 0..11 {
            exchange.foreign(now_ms);
            exchange.foreign(now_ms);
            let at = exchange.repeats_at_ms().expect("an answer");
            assert!(!exchange.wants(at - 1) && exchange.wants(at));
            waits.push((at - now_ms) / 1000);
            now_ms = at;
            let number = exchange.send();
            assert!(exchange.accepted(number) && !exchange.accepted(number));
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        exchange.foreign(now_ms + QUIET_MS);
        assert_eq!(exchange.repeats_at_ms(), Some(now_ms + QUIET_MS + 1_000));
    }
}
