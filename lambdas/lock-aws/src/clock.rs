//! The only place where time is read. Must not know what the time is for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lock_core::time::UnixMillis;

/// The time now.
pub fn now() -> UnixMillis {
    from_system(SystemTime::now())
}

/// A point in the system's time, as milliseconds since the epoch; the epoch itself for anything earlier.
pub fn from_system(at: SystemTime) -> UnixMillis {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Whose time a function goes by: the system's, or a test's, which moves its clock by hand.
#[derive(Debug, Clone, Default)]
pub struct Clock {
    hand: Option<Arc<Hand>>,
    /// How far the system's clock is behind the time meant (or, negative, ahead of it). *Units*: ms.
    behind_ms: i64,
}

#[derive(Debug)]
struct Hand {
    now_ms: AtomicU64,
    step_ms: u64,
}

impl Clock {
    /// The system's time.
    pub fn system() -> Clock {
        Clock::default()
    }

    /// The system's time, put right by this much: forward, or back.
    pub fn corrected(behind_ms: i64) -> Clock {
        Clock {
            hand: None,
            behind_ms,
        }
    }

    /// A clock that stands at `at` until it is moved.
    pub fn by_hand(at: UnixMillis) -> Clock {
        Clock::stepping(at, 0)
    }

    /// A clock that stands at `at`, and moves by `step_ms` each time it is read: as time does while work is done.
    pub fn stepping(at: UnixMillis, step_ms: u64) -> Clock {
        let now_ms = AtomicU64::new(at.0);
        Clock {
            hand: Some(Arc::new(Hand { now_ms, step_ms })),
            behind_ms: 0,
        }
    }

    /// The time now.
    pub fn now(&self) -> UnixMillis {
        match &self.hand {
            Some(hand) => UnixMillis(hand.now_ms.fetch_add(hand.step_ms, Ordering::SeqCst)),
            None => UnixMillis(now().0.saturating_add_signed(self.behind_ms)),
        }
    }

    /// Lets `ms` pass: by waiting, or at once where it is moved by hand.
    pub async fn pass(&self, ms: u64) {
        match &self.hand {
            Some(hand) => _ = hand.now_ms.fetch_add(ms, Ordering::SeqCst),
            None => tokio::time::sleep(Duration::from_millis(ms)).await,
        }
    }

    /// The output of `work`, or none if it does not end before `deadline`. A hand clock moves only when the work moves it, so the work always
    /// ends in time if it begins in time.
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

/// Measures how long a step takes, for the log.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    /// Starts now.
    pub fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Milliseconds since the start, in thousandths.
    pub fn elapsed_ms(&self) -> f64 {
        self.0.elapsed().as_micros() as f64 / 1000.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clock_by_hand_moves_by_what_is_passed_and_by_its_step() {
        let clock = Clock::by_hand(UnixMillis(1_000));
        clock.clone().pass(500).await;
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
    fn a_corrected_clock_goes_as_the_systems_does_and_stands_elsewhere() {
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
