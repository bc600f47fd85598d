//! The state of everything at once: table, functions, network, shadow and device, and what the invariants must remember.
//! It must not know what may happen next.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use lock_core::Decision;
use lock_core::binding::Binding;
use lock_core::command::WireCommand;
use lock_core::decide::Publish;
use lock_core::id::CommandId;
use lock_core::record::Record;
use lock_core::report::{Report, ReportEvent};
use lock_core::time::UnixMillis;

use crate::config::FAULTS;
use crate::device::Device;
use crate::invariant::Broken;
use crate::word::Tale;

/// When every run begins.
pub const START: UnixMillis = UnixMillis(1_763_779_500_000);

/// An event that waits for a function, or the operator's own doing.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A press, as delivered.
    Press {
        /// Which of the configuration's presses.
        press: u8,
        /// How often the broker had delivered it before.
        delivery: u8,
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
    /// The sweeper's turn.
    Sweep,
    /// `lockctl revoke`.
    Revoke,
    /// `lockctl recover`.
    Recover,
}

/// A job, and how often it may still be delivered again.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// What it is about.
    pub what: What,
    /// Retries left.
    pub tries: u8,
}

/// How far a function has come.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage {
    /// It has read, and decided on what it read.
    Decided {
        /// The record, as read.
        record: Option<Arc<Record>>,
        /// The binding, as read.
        binding: Arc<Binding>,
        /// What to do.
        decision: Arc<Decision>,
    },
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

/// What the invariants must remember.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Memory {
    /// Commands committed for each press.
    pub commands: [u8; 4],
    /// When the life of each press's command is over, counted from the press itself.
    pub lives: [u64; 4],
    /// Presses whose command the device executed, by bit.
    pub executed: u8,
    /// Largest version ever committed.
    pub version: u64,
    /// Every command ever published, with its version.
    pub issued: Arc<Vec<(u64, CommandId)>>,
    /// Largest version that the device ever acted on.
    pub acted: u64,
    /// Versions by which the latch was opened.
    pub opened: Vec<u64>,
    /// The version last sent, when, and how often then.
    pub sends: (u64, u64, u8),
    /// Whether a report event was lost.
    pub lost_event: bool,
    /// Function invocations, counted only where one gives a press its identity.
    pub invocations: u8,
}

/// Everything.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    /// The one true time.
    pub now: UnixMillis,
    /// Instants of the configuration that have come.
    pub instants: u8,
    /// The lock's record in the table.
    pub record: Option<Arc<Record>>,
    /// The button's binding in the table.
    pub binding: Arc<Binding>,
    /// Marks of requests in the table, by bit.
    pub marks: u8,
    /// The binding as the press function's process remembers it.
    pub cached: Option<Arc<Binding>>,
    /// Commands on their way.
    pub network: Vec<Arc<WireCommand>>,
    /// The lock's shadow.
    pub shadow: Option<Arc<ReportEvent>>,
    /// Version that the shadow's next update gets, less one.
    pub shadow_version: u64,
    /// Events that wait for a function.
    pub queue: Vec<Job>,
    /// Functions at work.
    pub running: Vec<Run>,
    /// The device.
    pub device: Device,
    /// Whether it has a connection.
    pub connected: bool,
    /// By how much its clock is wrong; none when it was never set. *Units*: ms.
    pub clock: Option<i64>,
    /// When it was powered on.
    pub booted_at: UnixMillis,
    /// Whether it has a report to send.
    pub report_due: bool,
    /// When it last reported.
    pub reported_at: UnixMillis,
    /// When each press was made.
    pub pressed: Vec<UnixMillis>,
    /// Requests sent.
    pub requested: u8,
    /// Whether the operator has revoked the button.
    pub revoking: bool,
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
    /// Whether nothing is on its way to anyone.
    pub fn drained(&self) -> bool {
        self.quiet() && self.queue.is_empty() && self.connected && !self.report_due
    }

    /// Whether no function is at work and no command on its way.
    pub fn quiet(&self) -> bool {
        self.network.is_empty() && self.running.is_empty()
    }

    /// Puts what has no order of its own into one, so that states that differ in nothing else are one.
    pub fn normalise(&mut self) {
        self.network
            .sort_by(|a, b| (a.version, &a.command_id).cmp(&(b.version, &b.command_id)));
        self.queue.sort_by_key(|job| key(&job.what, job.tries));
        self.running
            .sort_by_key(|run| key(&run.job.what, run.job.tries));
        self.device.forget_history();
        if self.memory.sends.1 != self.now.0 {
            self.memory.sends = (0, 0, 0);
        }
    }
}

