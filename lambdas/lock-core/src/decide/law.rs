//! Laws that hold over any run: random presses, requests, reports and retries,
//! each decided on the table as it is, or as it was.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::action::ClickType;
use crate::binding::{Actions, Binding};
use crate::name::ButtonSerial;
use crate::press::Press;
use crate::report::{Clock, Latch, Outcome, Report, ReportEvent, Source};
use crate::request::Request;

#[derive(Debug, Clone)]
enum Step {
    Press {
        click: ClickType,
        counted: bool,
        age_ms: u64,
    },
    Redeliver {
        back: usize,
        age_ms: u64,
    },
    Ask {
        intent: Intent,
        id: u8,
        age_ms: u64,
    },
    Report {
        behind: u64,
        latch: bool,
        known: bool,
    },
    Enable(bool),
    Bind,
}

/// What a decision is made on.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Read {
    /// The table as it is.
    Now,
    /// The binding as it was three steps ago, as from a cache.
    OldBinding,
    /// All as it was one step ago, as when another writer is first.
    Old,
}

fn steps() -> impl Strategy<Value = Vec<(u64, Read, Step)>> {
    let click = prop_oneof![
        Just(ClickType::Single),
        Just(ClickType::Double),
        Just(ClickType::Long)
    ];
    let intent = prop_oneof![
        Just(Intent::Lock),
        Just(Intent::Unlock),
        Just(Intent::Toggle)
    ];
    let age = prop_oneof![Just(0), 0..40_000_u64];
    let step = prop_oneof![
        4 => (click, any::<bool>(), age.clone()).prop_map(|(click, counted, age_ms)| Step::Press { click, counted, age_ms }),
        2 => (0..3_usize, age.clone()).prop_map(|(back, age_ms)| Step::Redeliver { back, age_ms }),
        2 => (intent, 0..4_u8, age).prop_map(|(intent, id, age_ms)| Step::Ask { intent, id, age_ms }),
        4 => (0..3_u64, any::<bool>(), any::<bool>()).prop_map(|(behind, latch, known)| Step::Report { behind, latch, known }),
        1 => any::<bool>().prop_map(Step::Enable),
        1 => Just(Step::Bind),
    ];
    let read = prop_oneof![2 => Just(Read::Now), 1 => Just(Read::OldBinding), 1 => Just(Read::Old)];
    let passed_ms = prop_oneof![Just(0), 0..20_000_u64];
    proptest::collection::vec((passed_ms, read, step), 1..60)
}

/// The table as the core's own conditions make it.
#[derive(Clone)]
struct Table {
    record: Option<Record>,
    binding: Binding,
    requests: BTreeSet<String>,
}

impl Table {
    fn new() -> Table {
        let name = |text: &str| LockName::new(text).unwrap();
        Table {
            record: None,
            binding: Binding {
                button: ButtonSerial::new("button-1").unwrap(),
                lock: name("lock-1"),
                actions: Actions::default(),
                enabled: true,
                revision: 1,
                last_press: None,
                battery_mv: None,
            },
            requests: BTreeSet::new(),
        }
    }

    fn commit(&mut self, writes: &Writes) -> bool {
        let binding = match &writes.binding {
            Some(update) if !update.admits(&self.binding) => return false,
            Some(update) => update.apply(&self.binding),
            None => self.binding.clone(),
        };
        if writes
            .request
            .as_ref()
            .is_some_and(|mark| self.requests.contains(&mark.request_id))
        {
            return false;
        }
        let record = match &writes.record {
            Some(write) => match write.apply(self.record.as_ref()) {
                Some(record) => Some(record),
                None => return false,
            },
            None => self.record.clone(),
        };
        self.requests
            .extend(writes.request.as_ref().map(|mark| mark.request_id.clone()));
        (self.binding, self.record) = (binding, record);
        true
    }
}

struct Run {
    table: Table,
    now: UnixMillis,
    counted: u64,
    pressed: u64,
    presses: Vec<Press>,
    shadow: u64,
    /// Command id by version.
    versions: BTreeMap<u64, CommandId>,
    /// When each version was sent.
    sends: BTreeMap<u64, Vec<u64>>,
    /// How often the button was bound anew: each time its earlier presses are
    /// forgotten.
    bound: u64,
    /// Counted presses of each binding, and requests, by identity, that made a
    /// command.
    acted: BTreeSet<(Option<u64>, CommandId)>,
}

