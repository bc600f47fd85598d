//! Checks where the fair path led, with one last press.

use lock_core::record::{Record, Status};
use lock_core::report::{Door, Latch, Source};

use super::MINUTE_MS;
use crate::invariant::Invariant;
use crate::state::{LAST_PRESS, Memory, Site, State};
use crate::step::{Scenario, Step, lock_of_button};

/// Our registered locks, with their records.
fn registered_locks(state: &State) -> impl Iterator<Item = (&Record, &Site)> {
    let records = state.tables[0].records.iter().zip(&state.sites);
    records.filter_map(|(record, site)| Some((record.as_deref()?, site)))
}

impl Scenario {
    pub(super) fn converged(&self, state: &State, reachable: bool) -> bool {
        registered_locks(state).all(|(record, site)| match record.status {
            // Heard from since the last lost event, and right.
            Status::Settled => {
                let received = record.reported.as_ref().map(|r| r.shadow_version);
                reachable
                    && record.state == site.latch()
                    && (!state.memory.lost_event || received == Some(site.shadow_version))
            }
            Status::Unresponsive => !reachable,
            Status::Pending => false,
        })
    }

    pub(super) fn judge(&self, state: &mut State, reachable: bool) {
        let (mut right, mut convergent) = (true, true);
        for (record, site) in registered_locks(state) {
            let settled = record.status == Status::Settled;
            right &= !settled || record.state == site.latch();
            convergent &= if reachable {
                settled
            } else {
                record.status != Status::Pending
            };
        }
        // Two stacks that command one lock never agree; each has raised an alert (C15).
        convergent |= self.config.stacks > 1;
        state.broken.require(right, Invariant::S4);
        state.broken.require(convergent, Invariant::L1);
        if reachable {
            let left = state.memory.must_be_locked.iter().zip(&state.sites);
            let open = left
                .filter(|(left, site)| **left && site.device.latch != Latch::Locked)
                .count();
            state.broken.require(open == 0, Invariant::S5);
        }
    }

    /// A minute after the last edit or deletion the shadow equals what the lock would report now.
    pub(super) fn judge_shadows(&self, state: &mut State, reachable: bool) {
        if !reachable || !state.memory.edited {
            return;
        }
        let mut right = true;
        for site in &state.sites {
            let now = site.report(&site.moment(state.now, self.rules));
            right &= site.shadow.as_ref().is_some_and(|shadow| {
                let shown = &shadow.report;
                (shown.lock, shown.version, &shown.command_id)
                    == (now.lock, now.version, &now.command_id)
            });
        }
        for (record, site) in registered_locks(state) {
            right &= record.status != Status::Settled || record.state == site.latch();
        }
        state.broken.require(right, Invariant::L3);
    }

    /// If everything was up, each button's last press and every request took effect.
    pub(super) fn judge_wishes(&self, state: &mut State) {
        if !self.config.sure || state.sites.iter().any(|site| !site.connected) {
            return;
        }
        let executed = |wish: usize| state.memory.executed & (1 << wish) != 0;
        let mut done =
            (0..state.requested.len()).all(|n| executed(Memory::index_of_request(n as u8)));
        for button in 0..self.config.buttons {
            let made = &self.config.presses[..state.pressed.len()];
            if let Some(last) = made.iter().rposition(|made| made.button == button) {
                done &= executed(last) || self.config.impatient;
            }
        }
        state.broken.require(done, Invariant::L2);
        let open = state.sites[0].device.latch == Latch::Unlocked;
        let let_in = !self.config.impatient || state.pressed.is_empty() || open;
        state.broken.require(let_in, Invariant::L4);
    }

    /// A lock opened by the exit button locks in time, without a command.
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
                self.move_door(state, lock);
            }
            state.now = state.now.plus(MINUTE_MS);
            if state.sites[usize::from(lock)].is_relock_due(state.now) {
                self.apply(state, Step::Relock(lock));
            }
            let locked = state.sites[usize::from(lock)].device.latch == Latch::Locked;
            state.broken.require(locked, Invariant::S6);
        }
    }

    /// Now that everything is up, an unlock is not lost.
    pub(super) fn press_once_more(&self, state: &mut State) {
        let Some(lock) = lock_of_button(state, 0) else {
            return;
        };
        state.memory.meant_for[usize::from(LAST_PRESS)] = 1 << lock;
        state.now = state.now.plus(MINUTE_MS);
        if state.sites[lock].is_relock_due(state.now) {
            self.apply(state, Step::Relock(lock as u8));
        }
        self.drain(state);
        let before = state.memory.opened[lock].len();
        self.deliver_press(state, LAST_PRESS, 0);
        self.drain(state);
        let opened = state.memory.opened[lock].len() > before;
        state.broken.require(opened, Invariant::L2);
    }
}
