//! The whole state, and the loop that lets one event happen after the other.

use std::collections::BTreeMap;

use firmware_core::core_ffi::Settings;
use lock_core::binding::Binding;
use lock_core::limits::Limits;
use lock_core::record::Record;
use lock_core::time::UnixMillis;

use crate::event::Event;
use crate::fate::{Fate, Stream};
use crate::invariant::Invariant;
use crate::memory::Memory;
use crate::plan::{Act, Plan};
use crate::plant::Plant;
use crate::prediction::Predictions;
use crate::queue::Queue;
use crate::restoration::Restoration;
use crate::site::Site;
use crate::table::{Table, button_serial, lock_name};
use crate::watch::Watch;

/// When every run begins, in ms since 1970.
pub const START: u64 = 1_763_779_500_000;
/// A minute, in ms.
pub const MINUTE: u64 = 60_000;
/// Processes of the press function.
pub const PROCESSES: usize = 3;
/// Events within one minute that show a loop.
const LOOP_EVENTS: u32 = 20_000;

/// Something that goes on for a time and makes faults strike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    /// On the line of this lock.
    Line(usize),
    /// On the lines of the buttons and apps.
    Presses,
    /// In the functions and their events.
    Functions,
}

/// The whole system.
pub struct World {
    /// The true time, in ms since 1970.
    pub now: u64,
    /// How far the clock of functions, rules and operators is ahead, in ms.
    pub skew: i64,
    pub queue: Queue,
    pub fate: Fate,
    pub plan: Plan,
    pub plant: Option<Plant>,
    pub limits: Limits,
    pub sites: Vec<Site>,
    /// Sequence of each button.
    pub sequences: Vec<u64>,
    pub tables: Vec<Table>,
    /// What each process of the press function remembers.
    pub memories: Vec<Memory>,
    /// How many decisions were made on predictions.
    pub predictions: Predictions,
    /// Until when each trouble goes on.
    pub troubles: BTreeMap<Trouble, u64>,
    /// The last backup of the first table.
    pub backup: Table,
    /// The restoration that goes on.
    pub restoration: Option<Restoration>,
    /// Whether the second stack runs.
    pub second_stack: bool,
    pub watch: Watch,
    /// Whether the run is in its fair part.
    pub fair: bool,
    /// The run in words, if wanted: when, and what.
    pub trace: Option<Vec<(u64, String)>>,
    /// Events that happened.
    pub events: u64,
    /// The minute, and the events in it.
    busy: (u64, u32),
}

impl World {
    /// The world in which a run of `plan` begins.
    pub fn new(plan: Plan, fate: Fate, plant: Option<Plant>, traced: bool) -> Self {
        let house = &plan.house;
        let sites: Vec<Site> = house
            .locks
            .iter()
            .enumerate()
            .map(|(lock, setup)| Site::new(lock, setup.settings, setup.drift_ppm, setup.door))
            .collect();
        let (locks, buttons) = (sites.len(), house.buttons.len());
        let table = Table {
            records: vec![None; locks],
            bindings: vec![None; buttons],
            ..Table::default()
        };
        let mut limits = Limits::default();
        if plant == Some(Plant::NoQuietWindow) {
            limits.quiet_window_ms = 0;
        }
        if plant == Some(Plant::DoneReversed) {
            limits.same_wish_ms = 0;
        }
        let mut world = Self {
            now: START,
            skew: 0,
            queue: Queue::default(),
            fate,
            plant,
            limits,
            sequences: vec![100; buttons],
            tables: vec![table.clone(), table],
            memories: vec![Memory::default(); PROCESSES],
            predictions: Predictions::default(),
            troubles: BTreeMap::new(),
            backup: Table::default(),
            restoration: None,
            second_stack: false,
            watch: Watch::new(locks),
            sites,
            plan,
            fair: false,
            trace: traced.then(Vec::new),
            events: 0,
            busy: (0, 0),
        };
        world.begin();
        world
    }

