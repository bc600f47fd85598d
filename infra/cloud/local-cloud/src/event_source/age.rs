//! The age of records, in which a scaled wait counts in full, as if it had been AWS's.
//!
//! Must not know: what is waited for, the clock.

/// The waits of one source.
#[derive(Debug, Default)]
pub struct Ages {
    /// Ends of waits, milliseconds since the Unix epoch, and the time saved until then in all.
    waits: Vec<(u64, u64)>,
}

impl Ages {
    /// Notes a wait of `real_ms` in place of `aws_ms` that ends at `now_ms`.
    pub fn note_wait(&mut self, aws_ms: u64, real_ms: u64, now_ms: u64) {
        let saved = self.saved() + aws_ms.saturating_sub(real_ms);
        self.waits.push((now_ms, saved));
    }

    /// The age of a record from the moment `at_ms`.
    pub fn age_ms(&self, at_ms: u64, now_ms: u64) -> u64 {
        let before = self.waits.iter().rev().find(|(end, _)| *end <= at_ms);
        let before = before.map_or(0, |(_, saved)| *saved);
        now_ms.saturating_sub(at_ms) + (self.saved() - before)
    }

    /// Forgets what no record since `at_ms` needs.
    pub fn forget_before(&mut self, at_ms: u64) {
        let older = self.waits.iter().filter(|(end, _)| *end <= at_ms).count();
        // The last of them has the time saved before the record.
        self.waits.drain(..older.saturating_sub(1));
    }

    fn saved(&self) -> u64 {
        self.waits.last().map_or(0, |(_, saved)| *saved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_ages_by_the_full_length_of_the_waits_since_it_came() {
        let mut ages = Ages::default();
        assert_eq!(ages.age_ms(1000, 1500), 500);
        ages.note_wait(60_000, 600, 2000);
        assert_eq!(ages.age_ms(1000, 2000), 60_400);
        assert_eq!(ages.age_ms(2000, 2100), 100);
        ages.note_wait(1000, 10, 3000);
        assert_eq!(ages.age_ms(1000, 3000), 62_390);
        assert_eq!(ages.age_ms(2500, 3000), 1490);
        ages.forget_before(2500);
        assert_eq!(ages.age_ms(2500, 3000), 1490);
        assert_eq!(ages.waits.len(), 2);
        ages.forget_before(3000);
        assert_eq!(ages.waits.len(), 1);
        // A clock that was set back.
        assert_eq!(ages.age_ms(5000, 4000), 0);
    }
}