fn key(what: &What, tries: u8) -> (u8, u64, u64, u8) {
    match what {
        What::Press {
            press, delivery, ..
        } => (0, u64::from(*press), u64::from(*delivery), tries),
        What::Request { request, .. } => (1, u64::from(*request), 0, tries),
        What::Report(event) => (2, event.shadow_version, event.shadow_at.0, tries),
        What::Sweep => (3, 0, 0, tries),
        What::Revoke => (4, 0, 0, tries),
        What::Recover => (5, 0, 0, tries),
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, to: &mut H) {
        self.now.hash(to);
        self.instants.hash(to);
        hash_record(self.record.as_deref(), to);
        hash_binding(&self.binding, to);
        self.marks.hash(to);
        self.cached.is_some().hash(to);
        if let Some(cached) = &self.cached {
            hash_binding(cached, to);
        }
        self.network.len().hash(to);
        for command in &self.network {
            hash_wire(command, to);
        }
        hash_event(self.shadow.as_deref(), to);
        self.shadow_version.hash(to);
        self.queue.len().hash(to);
        for job in &self.queue {
            hash_job(job, to);
        }
        self.running.len().hash(to);
        for run in &self.running {
            hash_run(run, to);
        }
        self.device.hash(to);
        (self.connected, self.clock, self.booted_at, self.report_due).hash(to);
        self.reported_at.hash(to);
        self.pressed.hash(to);
        (
            self.requested,
            self.revoking,
            self.faults,
            self.broken,
            self.over,
        )
            .hash(to);
        self.memory.hash(to);
    }
}

fn hash_job<H: Hasher>(job: &Job, to: &mut H) {
    key(&job.what, job.tries).hash(to);
    match &job.what {
        What::Press { received_at, .. } | What::Request { received_at, .. } => {
            received_at.hash(to);
        }
        What::Report(event) => hash_event(Some(event), to),
        What::Sweep | What::Revoke | What::Recover => {}
    }
}

fn hash_run<H: Hasher>(run: &Run, to: &mut H) {
    hash_job(&run.job, to);
    match &run.stage {
        Stage::Decided {
            record, binding, ..
        } => {
            0_u8.hash(to);
            hash_record(record.as_deref(), to);
            hash_binding(binding, to);
        }
        Stage::Committed(publish) => {
            1_u8.hash(to);
            hash_wire(&publish.command, to);
        }
        Stage::Published => 2_u8.hash(to),
    }
}

fn hash_wire<H: Hasher>(command: &WireCommand, to: &mut H) {
    command.version.hash(to);
    command.command_id.hash(to);
    command.issued_at.hash(to);
    command.expires_at.hash(to);
}

fn hash_binding<H: Hasher>(binding: &Binding, to: &mut H) {
    (binding.enabled, binding.revision).hash(to);
    let last = binding.last_press.as_ref();
    last.map(|last| (&last.press_id, last.at, last.sequence))
        .hash(to);
}

fn hash_record<H: Hasher>(record: Option<&Record>, to: &mut H) {
    record.is_some().hash(to);
    let Some(record) = record else { return };
    (record.version, record.state, record.status).hash(to);
    record.due.due_at.hash(to);
    let command = record.command.as_ref();
    command
        .map(|c| {
            (
                &c.id,
                c.action,
                c.created_at,
                c.expires_at,
                c.attempts,
                c.next_send_at,
                c.jams,
            )
        })
        .hash(to);
    let Some(reported) = &record.reported else {
        return;
    };
    (reported.shadow_version, reported.shadow_at, reported.at).hash(to);
    hash_report(&reported.report, to);
}

fn hash_event<H: Hasher>(event: Option<&ReportEvent>, to: &mut H) {
    event.is_some().hash(to);
    let Some(event) = event else { return };
    (event.shadow_version, event.shadow_at).hash(to);
    hash_report(&event.report, to);
}

fn hash_report<H: Hasher>(report: &Report, to: &mut H) {
    (
        report.lock,
        report.version,
        &report.command_id,
        report.result,
    )
        .hash(to);
    (report.source, report.boot_count, report.clock).hash(to);
    let refused = report.refused.as_ref();
    refused
        .map(|refused| (&refused.command_id, &refused.reason))
        .hash(to);
}
