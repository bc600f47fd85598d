//! Shadow requests that one connection has in flight, of which AWS takes ten.
//!
//! The services here answer within microseconds, so that a connection seldom has two requests open. What arrives in one
//! read of the socket therefore counts as sent without waiting for an answer, even where some are answered meanwhile:
//! the same bytes get the same answers on every machine. Must not know what a shadow is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Requests that may be in flight on one connection. *Source*: AWS IoT developer guide, device shadow error messages.
pub const REQUESTS_MAX: usize = 10;

/// One connection's count.
#[derive(Debug, Default)]
pub struct InFlight {
    open: Arc<AtomicUsize>,
    /// Open when the last read of the socket began, and taken since.
    seen: usize,
}

impl InFlight {
    /// Sees what has been answered so far, before what a read of the socket brought is looked at.
    pub fn begin_read(&mut self) {
        self.seen = self.open.load(Ordering::Acquire);
    }

    /// A place for one more request; a refused one, where all are taken.
    pub fn take(&mut self) -> Arc<Slot> {
        let is_refused = self.seen >= REQUESTS_MAX;
        if !is_refused {
            self.seen += 1;
            self.open.fetch_add(1, Ordering::AcqRel);
        }
        Arc::new(Slot {
            open: self.open.clone(),
            is_refused,
            is_released: AtomicBool::new(is_refused),
        })
    }
}

/// A request's place, free again when it is answered or forgotten.
#[derive(Debug)]
pub struct Slot {
    open: Arc<AtomicUsize>,
    is_refused: bool,
    is_released: AtomicBool,
}

impl Slot {
    /// Whether the request is one too many.
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// The request is answered.
    pub fn release(&self) {
        if !self.is_released.swap(true, Ordering::AcqRel) {
            self.open.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.release();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // AWS same(shadow): ten requests may be in flight on one connection, the eleventh is refused with 429, the others are answered
    #[test]
    fn the_eleventh_request_in_flight_is_refused() {
        let mut requests = InFlight::default();
        requests.begin_read();
        let slots: Vec<_> = (0..12).map(|_| requests.take()).collect();
        let refused: Vec<bool> = slots.iter().map(|slot| slot.is_refused()).collect();
        assert_eq!(
            refused.iter().filter(|refused| !**refused).count(),
            REQUESTS_MAX
        );
        assert!(refused[10] && refused[11]);

        // Answers count from the next read on, each once, however often it is told.
        slots[0].release();
        slots[0].release();
        slots[11].release();
        assert!(requests.take().is_refused());
        requests.begin_read();
        let (eleventh, twelfth) = (requests.take(), requests.take());
        assert!(!eleventh.is_refused() && twelfth.is_refused());

        // A request that nobody answers, such as one that a fault lost, does not hold its place.
        drop(slots);
        drop(eleventh);
        requests.begin_read();
        assert_eq!(requests.seen, 0);
    }
}
