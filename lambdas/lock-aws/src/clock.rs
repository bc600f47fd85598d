//! The only place that reads the time. Must not know: what the time is for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lock_core::time::UnixMillis;

/// The system's time.
pub fn now() -> UnixMillis {
    from_system(SystemTime::now())
}

/// A system time in ms since the epoch. Earlier times become the epoch itself.
pub fn from_system(at: SystemTime) -> UnixMillis {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// The clock of a function: the system's, possibly corrected, or one that a test moves by hand.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    hand: Option<Arc<Hand>>,
    /// How far the system's clock is behind (negative: ahead), in ms.
    behind_ms: i64,
}

#[derive(Debug)]
struct Hand {
    now_ms: AtomicU64,
    step_ms: u64,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// The system's clock, which is behind by this much, corrected.
    pub fn corrected(behind_ms: i64) -> Self {
        Self {
            hand: None,
            behind_ms,
        }
    }

    /// A clock that shows `at` until it is moved.
    pub fn by_hand(at: UnixMillis) -> Self {
        Self::stepping(at, 0)
    }

    /// A clock that shows `at` and advances by `step_ms` on each reading.
    pub fn stepping(at: UnixMillis, step_ms: u64) -> Self {
        let now_ms = AtomicU64::new(at.0);
        Self {
            hand: Some(Arc::new(Hand { now_ms, step_ms })),
            behind_ms: 0,
        }
    }

    /// The current time.
    pub fn now(&self) -> UnixMillis {
        match &self.hand {
            Some(hand) => UnixMillis(hand.now_ms.fetch_add(hand.step_ms, Ordering::SeqCst)),
            None => UnixMillis(now().0.saturating_add_signed(self.behind_ms)),
        }
    }

    /// Waits for `ms`. A clock by hand advances at once.
    pub async fn wait(&self, ms: u64) {
        match &self.hand {
            Some(hand) => _ = hand.now_ms.fetch_add(ms, Ordering::SeqCst),
            None => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }

    /// The output of `work`, or `None` if it does not end before `deadline`. A clock by hand moves
    /// only when the work moves it, so work that begins in time always ends in time.
    pub async fn before<T>(
        &self,
        deadline: UnixMillis,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let left_ms = deadline.since(self.now());
        match &self.hand {
            Some(_) if left_ms > 0 => Some(work.await),
            Some(_) => None,
            None => tokio::time::timeout(Duration::from_millis(left_ms), work)
                .await
                .ok(),
        }
    }
}

/// Measures the duration of a step, for the log.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// A stopwatch that starts now.
    pub fn start() -> Self {
        Self(Instant::now())
    }

    /// Milliseconds since the start, in steps of a microsecond.
    pub fn elapsed_ms(&self) -> f64 {
        self.0.elapsed().as_micros() as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clock_by_hand_moves_by_each_wait_and_by_its_step() {
        let clock = Clock::by_hand(UnixMillis(1_000));
        clock.clone().wait(500).await;
        assert_eq!([clock.now(), clock.now()], [UnixMillis(1_500); 2]);
        let stepping = Clock::stepping(UnixMillis(1_000), 7);
        assert_eq!(
            [stepping.now(), stepping.now()],
            [1_000, 1_007].map(UnixMillis)
        );
        assert_eq!(clock.before(UnixMillis(1_501), async { 1 }).await, Some(1));
        assert_eq!(clock.before(UnixMillis(1_500), async { 1 }).await, None);
    }

    #[test]
    fn a_corrected_clock_runs_as_the_systems_does_with_an_offset() {
        for behind_ms in [-90_000, 0, 90_000] {
            let (before, now, after) = (now(), Clock::corrected(behind_ms).now(), now());
            let shifted = |at: UnixMillis| UnixMillis(at.0.saturating_add_signed(behind_ms));
            assert!(
                shifted(before) <= now && now <= shifted(after),
                "{behind_ms}"
            );
        }
    }

    #[tokio::test]
    async fn the_systems_clock_ends_work_at_its_deadline() {
        let clock = Clock::system();
        let never = std::future::pending::<()>();
        assert_eq!(clock.before(clock.now().plus(1), never).await, None);
        let far = clock.now().plus(3_600_000);
        assert_eq!(clock.before(far, async { 1 }).await, Some(1));
    }
}
