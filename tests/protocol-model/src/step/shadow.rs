//! What comes of a report, of the shadow's answer, and of whoever else touches the shadow. It must not choose a step.

use std::sync::Arc;

use lock_core::command::Version;
use lock_core::id::CommandId;
use lock_core::limits::VERSION_MAX;
use lock_core::report::{Latch, Report, ReportEvent, ReportId};
use lock_core::time::UnixMillis;

use super::{Step, World};
use crate::begin;
use crate::configuration::Fault;
use crate::device::clock::Sample;
use crate::rule::Rule;
use crate::state::{Answer, State, Update, What};

/// How wrong the time is that anyone may tell a device. *Units*: ms.
const TOLD_BEHIND_MS: u64 = 40_000;

impl World {
    pub(super) fn apply_to_shadow(&self, state: &mut State, step: Step) {
        match step {
            Step::Report(lock) => {
                let update = self.send(state, lock);
                let answer = self.take(state, lock, &update);
                self.answer(state, lock, answer);
            }
            Step::LoseReport(lock) => {
                state.spend(Fault::LoseReport);
                self.send(state, lock);
                if !self.rules.without(Rule::D4ReportOnce) {
                    state.sites[usize::from(lock)].exchange.retry();
                }
            }
            Step::HoldReport(lock) => {
                state.spend(Fault::Hold);
                let update = self.send(state, lock);
                state.sites[usize::from(lock)].update = Some(update);
            }
            Step::HoldAnswer(lock) => {
                state.spend(Fault::Hold);
                let held = state.sites[usize::from(lock)].update.take();
                let update = held.unwrap_or_else(|| self.send(state, lock));
                let answer = self.take(state, lock, &update);
                state.sites[usize::from(lock)].answer = Some(answer);
            }
            Step::LetGo(lock) => {
                if let Some(update) = state.sites[usize::from(lock)].update.take() {
                    let answer = self.take(state, lock, &update);
                    self.answer(state, lock, answer);
                } else if let Some(answer) = state.sites[usize::from(lock)].answer.take() {
                    self.answer(state, lock, answer);
                }
            }
            Step::Lie(lock) => {
                state.spend(Fault::Lie);
                let mut update = self.send(state, lock);
                update.report.version = Version(VERSION_MAX - 1);
                update.report.command_id = Some(CommandId::from_text("lie"));
                let answer = self.take(state, lock, &update);
                self.answer(state, lock, answer);
            }
            Step::TellTime(lock) => {
                state.spend(Fault::Hold);
                let now = state.now;
                let site = &mut state.sites[usize::from(lock)];
                let uptime_ms = site.uptime_ms(now);
                let told = Sample {
                    second: now.minus(TOLD_BEHIND_MS).seconds().0,
                    sent_ms: uptime_ms,
                    received_ms: uptime_ms,
                };
                site.exchange.due |= site.clock.take(told, self.rules);
            }
            Step::Edit(lock) => self.edit(state, lock),
            Step::DeleteShadow(lock) => {
                state.spend(Fault::DeleteShadow);
                self.delete(state, lock);
            }
            Step::ForgetShadow(lock) => {
                state.spend(Fault::ForgetShadow);
                self.delete(state, lock);
                // Its versions begin again only after 48 h; by then no event of the old one is delivered any more.
                state.now = state.now.plus(49 * 3_600_000);
                state.sites[usize::from(lock)].shadow_version = 0;
            }
            _ => unreachable!("{step:?} is nobody's"),
        }
    }

    /// The device sends a report.
    fn send(&self, state: &mut State, lock: u8) -> Update {
        let now = state.now;
        let site = &mut state.sites[usize::from(lock)];
        let moment = site.moment(now, self.rules);
        let id = ReportId {
            boot_count: site.device.boots(),
            counter: site.exchange.send(),
            checksum: None,
        };
        site.reported_at = now;
        Update {
            id,
            sent_ms: moment.uptime_ms,
            report: site.report(&moment).named(id),
        }
    }

    /// The shadow takes a report; what it answers.
    fn take(&self, state: &mut State, lock: u8, update: &Update) -> Answer {
        let report = update.report.clone();
        self.change_shadow(state, lock, Some(update.id), report);
        Answer {
            id: update.id,
            sent_ms: update.sent_ms,
            second: state.now.seconds().0,
        }
    }

    /// The shadow's next version holds this report.
    fn change_shadow(&self, state: &mut State, lock: u8, token: Option<ReportId>, report: Report) {
        let shadow_at = state.now.seconds();
        let site = &mut state.sites[usize::from(lock)];
        site.shadow_version += 1;
        let event = Arc::new(ReportEvent {
            lock: begin::lock(lock),
            shadow_version: site.shadow_version,
            shadow_at,
            token,
            report,
        });
        site.shadow = Some(Arc::clone(&event));
        self.enqueue(state, &What::Report(event));
    }

    /// The device hears the shadow's answer to its own report, and the time in it.
    fn answer(&self, state: &mut State, lock: u8, answer: Answer) {
        let site = &mut state.sites[usize::from(lock)];
        let received_ms = site.uptime_ms(state.now);
        let own = answer.id.boot_count == site.device.boots();
        if !own || !site.exchange.accepted(answer.id.counter) {
            return;
        }
        let sample = Sample {
            second: answer.second,
            sent_ms: answer.sent_ms,
            received_ms,
        };
        site.exchange.due |= site.clock.take(sample, self.rules);
    }

    /// A person saves the whole of `reported` again, with the latch changed.
    fn edit(&self, state: &mut State, lock: u8) {
        state.spend(Fault::Edit);
        let site = &state.sites[usize::from(lock)];
        let Some(shadow) = &site.shadow else { return };
        let report = Report {
            lock: match shadow.report.lock {
                Latch::Locked => Latch::Unlocked,
                _ => Latch::Locked,
            },
            ..shadow.report.clone()
        };
        self.change_shadow(state, lock, None, report);
        self.foreign(state, lock, Rule::D4EditUnanswered);
    }

    fn delete(&self, state: &mut State, lock: u8) {
        let site = &mut state.sites[usize::from(lock)];
        site.shadow = None;
        // The deletion takes a version.
        site.shadow_version += 1;
        self.foreign(state, lock, Rule::D4DeletionUnanswered);
    }

    /// The device, if it is connected, hears that another touched its shadow.
    fn foreign(&self, state: &mut State, lock: u8, unless: Rule) {
        state.memory.edited = true;
        let now: UnixMillis = state.now;
        let site = &mut state.sites[usize::from(lock)];
        if site.connected && !self.rules.without(unless) {
            site.exchange.foreign(site.uptime_ms(now));
        }
    }
}
