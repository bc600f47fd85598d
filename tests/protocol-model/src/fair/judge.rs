//! Where the fair way led. It must not change anything but to close the door behind whoever left, and to press
//! once more.

use lock_core::record::{Record, Status};
use lock_core::report::{Door, Latch, Source};

use super::MINUTE_MS;
use crate::invariant::Invariant;
use crate::state::{LAST_PRESS, Memory, Site, State};
use crate::step::{Step, World, commanded_by};

/// The locks that are ours, with our records of them.
fn ours(state: &State) -> impl Iterator<Item = (&Record, &Site)> {
    let records = state.tables[0].records.iter().zip(&state.sites);
    records.filter_map(|(record, site)| Some((record.as_deref()?, site)))
}

impl World {
    pub(super) fn converged(&self, state: &State, reachable: bool) -> bool {
        ours(state).all(|(record, site)| match record.status {
            // Heard since the last event that was lost, and right.
            Status::Settled => {
                let heard = record.reported.as_ref().map(|r| r.shadow_version);
                reachable
                    && record.state == site.latch()
                    && (!state.memory.lost_event || heard == Some(site.shadow_version))
            }
            Status::Unresponsive => !reachable,
            Status::Pending => false,
        })
    }

    pub(super) fn judge(&self, state: &mut State, reachable: bool) {
        let (mut right, mut convergent) = (true, true);
        for (record, site) in ours(state) {
            let settled = record.status == Status::Settled;
            right &= !settled || record.state == site.latch();
            convergent &= match reachable {
                true => settled,
                false => record.status != Status::Pending,
            };
        }
        // Two writers that command one lock never agree; each of them has alerted a person (C15).
        convergent |= self.config.stacks > 1;
        state.broken.unless(right, Invariant::S4);
        state.broken.unless(convergent, Invariant::L1);
        if reachable {
            let left = state.memory.left.iter().zip(&state.sites);
            let open = left
                .filter(|(left, site)| **left && site.device.latch != Latch::Locked)
                .count();
            state.broken.unless(open == 0, Invariant::S5);
        }
    }

    /// A minute after the last edit or deletion: what the shadow says is what the lock would say now.
    pub(super) fn judge_shadows(&self, state: &mut State, reachable: bool) {
        if !reachable || !state.memory.edited {
            return;
        }
        let mut right = true;
        for site in &state.sites {
            let now = site.report(&site.moment(state.now, self.rules));
            right &= site.shadow.as_ref().is_some_and(|shadow| {
                let said = &shadow.report;
                (said.lock, said.version, &said.command_id)
                    == (now.lock, now.version, &now.command_id)
            });
        }
        for (record, site) in ours(state) {
            right &= record.status != Status::Settled || record.state == site.latch();
        }
        state.broken.unless(right, Invariant::L3);
    }

    /// Where everything was up, every wish has done what it should: of each button's presses, the last.
    pub(super) fn judge_wishes(&self, state: &mut State) {
        if !self.config.sure || state.sites.iter().any(|site| !site.connected) {
            return;
        }
        let executed = |wish: usize| state.memory.executed & (1 << wish) != 0;
        let mut done = (0..state.requested.len()).all(|n| executed(Memory::of_request(n as u8)));
        for button in 0..self.config.buttons {
            let made = &self.config.presses[..state.pressed.len()];
            if let Some(last) = made.iter().rposition(|made| made.button == button) {
                done &= executed(last) || self.config.impatient;
            }
        }
        state.broken.unless(done, Invariant::L2);
        let open = state.sites[0].device.latch == Latch::Unlocked;
        let let_in = !self.config.impatient || state.pressed.is_empty() || open;
        state.broken.unless(let_in, Invariant::L4);
    }

    /// Whoever asked for the way out has closed the door: in time it is locked, with nobody's command.
    pub(super) fn judge_exits(&self, state: &mut State) {
        let is_out = |site: &Site| {
            let by_hand = site.report(&site.moment(state.now, self.rules)).source == Source::Manual;
            by_hand && site.device.latch == Latch::Unlocked
        };
        let out: Vec<u8> = (0..self.config.locks)
            .filter(|lock| is_out(&state.sites[usize::from(*lock)]))
            .collect();
        for lock in out {
            if state.sites[usize::from(lock)].door == Some(Door::Open) {
                self.swing(state, lock);
            }
            state.now = state.now.plus(MINUTE_MS);
            if state.sites[usize::from(lock)].relock_due(state.now) {
                self.apply(state, Step::Relock(lock));
            }
            let locked = state.sites[usize::from(lock)].device.latch == Latch::Locked;
            state.broken.unless(locked, Invariant::S6);
        }
    }

    /// Now that everything is up, an unlock is not lost.
    pub(super) fn press_once_more(&self, state: &mut State) {
        let Some(lock) = commanded_by(state, 0) else {
            return;
        };
        state.memory.meant_for[usize::from(LAST_PRESS)] = 1 << lock;
        state.now = state.now.plus(MINUTE_MS);
        if state.sites[lock].relock_due(state.now) {
            self.apply(state, Step::Relock(lock as u8));
        }
        self.drain(state);
        let before = state.memory.opened[lock].len();
        self.deliver_press(state, LAST_PRESS, 0);
        self.drain(state);
        let opened = state.memory.opened[lock].len() > before;
        state.broken.unless(opened, Invariant::L2);
    }
}
