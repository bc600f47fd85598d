//! The effect of reports, of the shadow's answers, and of other clients of the shadow.

use std::sync::Arc;

use lock_core::command::Version;
use lock_core::id::CommandId;
use lock_core::limits::VERSION_MAX;
use lock_core::report::{Latch, Report, ReportEvent, ReportId};
use lock_core::time::UnixMillis;

use super::{Scenario, Step};
use crate::beginning;
use crate::configuration::Fault;
use crate::device::clock::Sample;
use crate::rule::Rule;
use crate::state::{ShadowAnswer, ShadowUpdate, State, Task};

/// How far a faked time is behind, in ms.
const FAKE_TIME_BEHIND_MS: u64 = 40_000;

impl Scenario {
    pub(super) fn apply_to_shadow(&self, state: &mut State, step: Step) {
        match step {
            Step::Report(lock) => {
                let update = self.send_report(state, lock);
                let answer = self.accept_report(state, lock, &update);
                self.deliver_answer(state, lock, answer);
            }
            Step::LoseReport(lock) => {
                state.spend(Fault::LoseReport);
                self.send_report(state, lock);
                if !self.rules.without(Rule::D4ReportOnce) {
                    state.sites[usize::from(lock)].exchange.retry();
                }
            }
            Step::HoldReport(lock) => {
                state.spend(Fault::Hold);
                let update = self.send_report(state, lock);
                state.sites[usize::from(lock)].update = Some(update);
            }
            Step::HoldAnswer(lock) => {
                state.spend(Fault::Hold);
                let held = state.sites[usize::from(lock)].update.take();
                let update = held.unwrap_or_else(|| self.send_report(state, lock));
                let answer = self.accept_report(state, lock, &update);
                state.sites[usize::from(lock)].answer = Some(answer);
            }
            Step::Release(lock) => {
                if let Some(update) = state.sites[usize::from(lock)].update.take() {
                    let answer = self.accept_report(state, lock, &update);
                    self.deliver_answer(state, lock, answer);
                } else if let Some(answer) = state.sites[usize::from(lock)].answer.take() {
                    self.deliver_answer(state, lock, answer);
                }
            }
            Step::Lie(lock) => {
                state.spend(Fault::Lie);
                let mut update = self.send_report(state, lock);
                update.report.version = Version(VERSION_MAX - 1);
                update.report.command_id = Some(CommandId::from_text("lie"));
                let answer = self.accept_report(state, lock, &update);
                self.deliver_answer(state, lock, answer);
            }
            Step::FakeTime(lock) => {
                state.spend(Fault::Hold);
                let now = state.now;
                let site = &mut state.sites[usize::from(lock)];
                let uptime_ms = site.uptime_ms(now);
                let sample = Sample {
                    second: now.minus(FAKE_TIME_BEHIND_MS).seconds().0,
                    sent_ms: uptime_ms,
                    received_ms: uptime_ms,
                };
                site.exchange.due |= site.clock.take(sample, self.rules);
            }
            Step::Edit(lock) => self.edit_shadow(state, lock),
            Step::DeleteShadow(lock) => {
                state.spend(Fault::DeleteShadow);
                self.delete_shadow(state, lock);
            }
            Step::ForgetShadow(lock) => {
                state.spend(Fault::ForgetShadow);
                self.delete_shadow(state, lock);
                // Versions restart after 48 h, when no event of the old shadow remains.
                state.now = state.now.plus(49 * 3_600_000);
                state.sites[usize::from(lock)].shadow_version = 0;
            }
            _ => unreachable!("{step:?} is not a step of the shadow"),
        }
    }

    /// The device sends a report.
    fn send_report(&self, state: &mut State, lock: u8) -> ShadowUpdate {
        let now = state.now;
        let site = &mut state.sites[usize::from(lock)];
        let moment = site.moment(now, self.rules);
        let id = ReportId {
            boot_count: site.device.boots(),
            counter: site.exchange.send(),
            checksum: None,
        };
        site.reported_at = now;
        ShadowUpdate {
            id,
            sent_ms: moment.uptime_ms,
            report: site.report(&moment).with_id(id),
        }
    }

    /// The shadow accepts a report; returns its answer.
    fn accept_report(&self, state: &mut State, lock: u8, update: &ShadowUpdate) -> ShadowAnswer {
        let report = update.report.clone();
        self.change_shadow(state, lock, Some(update.id), report);
        ShadowAnswer {
            id: update.id,
            sent_ms: update.sent_ms,
            second: state.now.seconds().0,
        }
    }

    /// Stores the report as the shadow's next version.
    fn change_shadow(&self, state: &mut State, lock: u8, token: Option<ReportId>, report: Report) {
        let shadow_at = state.now.seconds();
        let site = &mut state.sites[usize::from(lock)];
        site.shadow_version += 1;
        let event = Arc::new(ReportEvent {
            lock: beginning::lock_name(lock),
            shadow_version: site.shadow_version,
            shadow_at,
            token,
            report,
        });
        site.shadow = Some(Arc::clone(&event));
        self.enqueue(state, &Task::Report(event));
    }

    /// The device receives the shadow's answer to its own report, with the time.
    fn deliver_answer(&self, state: &mut State, lock: u8, answer: ShadowAnswer) {
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

    /// A person saves `reported` with only the latch changed.
    fn edit_shadow(&self, state: &mut State, lock: u8) {
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
        self.note_foreign_write(state, lock, Rule::D4EditUnanswered);
    }

    fn delete_shadow(&self, state: &mut State, lock: u8) {
        let site = &mut state.sites[usize::from(lock)];
        site.shadow = None;
        // The deletion takes a version.
        site.shadow_version += 1;
        self.note_foreign_write(state, lock, Rule::D4DeletionUnanswered);
    }

    /// A connected device learns that another client changed its shadow.
    fn note_foreign_write(&self, state: &mut State, lock: u8, require: Rule) {
        state.memory.edited = true;
        let now: UnixMillis = state.now;
        let site = &mut state.sites[usize::from(lock)];
        if site.connected && !self.rules.without(require) {
            site.exchange.note_foreign_write(site.uptime_ms(now));
        }
    }
}