    /// Registers everything but the last lock of several, and enters the plan.
    fn begin(&mut self) {
        let (locks, buttons) = (self.sites.len(), self.tables[0].bindings.len());
        let registered = if locks > 1 { locks - 1 } else { locks };
        for lock in 0..registered {
            let record = Record::created(lock_name(lock), self.cloud_now());
            self.tables[0].records[lock] = Some(record);
            self.watch.traces[0][lock].registered = true;
        }
        for button in 0..buttons {
            let mut binding = Binding::new(button_serial(button), self.now);
            binding.lock = Some(lock_name(button % registered));
            self.tables[0].bindings[button] = Some(binding);
        }
        self.backup = self.tables[0].clone();
        for lock in 0..locks {
            self.queue.push(self.now, Event::PowerOn(lock));
        }
        for (n, act) in self.plan.acts.iter().enumerate() {
            self.queue.push(act.at, Event::Act(n));
        }
        self.queue.push(self.now + MINUTE, Event::Sweep(0));
    }

    /// The time by the clock of functions, rules and operators.
    pub fn cloud_now(&self) -> UnixMillis {
        UnixMillis(self.now.saturating_add_signed(self.skew))
    }

    /// Whether a trouble goes on.
    pub fn is_troubled(&self, trouble: Trouble) -> bool {
        self.troubles
            .get(&trouble)
            .is_some_and(|end| self.now < *end)
    }

    /// Whether a fault of this trouble strikes, in `per_mille` of 1,000 cases.
    pub fn strikes(&mut self, trouble: Trouble, stream: Stream, per_mille: u64) -> bool {
        self.is_troubled(trouble) && self.fate.strikes(stream, per_mille)
    }

    /// Lets everything happen up to `end`, or until an invariant breaks.
    pub fn run_until(&mut self, end: u64) {
        while self.watch.broken.is_none() {
            match self.queue.next_at() {
                Some(at) if at <= end => self.step(),
                _ => break,
            }
        }
        self.now = self.now.max(end);
    }

    fn step(&mut self) {
        let Some((at, event)) = self.queue.pop() else {
            return;
        };
        self.now = self.now.max(at);
        self.events += 1;
        let minute = self.now / MINUTE;
        if self.busy.0 == minute {
            self.busy.1 += 1;
        } else {
            self.busy = (minute, 1);
        }
        let loops = self.busy.1 > LOOP_EVENTS;
        self.require(!loops, Invariant::S7, || "messages without end".into());
        match event {
            Event::Act(n) => {
                let act: Act = self.plan.acts[n].clone();
                self.perform(&act.kind);
            }
            Event::Press(wish) => self.receive_press(wish),
            Event::Request(wish) => self.receive_request(wish),
            Event::Begin(job) => self.begin_job(*job),
            Event::Decide(job, read) => self.decide_job(*job, *read),
            Event::Commit(job, decided) => self.commit_job(*job, *decided),
            Event::Publish(job, decided) => self.publish_job(*job, &decided),
            Event::Sweep(stack) => self.sweep(stack),
            Event::StackEnds => self.end_second_stack(),
            Event::Restore(stage) => self.restore(stage),
            event => self.happen_at_lock(event),
        }
    }

    /// Notes a broken invariant unless `holds`.
    pub fn require(&mut self, holds: bool, invariant: Invariant, why: impl FnOnce() -> String) {
        if holds || self.watch.broken.is_some() {
            return;
        }
        let why = why();
        self.say(|| format!("BROKEN {invariant}: {why}"));
        self.watch.broken = Some((invariant, why));
    }

    /// Adds a line to the run in words, unless it is one that each quarter of an hour brings.
    pub fn say_unless(&mut self, is_routine: bool, line: impl FnOnce() -> String) {
        if !is_routine {
            self.say(line);
        }
    }

    /// Adds a line to the run in words, which ends with the broken invariant.
    pub fn say(&mut self, line: impl FnOnce() -> String) {
        if self.watch.broken.is_none()
            && let Some(trace) = &mut self.trace
        {
            trace.push((self.now, line()));
        }
    }
}

/// The settings of a lock in a run.
pub fn settings(relock_ms: u32, pulse_ms: u32, power_on_unlocked: bool) -> Settings {
    Settings {
        power_on_unlocked: u32::from(power_on_unlocked),
        relock_ms,
        pulse_ms,
        clock_tolerance_ms: 2_000,
        settle_ms: 1_000,
        relock_from_closing: 0,
    }
}
