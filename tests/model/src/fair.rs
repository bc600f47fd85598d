//! The end of a run: no more faults, a fair network, a sweeper every minute. Where that leads must not break anything
//! either. It must not explore: it takes one fair way.

use lock_core::record::Status;
use lock_core::report::Latch;
use lock_core::time::UnixMillis;

use crate::invariant::Invariant;
use crate::state::{Job, State, What};
use crate::step::{Step, World, relock_due};

/// How long the fair way is followed. *Units*: ms.
const PATIENCE_MS: u64 = 3 * 60 * 60_000;
/// How often a device reports that has nothing to say (D4). *Units*: ms.
const REPORT_MS: u64 = lock_core::limits::REPORT_INTERVAL_MS;
/// How often the sweeper runs. *Units*: ms.
const SWEEP_MS: u64 = 60_000;
/// The press made at the very end.
const LAST_PRESS: u8 = 3;

impl World {
    /// Follows the fair way to its end and judges where it led; what was on its way is lost if the device cannot be
    /// reached.
    pub fn finish(&self, state: &mut State, reachable: bool) {
        state.over = true;
        state.faults = [0; crate::config::FAULTS];
        if reachable {
            state.report_due |= !state.connected;
            state.connected = true;
            if state.clock.is_none() {
                self.apply(state, Step::SetClock(0));
            }
        } else {
            state.connected = false;
            state.network.clear();
        }
        self.drain(state);
        self.judge_presses(state);
        let end = state.now.plus(PATIENCE_MS);
        while state.now < end && state.broken.is_empty() && !self.converged(state, reachable) {
            self.pass(state, reachable);
            self.drain(state);
        }
        self.judge(state, reachable);
        if reachable && state.broken.is_empty() {
            self.press_once_more(state);
        }
    }

    /// Time passes to the next thing that happens by itself.
    fn pass(&self, state: &mut State, reachable: bool) {
        let minute = |at: UnixMillis| UnixMillis(at.0.div_ceil(SWEEP_MS) * SWEEP_MS);
        let due = state
            .record
            .as_ref()
            .map_or(state.now, |record| record.due.due_at);
        let sweep = minute(due.max(state.now.plus(1)));
        let report = state.reported_at.plus(REPORT_MS).max(state.now.plus(1));
        state.now = if reachable { sweep.min(report) } else { sweep };
        if reachable && report <= state.now {
            state.report_due = true;
        }
        // The sweeper asks again while its answer leaves the record due.
        for _ in 0..4 {
            if self.sweeps(state) {
                self.apply(state, Step::Sweep);
                self.drain(state);
            }
        }
    }

    /// Everything that is on its way arrives, in order.
    fn drain(&self, state: &mut State) {
        for _ in 0..200 {
            let step = if !state.running.is_empty() {
                match state.running[0].stage {
                    crate::state::Stage::Decided { .. } => Step::Commit(0),
                    _ => Step::Publish(0),
                }
            } else if !state.queue.is_empty() {
                Step::Begin(0)
            } else if !state.network.is_empty() && state.connected {
                Step::Deliver(0)
            } else if relock_due(state) {
                Step::Relock
            } else if state.report_due && state.connected {
                Step::Report
            } else {
                return;
            };
            self.apply(state, step);
        }
        // Something goes round and round.
        state.broken.unless(false, Invariant::S7);
    }

    fn converged(&self, state: &State, reachable: bool) -> bool {
        let Some(record) = &state.record else {
            return false;
        };
        match record.status {
            // Heard since the last event that was lost, and right.
            Status::Settled => {
                let heard = record.reported.as_ref().map(|r| r.shadow_version);
                reachable
                    && record.state == state.device.latch
                    && (!state.memory.lost_event || heard == Some(state.shadow_version))
            }
            Status::Unresponsive => !reachable,
            Status::Pending => false,
        }
    }

    fn judge(&self, state: &mut State, reachable: bool) {
        let Some(record) = &state.record else { return };
        let settled = record.status == Status::Settled;
        let equal = record.state == state.device.latch;
        state.broken.unless(!settled || equal, Invariant::S4);
        let converged = match reachable {
            true => settled,
            false => record.status != Status::Pending,
        };
        state.broken.unless(converged, Invariant::L1);
        if reachable && !state.binding.enabled {
            let locked = state.device.latch == Latch::Locked;
            state.broken.unless(locked, Invariant::S5);
        }
    }

    /// Where everything was up, every press has done what it should.
    fn judge_presses(&self, state: &mut State) {
        if !self.config.sure || !state.connected {
            return;
        }
        let made = (1_u16 << state.pressed.len()) - 1;
        let done = u16::from(state.memory.executed) & made == made;
        state.broken.unless(done, Invariant::L2);
    }

    /// Now that everything is up, an unlock is not lost.
    fn press_once_more(&self, state: &mut State) {
        if !state.binding.enabled {
            return;
        }
        state.now = state.now.plus(SWEEP_MS);
        if relock_due(state) {
            self.apply(state, Step::Relock);
        }
        self.drain(state);
        let what = What::Press {
            press: LAST_PRESS,
            delivery: 0,
            received_at: state.now,
        };
        let before = state.memory.opened.len();
        state.queue.push(Job { what, tries: 0 });
        self.drain(state);
        let opened = state.memory.opened.len() > before;
        state.broken.unless(opened, Invariant::L2);
    }
}
