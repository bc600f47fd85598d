//! Laws that hold over any run: random presses, requests, reports and retries, each decided on the
//! current or an earlier table.

mod report;
mod step;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use self::step::{MUST_OCCUR, Read, Step, Table, steps};
use super::sample::{self, Occurred};
use super::*;
use crate::binding::Binding;
use crate::limits::Limits;
use crate::press::Press;
use crate::record::Status;
use crate::report::ReportEvent;
use crate::request::Request;
use crate::write::{BindingChange, BindingUpdate, RecordWrite};

/// The lock of these runs.
const LOCK: &str = "lock-1";

struct Run<'a> {
    occurred: &'a Occurred,
    table: Table,
    now: UnixMillis,
    sequence: u64,
    pressed: u64,
    presses: Vec<Press>,
    /// The reports since the last deletion of the shadow, in their order.
    reports: Vec<ReportEvent>,
    /// Number of reports written; each carries its number as its boot count.
    written: u64,
    /// Command id by version.
    versions: BTreeMap<u64, CommandId>,
    /// When each version was sent.
    sends: BTreeMap<u64, Vec<u64>>,
    /// The ids of presses with a sequence, and of requests, that made a command.
    acted: BTreeSet<CommandId>,
}

impl Run<'_> {
    /// The revision of the binding if an operator changes it now.
    fn new_revision(&self) -> u64 {
        let change = BindingChange::Disable(self.now);
        BindingUpdate::new(&self.table.binding, change).new_revision()
    }

    fn decide(&mut self, step: &Step, seen: &Table) -> Option<Decision> {
        let limits = Limits::default();
        let record = seen.record.as_ref();
        let is_bound = |record: &&Record| seen.binding.lock.as_ref() == Some(&record.lock);
        let of_binding = record.filter(is_bound);
        Some(match step {
            Step::Press {
                click,
                has_sequence,
                age_ms,
            } => {
                self.pressed += 1;
                self.sequence += u64::from(*has_sequence);
                let press = Press {
                    button: seen.binding.button.clone(),
                    click: *click,
                    sequence: has_sequence.then_some(self.sequence),
                    pressed_at: None,
                    good_for_ms: None,
                    received_at: self.now.minus(*age_ms),
                    press_id: format!("p{}", self.pressed),
                    principal: None,
                    battery_mv: Some(1_180 + 10 * (self.pressed % 5)),
                };
                self.presses.push(press.clone());
                decide_with_alerts(|limits| {
                    decide_press(of_binding, Some(&seen.binding), &press, self.now, limits)
                })
            }
            Step::Redeliver { back, age_ms } => {
                let mut press = self.presses.iter().rev().nth(*back)?.clone();
                if press.sequence.is_some() {
                    // The broker delivers again under a new id; the sequence stays.
                    self.pressed += 1;
                    press.press_id = format!("p{}", self.pressed);
                    press.received_at = self.now.minus(*age_ms);
                }
                decide_press(of_binding, Some(&seen.binding), &press, self.now, &limits)
            }
            Step::Request { intent, id, age_ms } => {
                let request = Request {
                    lock: LockName::new(LOCK).unwrap(),
                    intent: *intent,
                    request_id: format!("r{id}"),
                    requested_at: Some(self.now.minus(*age_ms)),
                    actor: Some("alice".to_owned()),
                    received_at: self.now.minus(*age_ms),
                    principal: None,
                };
                let known = seen.requests.contains(&request.request_id);
                return decide_request(record, known, &request, self.now, &limits);
            }
            Step::Report {
                behind,
                latch,
                known,
                deleted,
                door,
            } => {
                if *deleted {
                    self.reports.clear();
                }
                let event = self.write_report(record, *behind, *latch, *known, *door);
                self.reports.push(event.clone());
                decide_with_alerts(|limits| self.hear(&event, seen, limits))
            }
            Step::RepeatReport { back } => {
                let event = self.reports.iter().rev().nth(*back)?.clone();
                decide_with_alerts(|limits| self.hear(&event, seen, limits))
            }
            Step::Enable(enabled) => {
                self.table.binding.enabled = *enabled;
                self.table.binding.revision = self.new_revision();
                return None;
            }
            Step::DisableByHand => {
                self.table.binding.enabled = false;
                return None;
            }
            Step::Bind { elsewhere } => {
                let lock = LockName::new(if *elsewhere { "lock-2" } else { LOCK });
                let revision = self.new_revision();
                self.table.binding = Binding {
                    lock: lock.ok(),
                    enabled: true,
                    revision,
                    bound_at: Some(self.now),
                    ..self.table.binding.clone()
                };
                return None;
            }
        })
    }

    fn step(&mut self, passed_ms: u64, read: Read, past: &[Table], step: &Step) {
        self.now = self.now.plus(passed_ms);
        let before = self.table.clone();
        let seen = match read {
            Read::Now => before.clone(),
            Read::OldBinding => Table {
                binding: past[past.len().saturating_sub(3)].binding.clone(),
                ..before.clone()
            },
            Read::Old => past[past.len() - 1].clone(),
        };
        let Some(decision) = self.decide(step, &seen) else {
            return;
        };
        let kind = decision.writes.event.kind;
        if let Err(whose) = self.table.commit(&decision.writes) {
            self.occurred.note(format!("{kind} refused by the {whose}"));
            assert_ne!(
                read,
                Read::Now,
                "a decision on the table as it is always commits: {decision:?}"
            );
            return;
        }
        let verdict = decision.verdict.as_str();
        self.occurred
            .note(format!("{kind} {verdict}: {}", decision.reason));
        for alert in &decision.alerts {
            self.occurred.note(format!("alert {}", alert.as_str()));
        }
        self.check_table(&before, &decision);
        let Some(publish) = &decision.publish else {
            return;
        };
        self.occurred
            .note(format!("{kind} sends {}", publish.command.action));
        let version = publish.command.version.0;
        let record = self
            .table
            .record
            .as_ref()
            .expect("what is published is committed");
        assert_eq!(record.version.0, version);
        self.sends.entry(version).or_default().push(self.now.0);
        let caused_by = self.table.record.as_ref().and_then(Record::resend_asks_for);
        if publish.command.action == Action::Unlock && caused_by.is_some() {
            assert!(
                before.binding.enabled,
                "a revoked button commands nothing (S5)"
            );
        }
        let status = before.record.as_ref().map(|record| record.status);
        if decision.verdict == Verdict::Resend {
            assert_ne!(
                status,
                Some(Status::Settled),
                "what is executed is not sent again"
            );
        }
        if decision.writes.event.button.is_some() {
            assert_eq!(
                before.binding.lock.as_ref(),
                Some(&publish.lock),
                "a button commands the lock it is bound to (C3)"
            );
        }
        if decision.verdict == Verdict::Command {
            self.check_command(&before, &decision, publish, version);
        }
        if publish.command.action == Action::Unlock {
            let expires_at = publish.expires_at.expect("an unlock has an end");
            assert!(
                self.now < expires_at,
                "an unlock is sent only within its life"
            );
            assert!(expires_at <= self.now.plus(Limits::default().command_ttl_ms));
        } else {
            assert_eq!(publish.expires_at, None, "a lock never expires");
        }
    }

    /// What a commit may never do to the table.
    fn check_table(&self, before: &Table, decision: &Decision) {
        let used = |table: &Table| {
            let reported = table.record.as_ref()?.reported.as_ref()?;
            Some(reported.report.boot_count)
        };
        let uses_a_report = match &decision.writes.record {
            Some(RecordWrite::Update(update)) => update.reported.is_some(),
            Some(RecordWrite::Create(_) | RecordWrite::Delete(_)) | None => false,
        };
        if uses_a_report {
            assert!(
                used(before) < used(&self.table),
                "a report is used twice, or after a later one (C9)"
            );
        }
        let count = |table: &Table| {
            table
                .binding
                .last_press
                .as_ref()
                .and_then(|last| last.sequence)
        };
        assert!(
            count(before) <= count(&self.table),
            "a binding forgets the largest sequence (C3)"
        );
    }

    fn check_command(
        &mut self,
        before: &Table,
        decision: &Decision,
        publish: &Publish,
        version: u64,
    ) {
        let largest = self.versions.keys().next_back().copied().unwrap_or(0);
        assert!(version > largest, "versions only grow (S3)");
        self.versions
            .insert(version, publish.command.command_id.clone());
        let event = &decision.writes.event;
        let toggled = event.intent == Some(Intent::Toggle);
        let same_wish = decision.reason == Reason::SAME_WISH;
        if toggled && !same_wish && publish.command.action == Action::Unlock {
            assert!(
                before.record.as_ref().unwrap().is_known_locked(),
                "a toggle unlocks only what is known to be locked (C6)"
            );
        }
        if let (Some(_), Some(last)) = (&event.button, &before.binding.last_press) {
            match (event.sequence, last.sequence) {
                (Some(sequence), Some(last)) => {
                    assert!(sequence > last, "a sequence used twice (C3)")
                }
                (Some(_), None) => {}
                (None, _) if event.intent == Some(Intent::Lock) => {
                    assert!(event.at > last.at, "an earlier press (C3)")
                }
                (None, _) => assert!(
                    event.at >= last.at.plus(Limits::default().quiet_window_ms),
                    "quiet (C2)"
                ),
            }
        }
        // Each press with a sequence acts once, however often its button is bound, and each request
        // once (S2).
        if event.sequence.is_some() || event.actor.is_some() {
            let new = self.acted.insert(publish.command.command_id.clone());
            assert!(new, "one press, two effects: {decision:?}");
        }
    }
}

