//! Limits the shadow requests in flight on one connection to ten, as AWS does.
//!
//! The services here answer within microseconds, so a connection seldom has two requests open. All
//! requests in one read of the socket therefore count as sent without waiting for an answer, even
//! if some are already answered: the same bytes get the same answers on every machine. Must not
//! know: what a shadow is.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Requests that may be in flight on one connection.
/// Source: AWS IoT developer guide, device shadow error messages.
pub const REQUESTS_MAX: usize = 10;

/// One connection's count.
#[derive(Debug, Default)]
pub struct InFlight {
    open: Arc<AtomicUsize>,
    /// Slots open when the last read of the socket began, and those taken since.
    seen: usize,
}

impl InFlight {
    /// Counts the answers so far. Call it before handling the bytes of a read.
    pub fn begin_read(&mut self) {
        self.seen = self.open.load(Ordering::Acquire);
    }

    /// A slot for one more request; it is refused if all slots are taken.
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

/// A request's slot, free again when the request is answered or dropped.
#[derive(Debug)]
pub struct Slot {
    open: Arc<AtomicUsize>,
    is_refused: bool,
    is_released: AtomicBool,
}

impl Slot {
    pub fn is_refused(&self) -> bool {
        self.is_refused
    }

    /// Frees the slot: the request is answered.
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

    // AWS same(shadow): ten requests may be in flight on one connection, the eleventh is refused
    //     with 429, the others are answered
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

        // Answers count from the next read, each once, however often a slot is released.
        slots[0].release();
        slots[0].release();
        slots[11].release();
        assert!(requests.take().is_refused());
        requests.begin_read();
        let (eleventh, twelfth) = (requests.take(), requests.take());
        assert!(!eleventh.is_refused() && twelfth.is_refused());

        // A request that is never answered, such as one that a fault dropped, frees its slot.
        drop(slots);
        drop(eleventh);
        requests.begin_read();
        assert_eq!(requests.seen, 0);
    }
}
