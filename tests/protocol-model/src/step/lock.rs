//! The effect of a lock's step, or of a fault that strikes it.

use std::sync::Arc;

use lock_core::action::Action;
use lock_core::command::{Version, WireCommand};
use lock_core::id::CommandId;
use lock_core::report::{Door, Latch};
use lock_core::time::UnixSeconds;

use super::{Scenario, Step};
use crate::configuration::Fault;
use crate::device::exchange::Exchange;
use crate::device::{CommandResult, Power};
use crate::invariant::Invariant;
use crate::rule::Rule;
use crate::state::State;

/// How far ahead of the time a forged version is, in ms.
const FORGED_AHEAD_MS: u64 = 2 * 24 * 60 * 60 * 1000;
/// How far the clock of another program that commands the lock is ahead, in ms.
const RIVAL_AHEAD_MS: u64 = 30_000;

impl Scenario {
    pub(super) fn apply_to_lock(&self, state: &mut State, step: Step) {
        match step {
            Step::Deliver(lock, n) => {
                let command = take_command(state, lock, n);
                self.receive_command(state, lock, &command, Power::Holds);
            }
            Step::Repeat(lock, n) => {
                state.spend(Fault::RepeatCommand);
                let command = &state.sites[usize::from(lock)].network[usize::from(n)];
                let command = Arc::clone(command);
                self.receive_command(state, lock, &command, Power::Holds);
            }
            Step::Lose(lock, n) => {
                state.spend(Fault::LoseCommand);
                take_command(state, lock, n);
            }
            Step::Cut(lock, n) => {
                state.spend(Fault::Cut);
                let command = take_command(state, lock, n);
                self.receive_command(state, lock, &command, Power::FailsBetween);
                self.reboot(state, lock);
            }
            Step::Damage(lock, n) => {
                state.spend(Fault::Damage);
                let network = &mut state.sites[usize::from(lock)].network;
                Arc::make_mut(&mut network[usize::from(n)]).expires_at = None;
            }
            Step::Forge(lock) | Step::Overtake(lock) | Step::Rival(lock) => {
                self.command_by_another(state, step, lock);
            }
            Step::Relock(lock) => {
                let now = state.now;
                let site = &mut state.sites[usize::from(lock)];
                let moved = site.device.tick(&site.moment(now, self.rules));
                site.exchange.due |= moved && !self.rules.without(Rule::D5SilentRelock);
            }
            Step::Exit(lock) => {
                state.spend(Fault::Exit);
                let now = state.now;
                let site = &mut state.sites[usize::from(lock)];
                let moment = site.moment(now, self.rules);
                site.exchange.due |= site.device.exit(&moment, self.rules);
            }
            Step::Swing(lock) => {
                state.spend(Fault::Swing);
                self.move_door(state, lock);
            }
            Step::Jam(lock) => {
                state.spend(Fault::Jam);
                let site = &mut state.sites[usize::from(lock)];
                (site.jammed, site.exchange.due) = (true, true);
            }
            Step::Free(lock) => {
                let site = &mut state.sites[usize::from(lock)];
                (site.jammed, site.exchange.due) = (false, true);
            }
            Step::Reboot(lock) => {
                state.spend(Fault::Reboot);
                self.reboot(state, lock);
            }
            Step::Erase(lock) => {
                state.spend(Fault::Erase);
                state.sites[usize::from(lock)].device.erase();
                self.reboot(state, lock);
            }
            Step::Disconnect(lock) => {
                state.spend(Fault::Disconnect);
                let site = &mut state.sites[usize::from(lock)];
                site.connected = false;
                (site.update, site.answer) = (None, None);
            }
            Step::Connect(lock) => self.connect(state, lock),
            _ => self.apply_to_shadow(state, step),
        }
    }

    /// Another program commands the lock.
    fn command_by_another(&self, state: &mut State, step: Step, lock: u8) {
        if step == Step::Forge(lock) {
            state.spend(Fault::Forge);
            let command = command_of_another(state, "forged", FORGED_AHEAD_MS);
            let network = &mut state.sites[usize::from(lock)].network;
            network.push(Arc::new(command));
            return;
        }
        let (fault, power) = match step {
            Step::Rival(_) => (Fault::Rival, Power::Broken),
            _ => (Fault::Overtake, Power::Holds),
        };
        state.spend(fault);
        let command = command_of_another(state, "rival", RIVAL_AHEAD_MS);
        self.receive_command(state, lock, &command, power);
    }

