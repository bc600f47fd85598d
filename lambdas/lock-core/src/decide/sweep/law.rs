//! Laws of the sweep, an operator and a lock together, over any run: commands and report events are
//! lost, the lock loses its journal, a sweep reads an old record, the table is restored. At the end
//! the network is fair.

mod device;
mod door;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use self::device::Device;
use self::step::{MUST_OCCUR, Step, steps};
use super::*;
use crate::binding::Actions;
use crate::command::{Version, WireCommand};
use crate::decide::sample::{self, Occurred};
use crate::decide::tests::lock as name;
use crate::decide::{Publish, decide_recover, decide_request, decide_revoke};
use crate::id::CommandId;
use crate::limits::{JAM_LOCKS_MAX, send_backoff_ms};
use crate::name::ButtonSerial;
use crate::report::{Door, Latch, Outcome};
use crate::request::Request;
use crate::time::UnixSeconds;
use crate::write::Writes;

struct Run<'a> {
    occurred: &'a Occurred,
    now: UnixMillis,
    record: Record,
    /// Record and shadow before each step.
    past: Vec<(Record, ReportEvent)>,
    binding: Binding,
    device: Device,
    asked: u64,
    /// When each version was sent; versions restart with a restored table.
    sends: BTreeMap<u64, Vec<u64>>,
    jam_locks: u32,
    /// The openings of the door that were alerted, by their beginning.
    alerted: BTreeSet<UnixMillis>,
}

impl Run<'_> {
    fn new(occurred: &Occurred) -> Run<'_> {
        let now = UnixMillis(10_000_000);
        let record = Record::created(name(), now);
        Run {
            occurred,
            now,
            past: Vec::new(),
            record,
            binding: Binding {
                button: ButtonSerial::new("button-1").unwrap(),
                lock: Some(name()),
                actions: Actions::default(),
                enabled: true,
                revision: 1,
                bound_at: None,
                last_press: None,
                battery_mv: None,
            },
            device: Device {
                version: Version::NONE,
                id: None,
                floor: Version::NONE,
                refused: None,
                latch: Latch::Locked,
                jammed: false,
                door: Door::Closed,
                result: Outcome::None,
                shadow_version: 1,
                shadow_at: now.seconds(),
            },
            asked: 0,
            sends: BTreeMap::new(),
            jam_locks: 0,
            alerted: BTreeSet::new(),
        }
    }

    /// Commits and sends; returns whether the writes held.
    fn perform(&mut self, decision: &Decision, lost: bool) -> bool {
        let kind = decision.writes.event.kind;
        if !self.commit(&decision.writes) {
            self.occurred.note(format!("{kind} refused"));
            return false;
        }
        let verdict = decision.verdict.as_str();
        let reason = &decision.reason;
        self.occurred.note(format!("{kind} {verdict}: {reason}"));
        self.check_door(decision);
        if decision.verdict == Verdict::Command && decision.publish.is_none() {
            // An operator's command ends a series of answers to a jam.
            self.jam_locks = 0;
        }
        if let Some(publish) = &decision.publish {
            self.check_send(decision, publish);
            if !lost {
                self.arrive(&publish.command);
            }
        }
        true
    }

    fn commit(&mut self, writes: &Writes) -> bool {
        let binding = match &writes.binding {
            None => self.binding.clone(),
            Some(write) => match write.apply(Some(&self.binding)) {
                Some(binding) => binding,
                None => return false,
            },
        };
        if let Some(write) = &writes.record {
            let Some(after) = write.apply(Some(&self.record)).record() else {
                return false;
            };
            assert!(
                after.version >= self.record.version,
                "versions only grow (S3)"
            );
            if after.state != Latch::Jammed {
                self.jam_locks = 0;
            }
            self.record = after;
        }
        self.binding = binding;
        true
    }

    fn check_send(&mut self, decision: &Decision, publish: &Publish) {
        let version = publish.command.version.0;
        assert_eq!(
            self.record.version.0, version,
            "only what is committed is sent (C13)"
        );
        match publish.expires_at {
            Some(end) => assert!(self.now < end, "an unlock is sent only within its life"),
            None => assert_eq!(publish.command.action, Action::Lock),
        }
        self.sends.entry(version).or_default().push(self.now.0);
        if decision.verdict == Verdict::Command {
            let jam = decision.reason == Reason::JAMMED;
            self.jam_locks = if jam { self.jam_locks + 1 } else { 0 };
            assert!(
                self.jam_locks <= JAM_LOCKS_MAX,
                "a jam is answered three times (C14)"
            );
        }
    }

    /// One sweep of the current table.
    fn sweep(&mut self, lost: bool) {
        let limits = Limits::default();
        for decided in 0.. {
            let (record, binding) = (self.record.clone(), self.binding.clone());
            let shadow = self.shadow();
            let decision = decide_sweep(&record, Some(&shadow), Some(&binding), self.now, &limits);
            let Some(decision) = decision else {
                assert!(
                    self.record.due.due_at > self.now,
                    "what is due is decided about"
                );
                return;
            };
            assert!(
                decided < 4 || !lost,
                "the fourth answer moves the due time: {decision:?}"
            );
            assert!(decided < 8, "a sweep ends: {decision:?}");
            assert_eq!(decision.alerts, decision.writes.event.alerts);
            if decision.alerts.contains(&Alert::Unresponsive) {
                assert_ne!(record.status, Status::Unresponsive, "alerted once");
            }
            assert!(
                self.perform(&decision, lost),
                "there is no other writer: {decision:?}"
            );
        }
    }

    fn step(&mut self, step: &Step) {
        let (record, binding) = (self.record.clone(), self.binding.clone());
        let limits = Limits::default();
        match step {
            Step::Request { intent, lost } => {
                self.asked += 1;
                let request = Request {
                    lock: name(),
                    intent: *intent,
                    request_id: format!("r{}", self.asked),
                    requested_at: Some(self.now),
                    actor: None,
                    received_at: self.now,
                    principal: None,
                };
                let decision = decide_request(Some(&record), false, &request, self.now, &limits)
                    .expect("a registered lock");
                self.perform(&decision, *lost);
            }
            Step::Move { latch, lost } => {
                self.device.latch = *latch;
                self.device.jammed = *latch == Latch::Jammed;
                self.report(*lost);
            }
            Step::Swing { lost } => {
                self.device.door = match self.device.door {
                    Door::Open => Door::Closed,
                    Door::Closed => Door::Open,
                };
                self.report(*lost);
            }
            Step::Erase => {
                (self.device.version, self.device.id) = (Version::NONE, None);
                (self.device.result, self.device.latch) = (Outcome::None, Latch::Locked);
                (self.device.floor, self.device.refused) = (Version::NONE, None);
                self.report(false);
            }
            Step::Rival { ahead_ms } => self.obey_rival(*ahead_ms),
            Step::Sweep { lost } => self.sweep(*lost),
            Step::SweepOld => {
                let Some((old, shadow)) = self.past.last().cloned() else {
                    return;
                };
                let decision = decide_sweep(&old, Some(&shadow), Some(&binding), self.now, &limits);
                let reported_at = record.reported.as_ref().map(|reported| reported.at);
                if let Some(decision) = decision
                    && self.perform(&decision, false)
                    && decision.reason == Reason::SILENT
                {
                    let overdue =
                        reported_at.is_none_or(|at| at.plus(REPORT_OVERDUE_MS) <= self.now);
                    assert!(overdue, "a lock that has just reported is not silent (C10)");
                }
            }
            Step::Revoke => {
                let decision = decide_revoke(&binding, Some(&record), None, self.now, &limits);
                let was_open = record.state == Latch::Unlocked && binding.enabled;
                self.perform(&decision, false);
                assert!(!self.binding.enabled);
                let command = self.record.command.as_ref();
                let locks = command.is_some_and(|c| c.action == Action::Lock && c.attempts == 0);
                assert!(
                    !was_open || (locks && self.record.due.due_at <= self.now),
                    "no open door is left: the next sweep locks it (C11)"
                );
            }
            Step::Recover => {
                let decision =
                    decide_recover(&record, Some(&self.shadow()), None, self.now, &limits);
                self.perform(&decision, false);
            }
            Step::Restore { back } => {
                let Some((old, _)) = self.past.iter().rev().nth(*back) else {
                    return;
                };
                self.record = old.clone();
                // As with a deleted shadow: else no version would come a second time.
                let decision = decide_recover(&self.record.clone(), None, None, self.now, &limits);
                self.perform(&decision, false);
                self.sends.clear();
                self.alerted.clear();
            }
        }
    }
}