impl Run {
    fn decide(&mut self, step: &Step, seen: &Table) -> Option<Decision> {
        let limits = Limits::default();
        let record = seen.record.as_ref();
        Some(match step {
            Step::Press {
                click,
                counted,
                age_ms,
            } => {
                self.pressed += 1;
                self.counted += u64::from(*counted);
                let press = Press {
                    button: seen.binding.button.clone(),
                    click: *click,
                    sequence: counted.then_some(self.counted),
                    pressed_at: None,
                    received_at: self.now.minus(*age_ms),
                    press_id: format!("p{}", self.pressed),
                    principal: None,
                    battery_mv: None,
                };
                self.presses.push(press.clone());
                decide_press(record, Some(&seen.binding), &press, self.now, &limits)
            }
            Step::Redeliver { back, age_ms } => {
                let mut press = self.presses.iter().rev().nth(*back)?.clone();
                if press.sequence.is_some() {
                    // The broker delivers again under a new id; the count stays.
                    self.pressed += 1;
                    press.press_id = format!("p{}", self.pressed);
                    press.received_at = self.now.minus(*age_ms);
                }
                decide_press(record, Some(&seen.binding), &press, self.now, &limits)
            }
            Step::Ask { intent, id, age_ms } => {
                let request = Request {
                    lock: seen.binding.lock.clone(),
                    intent: *intent,
                    request_id: format!("r{id}"),
                    actor: Some("alice".to_owned()),
                    received_at: self.now.minus(*age_ms),
                    principal: None,
                };
                let known = self.table.requests.contains(&request.request_id);
                decide_request(record, known, &request, self.now, &limits)
            }
            Step::Report {
                behind,
                latch,
                known,
            } => {
                self.shadow += 1;
                let version = record.map_or(0, |record| record.version.0.saturating_sub(*behind));
                let id = record
                    .and_then(|record| record.command.as_ref())
                    .map(|command| command.id.clone());
                let report = Report {
                    lock: if *latch {
                        Latch::Locked
                    } else {
                        Latch::Unlocked
                    },
                    version: Version(version),
                    command_id: id.filter(|_| *known),
                    result: Outcome::Executed,
                    source: Source::Remote,
                    refused: None,
                    boot_count: 1,
                    clock: Clock::Synced,
                    firmware: None,
                    rssi: None,
                    door: None,
                };
                let event = ReportEvent {
                    lock: seen.binding.lock.clone(),
                    shadow_version: self.shadow,
                    shadow_at: self.now.seconds(),
                    report,
                };
                match decide_report(
                    record,
                    &event,
                    Origin::Event,
                    Some(&seen.binding),
                    self.now,
                    &limits,
                ) {
                    ReportDecision::Act(decision) => *decision,
                    ReportDecision::ReadShadow => return None,
                }
            }
            Step::Enable(enabled) => {
                self.table.binding.enabled = *enabled;
                self.table.binding.revision += 1;
                return None;
            }
            Step::Bind => {
                self.bound += 1;
                let revision = self.table.binding.revision + 1;
                self.table.binding = Binding {
                    enabled: true,
                    revision,
                    last_press: None,
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
        if !self.table.commit(&decision.writes) {
            assert_ne!(
                read,
                Read::Now,
                "a decision on the table as it is always commits: {decision:?}"
            );
            return;
        }
        let Some(publish) = &decision.publish else {
            return;
        };
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
        if event.intent == Some(Intent::Toggle) && publish.command.action == Action::Unlock {
            assert!(
                before.record.as_ref().unwrap().known_locked(),
                "a toggle unlocks only what is known to be locked (C6)"
            );
        }
        if let (Some(_), Some(last)) = (&event.button, &before.binding.last_press) {
            match (event.sequence, last.sequence) {
                (Some(sequence), Some(last)) => {
                    assert!(sequence > last, "a count taken twice (C3)")
                }
                (Some(_), None) => {}
                (None, _) => assert!(
                    event.at >= last.at.plus(Limits::default().quiet_window_ms),
                    "quiet (C2)"
                ),
            }
        }
        // Each counted press acts once while its binding lasts, each request once (S2).
        if event.sequence.is_some() || event.actor.is_some() {
            let bound = event.sequence.map(|_| self.bound);
            let new = self
                .acted
                .insert((bound, publish.command.command_id.clone()));
            assert!(new, "one press, two effects: {decision:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_run_keeps_the_invariants(steps in steps()) {
        let mut run = Run {
            table: Table::new(),
            now: UnixMillis(1_000_000),
            counted: 0,
            pressed: 0,
            presses: Vec::new(),
            shadow: 0,
            versions: BTreeMap::new(),
            sends: BTreeMap::new(),
            bound: 0,
            acted: BTreeSet::new(),
        };
        let mut past = vec![run.table.clone()];
        for (passed_ms, read, step) in &steps {
            let current = run.table.clone();
            run.step(*passed_ms, *read, &past, step);
            past.push(current);
        }
        for (version, sends) in &run.sends {
            // After the first re-send, which may come at once, each waits twice as long as the one before (C8, S7).
            for (n, pair) in sends.windows(2).enumerate().skip(1) {
                let wait = crate::limits::send_backoff_ms(n as u32 + 1);
                prop_assert!(pair[1] - pair[0] >= wait, "sends of v{version} at {sends:?}");
            }
        }
    }
}
