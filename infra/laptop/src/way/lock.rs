//! How the answer of a lock moves the ways: from the latch to the settled record.
//!
//! A latch says that it moved, and not by which command. The report that comes with it does, so a
//! movement waits for it.
//!
//! Must not know: the clock, or how a way is shown.

use super::sign::{Line, ReportMessage};
use super::trace::{Answer, Trace};
use super::{EndKind, KEPT_MAX, Movement, Place, REPORT_WITHIN_MS, Ways, keep};

impl Ways {
    /// Notes that the latch of a lock has moved.
    pub fn note_latch(&mut self, at: u64, lock: &str, latch: &str) {
        let is_reported = |trace: &&mut Trace| {
            let shadow = trace.step(Place::Shadow);
            let is_near = shadow.is_some_and(|step| at.abs_diff(step.at) <= REPORT_WITHIN_MS);
            is_near && trace.answer == Some(Answer::Executed) && trace.may_move(latch, at)
        };
        if let Some(trace) = self.of_lock(lock).filter(is_reported).last() {
            return trace.pass(Place::Latch, at, latch.to_owned());
        }
        let (lock, latch) = (lock.to_owned(), latch.to_owned());
        keep(&mut self.movements, Movement { lock, latch, at }, KEPT_MAX);
    }

    /// The shadow of a lock took a report.
    pub(super) fn on_report(&mut self, at: u64, lock: &str, report: &ReportMessage) {
        let is_shown = |it: &Movement| it.lock == lock && it.latch == report.latch;
        let moved_at = self.movements.iter().find(|it| is_shown(it));
        let moved_at = moved_at.map(|movement| movement.at);
        // The lock has moved on from what was before.
        let is_past = |it: &Movement| it.lock == lock && Some(it.at) <= moved_at;
        self.movements.retain(|movement| !is_past(movement));
        for trace in self.of_lock(lock).filter(|trace| trace.sent.is_some()) {
            let named = report.answers.iter().find(|it| trace.is_cause_of(&it.0));
            match named.map(|(_, answer)| answer) {
                // A report at its usual time says the same again.
                Some(answer) if trace.is_open() || trace.answer.is_none() => {
                    if let Some(moved_at) = moved_at
                        && *answer == Answer::Executed
                        && trace.may_move(&report.latch, moved_at)
                    {
                        trace.pass(Place::Latch, moved_at, report.latch.clone());
                    }
                    let (version, latch) = (report.shadow_version, &report.latch);
                    let detail = format!("version {version}: {latch}, {}", words_of(answer));
                    trace.report(at, version, detail, answer.clone());
                }
                Some(_) => {}
                None => overtake(trace, lock, report.version),
            }
        }
    }

    /// The record of a lock was written with the report in this version of its shadow.
    pub(super) fn settle(&mut self, at: u64, lock: &str, version: u64) {
        for trace in self.of_lock(lock).filter(|it| it.has_report(version)) {
            if trace.is_open() {
                trace.settle(at, "");
            }
        }
    }

    /// The report function or the sweep has decided about a lock.
    pub(super) fn on_verdict(&mut self, at: u64, lock: &str, function: &str, line: &Line) {
        let version = line.version.unwrap_or_default();
        let is_waiting = |trace: &&mut Trace| trace.is_open() && trace.sent.is_some();
        for trace in self.of_lock(lock).filter(is_waiting) {
            let own = trace.sent.as_ref().map_or(0, |sent| sent.version);
            match line.decision.as_str() {
                "settled" if own == version && function == "sweep" => {
                    trace.settle(at, ", by the sweep");
                }
                // The sweep has locked the door, and the press is over.
                "command" if own < version => {
                    let place = trace.last_place();
                    let command = trace.command_text().unwrap_or_default();
                    let why = format!("no answer to {command}; {function}: {}", line.text);
                    trace.end(EndKind::Lost, place, why);
                }
                "unresponsive" if own == version => {
                    let place = trace.last_place();
                    trace.end(EndKind::Lost, place, line.text.clone());
                }
                "resend" if own == version => trace.touch(at),
                _ => {}
            }
        }
    }

    /// Shows the movements that no report came for, where only one command can be the cause.
    pub(super) fn show_old_movements(&mut self, now: u64) {
        let is_old = |movement: &Movement| now.saturating_sub(movement.at) > REPORT_WITHIN_MS;
        while let Some(movement) = self.movements.pop_front_if(|movement| is_old(movement)) {
            let Movement { lock, latch, at } = movement;
            let may_move = |trace: &&mut Trace| trace.is_open() && trace.may_move(&latch, at);
            let mut traces = self.of_lock(&lock).filter(may_move);
            if let (Some(trace), None) = (traces.next(), traces.next()) {
                trace.pass(Place::Latch, at, latch.clone());
            }
        }
    }
}

/// The lock has answered a later command than this way's.
fn overtake(trace: &mut Trace, lock: &str, version: u64) {
    let own = trace.sent.as_ref().map_or(u64::MAX, |sent| sent.version);
    if version > own && trace.answer.is_none() {
        let place = trace.last_place();
        let why = format!("{lock} has answered a later command, v{version}, and not this one");
        trace.end(EndKind::Lost, place, why);
    }
}

fn words_of(answer: &Answer) -> String {
    match answer {
        Answer::Executed => "executed".to_owned(),
        Answer::Expired => "expired".to_owned(),
        Answer::Refused(reason) => format!("refused: {reason}"),
    }
}