#[test]
fn no_record_is_forgotten_and_record_and_latch_agree_in_the_end() {
    sample::holds(steps(), MUST_OCCUR, |steps, occurred| {
        let mut run = Run::new(occurred);
        for (passed_ms, step) in &steps {
            run.now = run.now.plus(*passed_ms);
            let before = (run.record.clone(), run.shadow());
            run.step(step);
            run.past.push(before);
            let late_ms = run.record.due.due_at.since(run.now);
            prop_assert!(
                late_ms <= REPORT_OVERDUE_MS,
                "every record is due within 35 min: {:?}",
                run.record.due
            );
        }
        for (version, sends) in &run.sends {
            // The first re-send may be immediate.
            for (n, pair) in sends.windows(2).enumerate().skip(1) {
                let wait = send_backoff_ms(n as u32 + 1);
                prop_assert!(
                    pair[1] - pair[0] >= wait,
                    "sends of v{version} at {sends:?}"
                );
            }
        }
        // After this nothing is lost, and a sweep runs each minute.
        for minute in 0..120 {
            run.now = run.now.plus(60_000);
            if minute % 15 == 0 {
                run.report(false);
            }
            run.sweep(false);
        }
        let record = &run.record;
        prop_assert_eq!(
            record.status,
            Status::Settled,
            "a lock that answers is settled (L1): {:?}",
            record
        );
        prop_assert_eq!(
            record.state,
            run.device.latch,
            "what is settled is true (S4)"
        );
        prop_assert_eq!(
            record.left_open_at(&Limits::default()),
            None,
            "alerted by now"
        );
        Ok(())
    });
}
