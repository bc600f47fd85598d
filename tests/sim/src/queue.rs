//! Events in the order of their time, and of their entry at the same time.

use std::collections::BTreeMap;

use crate::event::Event;

/// What will happen.
#[derive(Debug, Default)]
pub struct Queue {
    events: BTreeMap<(u64, u64), Event>,
    entered: u64,
    /// Messages in transit and work under way for each lock.
    busy: BTreeMap<usize, u64>,
    /// Messages in transit that may concern any lock.
    busy_anywhere: u64,
}

impl Queue {
    /// Enters `event`, to happen at `at`.
    pub fn push(&mut self, at: u64, event: Event) {
        self.count(&event, 1);
        self.entered += 1;
        self.events.insert((at, self.entered), event);
    }

    /// The next event and its time.
    pub fn pop(&mut self) -> Option<(u64, Event)> {
        let ((at, _), event) = self.events.pop_first()?;
        self.count(&event, -1);
        Some((at, event))
    }

    /// When the next event happens.
    pub fn next_at(&self) -> Option<u64> {
        self.events.keys().next().map(|(at, _)| *at)
    }

    /// Whether nothing is in transit or under way that concerns this lock.
    pub fn is_quiet(&self, lock: usize) -> bool {
        self.busy_anywhere == 0 && self.busy.get(&lock).is_none_or(|count| *count == 0)
    }

    /// What will happen, in order.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.values()
    }

    fn count(&mut self, event: &Event, change: i64) {
        let Some(concerns) = event.concerns() else {
            return;
        };
        let count = match concerns {
            Some(lock) => self.busy.entry(lock).or_default(),
            None => &mut self.busy_anywhere,
        };
        *count = count.saturating_add_signed(change);
    }
}
