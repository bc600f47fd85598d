//! How long a batch of a stream waits before it is tried again.
//!
//! Must not know: what failed.

/// First wait before a retry; each further one is twice as long.
const WAIT_MS: u64 = 1000;
/// Longest wait before a retry.
const WAIT_MS_MAX: u64 = 60_000;

/// AWS's wait before the retry after so many failures, as far as one can tell from outside.
pub fn wait_ms(failures: u64) -> u64 {
    let doublings = failures.saturating_sub(1).min(16);
    (WAIT_MS << doublings).min(WAIT_MS_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_a_minute() {
        let waits: Vec<u64> = [1, 2, 3, 6, 7, 99].into_iter().map(wait_ms).collect();
        assert_eq!(waits, [1000, 2000, 4000, 32_000, 60_000, 60_000]);
    }
}