    /// Connects with a clean session: the broker keeps nothing from before (D6).
    pub(crate) fn connect(&self, state: &mut State, lock: u8) {
        let site = &mut state.sites[usize::from(lock)];
        (site.connected, site.exchange.due) = (true, true);
        site.network.extend(site.kept.iter().cloned());
        if !self.rules.without(Rule::D6Retained) {
            site.kept.clear();
        }
    }

    /// Opens or closes the door; the device reports it.
    pub(crate) fn move_door(&self, state: &mut State, lock: u8) {
        let now = state.now;
        let site = &mut state.sites[usize::from(lock)];
        site.door = site.door.map(|door| match door {
            Door::Open => Door::Closed,
            Door::Closed => Door::Open,
        });
        let moment = site.moment(now, self.rules);
        site.device.door(site.door, &moment);
        site.exchange.due = true;
    }

    fn receive_command(&self, state: &mut State, lock: u8, command: &WireCommand, power: Power) {
        let now = state.now;
        let site = &mut state.sites[usize::from(lock)];
        let before = site.device.latch;
        let moment = site.moment(now, self.rules);
        let Some(read) = self.parse_command(command) else {
            site.device.malformed();
            site.exchange.due = true;
            return;
        };
        let result = site.device.command(&read, &moment, power, self.rules);
        site.exchange.due = true;
        let after = site.device.latch;
        let unlocks = command.action == Action::Unlock;
        let moved = before == Latch::Locked && after == Latch::Unlocked;
        if unlocks && (result == CommandResult::Executed || moved) {
            self.watch_opening(state, usize::from(lock), command);
        }
        if matches!(result, CommandResult::Executed | CommandResult::Expired) {
            let acted = &mut state.memory.newest_acted[usize::from(lock)];
            *acted = (*acted).max(command.version.0);
            if let Some(wish) = self.cloud().wish_behind(state, &command.command_id) {
                state.memory.executed |= 1 << wish;
            }
        }
    }

    /// The command as the device parses it: an unlock without an expiry is malformed (D6).
    fn parse_command(&self, command: &WireCommand) -> Option<WireCommand> {
        let damaged = command.action == Action::Unlock && command.expires_at.is_none();
        if damaged && !self.rules.without(Rule::D6LaxParse) {
            return None;
        }
        let never = damaged.then_some(UnixSeconds(u64::MAX));
        Some(WireCommand {
            expires_at: command.expires_at.or(never),
            ..command.clone()
        })
    }

    /// Observes an unlock that opened the door.
    fn watch_opening(&self, state: &mut State, lock: usize, command: &WireCommand) {
        let version = command.version.0;
        let wish = self.cloud().wish_behind(state, &command.command_id);
        let memory = &mut state.memory;
        let sent_expiry_ms = command.expires_at.map_or(0, |at| at.0.saturating_mul(1000));
        // Counted from the wish itself, whatever the command says.
        let life_ms = wish.map_or(sent_expiry_ms, |wish| memory.lives[wish]);
        let in_time = state.now.0 <= life_ms;
        let newest = version >= memory.newest_acted[lock];
        let first = !memory.opened[lock].contains(&version);
        let recalled = memory.recalled[lock].contains(&version);
        state.broken.require(in_time && newest, Invariant::S1);
        state.broken.require(first, Invariant::S2);
        state.broken.require(!recalled, Invariant::S5);
        memory.opened[lock].push(version);
    }

    fn reboot(&self, state: &mut State, lock: u8) {
        let (now, rules) = (state.now, self.rules);
        let site = &mut state.sites[usize::from(lock)];
        (site.update, site.answer) = (None, None);
        site.boot(now, rules);
        site.exchange = Exchange::boot(false);
        let declared = site.device.latch == self.config.settings.power_on;
        state.broken.require(declared, Invariant::S6);
        self.connect(state, lock);
        let due = !rules.without(Rule::D4SilentBoot);
        state.sites[usize::from(lock)].exchange.due = due;
    }
}

fn take_command(state: &mut State, lock: u8, n: u8) -> Arc<WireCommand> {
    state.sites[usize::from(lock)]
        .network
        .remove(usize::from(n))
}

/// A lock command of another program, whose versions are `ahead_ms` ahead of the time.
fn command_of_another(state: &State, id: &str, ahead_ms: u64) -> WireCommand {
    WireCommand {
        v: 1,
        action: Action::Lock,
        version: Version(state.now.plus(ahead_ms).0),
        command_id: CommandId::from_text(id),
        issued_at: state.now.seconds(),
        expires_at: None,
    }
}
