//! What comes of a step of the lock, or of a fault that strikes it. It must not choose one.

use std::sync::Arc;

use lock_core::action::Action;
use lock_core::command::WireCommand;
use lock_core::id::CommandId;
use lock_core::report::{Latch, ReportEvent};

use super::{Step, World, moment, spend};
use crate::begin;
use crate::cloud::press_of;
use crate::config::Fault;
use crate::device::{Fate, Power};
use crate::invariant::Invariant;
use crate::rule::Rule;
use crate::state::{State, What};

impl World {
    pub(super) fn apply_to_device(&self, state: &mut State, step: Step) {
        let taken = |state: &mut State, n: u8| state.network.remove(usize::from(n));
        match step {
            Step::Deliver(n) => {
                let command = taken(state, n);
                self.hear(state, &command, Power::Holds);
            }
            Step::Repeat(n) => {
                spend(state, Fault::RepeatCommand);
                let command = Arc::clone(&state.network[usize::from(n)]);
                self.hear(state, &command, Power::Holds);
            }
            Step::Lose(n) => {
                spend(state, Fault::LoseCommand);
                taken(state, n);
            }
            Step::Cut(n) => {
                spend(state, Fault::Cut);
                let command = taken(state, n);
                self.hear(state, &command, Power::FailsBetween);
                self.reboot(state);
            }
            Step::Report => self.report(state),
            Step::LoseReport => {
                spend(state, Fault::LoseReport);
                state.report_due = !self.rules.without(Rule::D4ReportOnce);
            }
            Step::Relock => {
                let now = moment(state);
                let moved = state.device.tick(&now);
                state.report_due |= moved && !self.rules.without(Rule::D5SilentRelock);
            }
            Step::Reboot => {
                spend(state, Fault::Reboot);
                self.reboot(state);
            }
            Step::Erase => {
                spend(state, Fault::Erase);
                state.device.erase();
                self.reboot(state);
            }
            Step::Disconnect => {
                spend(state, Fault::Disconnect);
                state.connected = false;
            }
            Step::Connect => (state.connected, state.report_due) = (true, true),
            Step::SetClock(skew) => (state.clock, state.report_due) = (Some(skew), true),
            Step::LoseClock => {
                spend(state, Fault::LoseClock);
                state.clock = None;
            }
            _ => unreachable!("{step:?} is not the device's"),
        }
    }

    fn hear(&self, state: &mut State, command: &WireCommand, power: Power) {
        let now = moment(state);
        let version = command.version.0;
        let before = state.device.latch;
        let fate = state.device.command(command, &now, power, self.rules);
        let unlocks = command.action == Action::Unlock;
        let opened = unlocks
            && (fate == Fate::Executed
                || before == Latch::Locked && state.device.latch == Latch::Unlocked);
        if opened {
            let life = command.expires_at.map_or(0, |at| at.0 * 1000);
            let in_time = state.now.0 <= self.life_of(state, &command.command_id, life);
            let newest = version >= state.memory.acted;
            state.broken.unless(in_time && newest, Invariant::S1);
            let first = !state.memory.opened.contains(&version);
            state.broken.unless(first, Invariant::S2);
            state.memory.opened.push(version);
        }
        if matches!(fate, Fate::Executed | Fate::Expired) {
            state.memory.acted = state.memory.acted.max(version);
            if let Some(press) = self.press_behind(state, &command.command_id) {
                state.memory.executed |= 1 << press;
            }
        }
        state.report_due = true;
    }

    /// When the wish behind a command is over: counted from the press itself, whatever the command says.
    fn life_of(&self, state: &State, id: &CommandId, otherwise_ms: u64) -> u64 {
        let press = self.press_behind(state, id);
        press.map_or(otherwise_ms, |press| state.memory.lives[press])
    }

    /// The press behind a command.
    fn press_behind(&self, state: &State, id: &CommandId) -> Option<usize> {
        (0..state.pressed.len()).find(|press| {
            let made = press_of(&self.config, *press as u8, 0, state.now);
            made.command_id() == *id
        })
    }

    /// The device reports, and the shadow takes it.
    fn report(&self, state: &mut State) {
        state.shadow_version += 1;
        let event = Arc::new(ReportEvent {
            lock: begin::lock(),
            shadow_version: state.shadow_version,
            shadow_at: state.now.seconds(),
            report: state.device.report(&moment(state)),
        });
        state.shadow = Some(Arc::clone(&event));
        (state.report_due, state.reported_at) = (false, state.now);
        self.enqueue(state, What::Report(event));
    }

    fn reboot(&self, state: &mut State) {
        (state.booted_at, state.clock) = (state.now, None);
        let now = moment(state);
        state.device.boot(&now, None, self.rules);
        let declared = state.device.latch == self.config.settings.power_on;
        state.broken.unless(declared, Invariant::S6);
        (state.connected, state.report_due) = (true, !self.rules.without(Rule::D4SilentBoot));
    }
}
