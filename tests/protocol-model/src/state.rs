//! The state of everything at once: tables, functions, network, shadows and devices, and what the invariants must
//! remember. It must not know what may happen next.

mod hash;
mod memory;
mod site;

use std::sync::Arc;

use lock_core::Decision;
use lock_core::binding::Binding;
use lock_core::decide::Publish;
use lock_core::name::LockName;
use lock_core::record::Record;
use lock_core::report::ReportEvent;
use lock_core::time::UnixMillis;

use crate::begin::lock_index;
use crate::configuration::{FAULTS, Fault};
use crate::invariant::Broken;
use crate::word::Tale;

pub use memory::{LAST_PRESS, Memory, Row, Sends, WISHES, Watched};
pub use site::{Answer, Site, Update};

/// When every run begins.
pub const START: UnixMillis = UnixMillis(1_763_779_500_000);

/// By how much the cloud's clock steps back. *Units*: ms.
pub const STEP_BACK_MS: u64 = 10_000;

/// An event that waits for a function, or the operator's own doing.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A press, as delivered.
    Press {
        /// Which of the configuration's presses.
        press: u8,
        /// How often the broker had delivered it before.
        delivery: u8,
        /// When it arrived, by the one true time.
        arrived_at: UnixMillis,
        /// The rules engine's time.
        received_at: UnixMillis,
    },
    /// One of the configuration's requests.
    Request {
        /// Which.
        request: u8,
        /// The rules engine's time.
        received_at: UnixMillis,
    },
    /// A report, by the shadow's `update/accepted`.
    Report(Arc<ReportEvent>),
    /// The sweeper's turn, about this lock.
    Sweep(u8),
    /// One of the configuration's acts, by `lockctl`.
    Act(u8),
    /// `lockctl recover`.
    Recover,
}

/// A job of one stack, and how often it may still be delivered again.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Whose.
    pub stack: u8,
    /// What it is about.
    pub what: What,
    /// Retries left.
    pub tries: u8,
}

/// How far a function has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// It has read, and decided on what it read.
    Decided(Arc<Decision>),
    /// It has committed, and is about to publish.
    Committed(Arc<Publish>),
    /// It has published, and has not yet said so.
    Published,
}

/// A function at work.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    /// On what.
    pub job: Job,
    /// How far.
    pub stage: Stage,
}

/// The table of one stack.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Each lock's record; none where it is not registered.
    pub records: Vec<Option<Arc<Record>>>,
    /// Each button's binding.
    pub bindings: Vec<Option<Arc<Binding>>>,
    /// Marks of requests: lock and id.
    pub marks: Vec<(u8, u8)>,
    /// Each binding as the press function's process remembers it.
    pub cached: Vec<Option<Arc<Binding>>>,
}

impl Table {
    /// The record of a lock.
    pub fn record(&self, lock: &LockName) -> Option<&Record> {
        self.records[lock_index(lock)].as_deref()
    }
}

/// Everything.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The one true time, which is also that of the shadow.
    pub now: UnixMillis,
    /// By how much the clock of functions and rules is behind. *Units*: ms.
    pub behind_ms: u64,
    /// Instants of the configuration that have come.
    pub instants: u8,
    /// The table of each stack.
    pub tables: Vec<Table>,
    /// Each lock at its door.
    pub sites: Vec<Site>,
    /// Events that wait for a function.
    pub queue: Vec<Job>,
    /// Functions at work.
    pub running: Vec<Run>,
    /// When each press was made.
    pub pressed: Vec<UnixMillis>,
    /// When each request was made.
    pub requested: Vec<UnixMillis>,
    /// Presses, then requests, by bit, on their way to the rules.
    pub held: u16,
    /// What the operator has begun to do.
    pub acted: u8,
    /// Faults left, by kind.
    pub faults: [u8; FAULTS],
    /// What the invariants remember.
    pub memory: Memory,
    /// What is broken.
    pub broken: Broken,
    /// Whether the run is over.
    pub over: bool,
    /// What is told of the run, where someone listens.
    pub tale: Option<Box<Tale>>,
}

impl State {
    /// The time by the cloud's clock.
    pub fn cloud_now(&self) -> UnixMillis {
        self.now.minus(self.behind_ms)
    }

    /// Whether `fault` may still strike.
    pub fn allows(&self, fault: Fault) -> bool {
        self.faults[fault as usize] > 0
    }

    /// `fault` strikes.
    pub fn spend(&mut self, fault: Fault) {
        self.faults[fault as usize] -= 1;
    }

    /// Whether nothing is on its way to anyone.
    pub fn drained(&self) -> bool {
        let said = |site: &Site| site.connected && site.has_reported();
        self.quiet() && self.queue.is_empty() && self.sites.iter().all(said)
    }

    /// Whether no function is at work and no command on its way.
    pub fn quiet(&self) -> bool {
        self.running.is_empty() && self.sites.iter().all(|site| site.network.is_empty())
    }

    /// Puts what has no order of its own into one, so that states that differ in nothing else are one.
    pub fn normalise(&mut self) {
        for site in &mut self.sites {
            site.normalise();
        }
        self.queue.sort_by_cached_key(key);
        self.running.sort_by_cached_key(|run| key(&run.job));
        self.memory.normalise(self.now);
    }
}

fn key(job: &Job) -> (u8, u8, u64, u64, u8) {
    let (kind, first, second) = match &job.what {
        What::Press {
            press, delivery, ..
        } => (0, u64::from(*press), u64::from(*delivery)),
        What::Request { request, .. } => (1, u64::from(*request), 0),
        What::Report(event) => (
            2,
            event.shadow_version,
            event.shadow_at.0 * 2 + lock_index(&event.lock) as u64,
        ),
        What::Sweep(lock) => (3, u64::from(*lock), 0),
        What::Act(act) => (4, u64::from(*act), 0),
        What::Recover => (5, 0, 0),
    };
    (job.stack, kind, first, second, job.tries)
}
