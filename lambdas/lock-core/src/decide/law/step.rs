//! The steps of a random run, and a table in memory that applies the core's own writes.
//!
//! Must not know: the laws.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::action::{ClickType, Intent};
use crate::binding::{Actions, Binding};
use crate::name::{ButtonSerial, LockName};
use crate::record::Record;
use crate::report::Door;
use crate::time::UnixMillis;
use crate::write::{Writes, Written};

#[derive(Debug, Clone)]
pub(super) enum Step {
    Press {
        click: ClickType,
        has_sequence: bool,
        age_ms: u64,
    },
    Redeliver {
        back: usize,
        age_ms: u64,
    },
    Request {
        intent: Intent,
        id: u8,
        age_ms: u64,
    },
    Report {
        behind: u64,
        latch: bool,
        known: bool,
        /// The shadow was deleted before this report: its version restarts at one.
        deleted: bool,
        door: Option<Door>,
    },
    /// A report's event is delivered again, perhaps after later ones.
    RepeatReport {
        back: usize,
    },
    Enable(bool),
    /// Somebody disables the binding by hand in the table; its revision stays.
    DisableByHand,
    /// The button is bound again, to the lock of the record or to another.
    Bind {
        elsewhere: bool,
    },
}

/// The table that a decision is made on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Read {
    /// The current table.
    Now,
    /// The binding of three steps ago, as from a cache.
    OldBinding,
    /// The table of one step ago, as with a concurrent writer.
    Old,
}

pub(super) fn steps() -> impl Strategy<Value = Vec<(u64, Read, Step)>> {
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
    let door = prop_oneof![Just(None), Just(Some(Door::Open)), Just(Some(Door::Closed))];
    let behind = prop_oneof![3 => Just(0), 1 => 1..3_u64];
    let step = prop_oneof![
        4 => (click, any::<bool>(), age.clone()).prop_map(
            |(click, has_sequence, age_ms)| Step::Press { click, has_sequence, age_ms }),
        2 => (0..3_usize, age.clone()).prop_map(|(back, age_ms)| Step::Redeliver { back, age_ms }),
        3 => (intent, 0..4_u8, age).prop_map(
            |(intent, id, age_ms)| Step::Request { intent, id, age_ms }),
        5 => (
            behind,
            any::<bool>(),
            proptest::bool::weighted(0.8),
            proptest::bool::weighted(0.1),
            door,
        )
            .prop_map(|(behind, latch, known, deleted, door)| Step::Report {
                behind,
                latch,
                known,
                deleted,
                door,
            }),
        2 => (0..3_usize).prop_map(|back| Step::RepeatReport { back }),
        1 => proptest::bool::weighted(0.8).prop_map(Step::Enable),
        1 => Just(Step::DisableByHand),
        1 => proptest::bool::weighted(0.3).prop_map(|elsewhere| Step::Bind { elsewhere }),
    ];
    let read = prop_oneof![2 => Just(Read::Now), 1 => Just(Read::OldBinding), 2 => Just(Read::Old)];
    let passed_ms = prop_oneof![2 => Just(0), 1 => 0..2_000_u64, 2 => 0..20_000_u64];
    proptest::collection::vec((passed_ms, read, step), 1..60)
}

/// A table with one record and one binding, changed only by the core's conditional writes.
#[derive(Clone)]
pub(super) struct Table {
    pub(super) record: Option<Record>,
    pub(super) binding: Binding,
    pub(super) requests: BTreeSet<String>,
}

impl Table {
    pub(super) fn new() -> Self {
        let name = |text: &str| LockName::new(text).expect("a good name");
        Self {
            record: Some(Record::created(name("lock-1"), UnixMillis(0))),
            binding: Binding {
                button: ButtonSerial::new("button-1").expect("a good name"),
                lock: Some(name("lock-1")),
                actions: Actions::default(),
                enabled: true,
                revision: 1,
                bound_at: None,
                last_press: None,
                battery_mv: None,
            },
            requests: BTreeSet::new(),
        }
    }

    /// Commits, or returns the name of the failed condition.
    pub(super) fn commit(&mut self, writes: &Writes) -> Result<(), &'static str> {
        let binding = match &writes.binding {
            Some(write) => write.apply(Some(&self.binding)).ok_or("binding")?,
            None => self.binding.clone(),
        };
        if writes
            .request
            .as_ref()
            .is_some_and(|mark| self.requests.contains(&mark.request_id))
        {
            return Err("mark");
        }
        let record = match &writes.record {
            Some(write) => match write.apply(self.record.as_ref()) {
                Written::Record(record) => Some(*record),
                Written::Gone => None,
                Written::Conflict => return Err("record"),
            },
            None => self.record.clone(),
        };
        self.requests
            .extend(writes.request.as_ref().map(|mark| mark.request_id.clone()));
        (self.binding, self.record) = (binding, record);
        Ok(())
    }
}

/// What must occur in the runs: a law about anything that never occurs proves nothing.
pub(super) const MUST_OCCUR: &[&str] = &[
    "alert battery-low",
    "press command: pressed",
    "press command: same-wish",
    "press ignored: duplicate",
    "press ignored: superseded",
    "press ignored: quiet-window",
    "press ignored: revoked",
    "press ignored: stale",
    "press refused by the binding",
    "press refused by the record",
    "press resend: retry",
    "press sends lock",
    "press sends unlock",
    "report command: first-report",
    "report command: other-command",
    "report command: version-behind",
    "report refused by the binding",
    "report refused by the record",
    "report resend: not-seen",
    "report sends unlock",
    "report settled: confirmed",
    "report settled: executed",
    "shadow deleted",
    "request command: requested",
    "request ignored: duplicate",
    "request ignored: stale",
    "request refused by the mark",
    "request refused by the record",
    "request resend: retry",
    "request sends lock",
    "request sends unlock",
];