/// Decides with the alerts of door and battery, which change nothing that is commanded.
fn decide_with_alerts(decide: impl Fn(&Limits) -> Decision) -> Decision {
    let decision = decide(&Limits::default());
    let silent = decide(&Limits {
        left_open_ms: 0,
        forced_alert: false,
        battery_low_mv: 0,
        ..Limits::default()
    });
    assert_eq!(
        silent.publish, decision.publish,
        "an alert commands nothing"
    );
    assert_eq!(
        (silent.verdict, &silent.reason),
        (decision.verdict, &decision.reason)
    );
    decision
}

#[test]
fn any_run_keeps_the_invariants() {
    sample::holds(steps(), MUST_OCCUR, |steps, occurred| {
        let mut run = Run {
            occurred,
            table: Table::new(),
            now: UnixMillis(1_000_000),
            sequence: 0,
            pressed: 0,
            presses: Vec::new(),
            reports: Vec::new(),
            written: 0,
            versions: BTreeMap::new(),
            sends: BTreeMap::new(),
            acted: BTreeSet::new(),
        };
        let mut past = vec![run.table.clone()];
        for (passed_ms, read, step) in &steps {
            let current = run.table.clone();
            run.step(*passed_ms, *read, &past, step);
            past.push(current);
        }
        for (version, sends) in &run.sends {
            // The first re-send may be immediate; each later one waits twice as long (C8, S7).
            for (n, pair) in sends.windows(2).enumerate().skip(1) {
                let wait = crate::limits::send_backoff_ms(n as u32 + 1);
                prop_assert!(
                    pair[1] - pair[0] >= wait,
                    "sends of v{version} at {sends:?}"
                );
            }
        }
        Ok(())
    });
}
