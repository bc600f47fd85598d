//! The whole state: tables, functions, network, shadows, devices, and what the invariants remember.

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

use crate::beginning::lock_index;
use crate::configuration::{FAULTS, Fault};
use crate::invariant::BrokenInvariants;
use crate::narrative::Narrative;

pub use memory::{LAST_PRESS, LastSend, LockStreak, Memory};
pub use site::{ShadowAnswer, ShadowUpdate, Site};

/// When every run begins.
pub const START: UnixMillis = UnixMillis(1_763_779_500_000);

/// How far the cloud's clock steps back, in ms.
pub const STEP_BACK_MS: u64 = 10_000;

/// An event for a function, or an operator's action.
#[derive(Debug, Clone, PartialEq)]
pub enum Task {
    Press {
        /// Index in the configuration's presses.
        press: u8,
        /// Number of earlier deliveries.
        delivery: u8,
        /// True time of its arrival.
        arrived_at: UnixMillis,
        received_at: UnixMillis,
    },
    Request {
        /// Index in the configuration's requests.
        request: u8,
        received_at: UnixMillis,
    },
    /// A report from the shadow's `update/accepted`.
    Report(Arc<ReportEvent>),
    /// A sweep over this lock.
    Sweep(u8),
    /// An operator's action, by its index in the configuration.
    Operate(u8),
    /// `lockctl recover`.
    Recover,
}

/// A task of one stack, and its remaining retries.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub stack: u8,
    pub task: Task,
    pub tries: u8,
}

/// Progress of a function.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// It has read and decided.
    Decided(Arc<Decision>),
    /// It has committed and will publish.
    Committed(Arc<Publish>),
    /// It has published but not acknowledged its event.
    Published,
}

/// A running function.
#[derive(Debug, Clone, PartialEq)]
pub struct Invocation {
    pub job: Job,
    pub stage: Stage,
}

/// The table of one stack.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// Record of each lock; `None` if it is not registered.
    pub records: Vec<Option<Arc<Record>>>,
    pub bindings: Vec<Option<Arc<Binding>>>,
    /// Marks of requests, as (lock, id).
    pub marks: Vec<(u8, u8)>,
    /// Binding of each button in the cache of the press function's process.
    pub cached: Vec<Option<Arc<Binding>>>,
    /// What processes of the press function know, each from another time.
    pub beliefs: Vec<Belief>,
}

/// The records and bindings that a process knows, as it last read or wrote them.
#[derive(Debug, Clone, PartialEq)]
pub struct Belief {
    pub records: Vec<Option<Arc<Record>>>,
    pub bindings: Vec<Option<Arc<Binding>>>,
}

impl Table {
    pub fn record(&self, lock: &LockName) -> Option<&Record> {
        self.records[lock_index(lock)].as_deref()
    }

    /// What a process knows that reads or writes all of it now.
    pub fn to_belief(&self) -> Belief {
        Belief {
            records: self.records.clone(),
            bindings: self.bindings.clone(),
        }
    }
}

/// The state of the whole system.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The true time, which the shadow has too.
    pub now: UnixMillis,
    /// How far the clock of functions and rules is behind, in ms.
    pub behind_ms: u64,
    /// Number of the configuration's instants that have passed.
    pub instants: u8,
    pub tables: Vec<Table>,
    /// Each lock with its surroundings.
    pub sites: Vec<Site>,
    /// Events that wait for a function.
    pub queue: Vec<Job>,
    pub running: Vec<Invocation>,
    /// When each press was made.
    pub pressed: Vec<UnixMillis>,
    /// When each request was made.
    pub requested: Vec<UnixMillis>,
    /// Delayed wishes by bit: presses, then requests.
    pub held: u16,
    /// Number of operator's actions begun.
    pub actions_begun: u8,
    /// Remaining faults, by kind.
    pub faults: [u8; FAULTS],
    pub memory: Memory,
    pub broken: BrokenInvariants,
    pub over: bool,
    /// The run in words, if requested.
    pub narrative: Option<Box<Narrative>>,
}

impl State {
    /// The time by the cloud's clock.
    pub fn cloud_now(&self) -> UnixMillis {
        self.now.minus(self.behind_ms)
    }

    /// Whether `fault` may still strike.
    pub fn can_strike(&self, fault: Fault) -> bool {
        self.faults[fault as usize] > 0
    }

    /// Counts a strike of `fault`.
    pub fn spend(&mut self, fault: Fault) {
        self.faults[fault as usize] -= 1;
    }

    /// Whether no message is in transit.
    pub fn is_drained(&self) -> bool {
        let is_settled = |site: &Site| site.connected && site.has_reported();
        self.is_quiet() && self.queue.is_empty() && self.sites.iter().all(is_settled)
    }

    /// Whether no function runs and no command is in transit.
    pub fn is_quiet(&self) -> bool {
        self.running.is_empty() && self.sites.iter().all(|site| site.network.is_empty())
    }

    /// Sorts what has no order, so that equivalent states compare equal.
    pub fn normalize(&mut self) {
        for site in &mut self.sites {
            site.normalize();
        }
        self.queue.sort_by_cached_key(sort_key);
        self.running.sort_by_cached_key(|run| sort_key(&run.job));
        self.memory.normalize(self.now);
    }
}

fn sort_key(job: &Job) -> (u8, u8, u64, u64, u8) {
    let (kind, first, second) = match &job.task {
        Task::Press {
            press, delivery, ..
        } => (0, u64::from(*press), u64::from(*delivery)),
        Task::Request { request, .. } => (1, u64::from(*request), 0),
        Task::Report(event) => (
            2,
            event.shadow_version,
            event.shadow_at.0 * 2 + lock_index(&event.lock) as u64,
        ),
        Task::Sweep(lock) => (3, u64::from(*lock), 0),
        Task::Operate(act) => (4, u64::from(*act), 0),
        Task::Recover => (5, 0, 0),
    };
    (job.stack, kind, first, second, job.tries)
}
