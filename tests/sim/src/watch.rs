//! What the invariants remember, and the checks at each step.

use std::collections::{BTreeMap, BTreeSet};

use lock_core::action::{Action, ClickType};
use lock_core::binding::Binding;
use lock_core::command::WireCommand;
use lock_core::id::CommandId;
use lock_core::limits::{COMMAND_TTL_MS, GOOD_FOR_GRACE_MS, QUIET_WINDOW_MS, send_backoff_ms};
use lock_core::reason::Verdict;
use lock_core::record::{Cause, Command, Status};
use lock_core::write::{BindingChange, BindingUpdate, BindingWrite, RecordUpdate, RecordWrite};
use lock_core::Decision;

use crate::event::{Ask, Decided, Event, Job, Task};
use crate::invariant::Invariant;
use crate::network::describe;
use crate::table::{Table, button_index, lock_index};
use crate::world::World;

/// The largest error of the cloud's clock in a run, behind and ahead, in ms.
const BEHIND_MS: u64 = 10_000;
const AHEAD_MS: u64 = 1_500;

/// What a person wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WishKind {
    /// A press of a button.
    Press {
        /// The button.
        button: usize,
        /// How it was pressed.
        click: ClickType,
    },
    /// A request.
    Request(Ask),
}

/// A press or request, from making to effect. Times are true times in ms.
#[derive(Debug, Clone)]
pub struct Wish {
    pub kind: WishKind,
    pub counted: bool,
    pub timed: bool,
    pub good_for: Option<u64>,
    pub sequence: u64,
    pub made: u64,
    /// When it was made by the clock of its sender, which is never ahead.
    pub pressed_at: u64,
    /// When it last reached the rules engine.
    pub arrived: u64,
    pub deliveries: u32,
    /// When the deliveries that became commands were received, by the cloud's clock.
    pub commands: Vec<u64>,
    /// Whether it has opened a door.
    pub opened: bool,
}

impl Wish {
    /// The last moment at which it may open a door.
    fn ends(&self) -> u64 {
        if !self.timed {
            return self.arrived + COMMAND_TTL_MS + AHEAD_MS;
        }
        let given_up = self.good_for.map(|ms| self.made + ms + GOOD_FOR_GRACE_MS);
        match given_up {
            Some(at) if at + BEHIND_MS < self.arrived => at,
            _ => self.made + COMMAND_TTL_MS,
        }
    }
}

/// What one stack has done to one lock.
#[derive(Debug, Clone)]
pub struct Trace {
    pub registered: bool,
    version: u64,
    issued: BTreeMap<u64, CommandId>,
    /// The version sent last, how often, and when it was last decided to send it.
    sent: (u64, u32, u64),
    /// The system locks in a row, since when, and the last one's version. `None` after the clock was
    /// set: a wait that it cuts short is allowed until a person's next command.
    streak: Option<(u32, u64, u64)>,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            registered: false,
            version: 0,
            issued: BTreeMap::new(),
            sent: (0, 0, 0),
            streak: Some((0, 0, 0)),
        }
    }
}

/// What one lock has done.
#[derive(Debug, Clone, Default)]
pub struct LockTrace {
    newest_acted: u64,
    opened: BTreeSet<u64>,
    recalled: BTreeSet<u64>,
    /// A button lost it: it must end locked.
    pub must_lock: bool,
}

/// All that the invariants remember.
#[derive(Debug, Default)]
pub struct Watch {
    /// The first broken invariant, and why.
    pub broken: Option<(Invariant, String)>,
    pub wishes: Vec<Wish>,
    pub causes: BTreeMap<CommandId, usize>,
    /// By stack and lock.
    pub traces: Vec<Vec<Trace>>,
    pub locks: Vec<LockTrace>,
}

impl Watch {
    /// Nothing remembered yet.
    pub fn new(locks: usize) -> Self {
        Self {
            traces: vec![vec![Trace::default(); locks]; 2],
            locks: vec![LockTrace::default(); locks],
            ..Self::default()
        }
    }

    /// The clock was set: waits that it measures begin again.
    pub fn forget_turns(&mut self) {
        for trace in self.traces.iter_mut().flatten() {
            trace.sent.2 = 0;
            trace.streak = None;
        }
    }

    /// A lock has put this command into its journal.
    pub fn note_acted(&mut self, lock: usize, command: &WireCommand) {
        let newest = &mut self.locks[lock].newest_acted;
        *newest = (*newest).max(command.version.0);
    }

    /// How many unlocks have opened a lock.
    pub fn opened(&self, lock: usize) -> usize {
        self.locks[lock].opened.len()
    }
}

impl World {
    /// Checks an unlock that opened a door.
    pub(crate) fn watch_opening(&mut self, lock: usize, command: &WireCommand) {
        let (now, version) = (self.now, command.version.0);
        self.sites[lock].exits += 1;
        let wish = self.watch.causes.get(&command.command_id).copied();
        let stated = command.expires_at.map_or(0, |at| at.0.saturating_mul(1_000));
        let ends = wish.map_or(stated, |wish| self.watch.wishes[wish].ends());
        let what = describe(command);
        self.require(now <= ends, Invariant::S1, || {
            format!("{what} opened lock-{} {} ms after its end", lock + 1, now - ends)
        });
        let newest = self.watch.locks[lock].newest_acted;
        self.require(version >= newest, Invariant::S1, || {
            format!("{what} opened lock-{} after version {newest}", lock + 1)
        });
        let first = self.watch.locks[lock].opened.insert(version);
        let again = wish.is_some_and(|wish| {
            let wish = &mut self.watch.wishes[wish];
            wish.counted && std::mem::replace(&mut wish.opened, true)
        });
        self.require(first && !again, Invariant::S2, || {
            format!("{what} opened lock-{} a second time", lock + 1)
        });
        let recalled = self.watch.locks[lock].recalled.contains(&version);
        self.require(!recalled, Invariant::S5, || {
            format!("{what} opened lock-{} after its button lost the lock", lock + 1)
        });
    }

    /// Checks a commit. `before` is the table before it.
    pub(crate) fn watch_commit(&mut self, job: &Job, decided: &Decided, before: &Table) {
        let decision = &decided.decision;
        if let Some(BindingWrite::Update(update)) = &decision.writes.binding {
            self.watch_loss(job.stack, update, before);
        }
        let by_operator = matches!(job.task, Task::Operate(_));
        match &decision.writes.record {
            Some(RecordWrite::Create(record)) => {
                let lock = lock_index(&record.lock);
                self.watch.traces[job.stack][lock].registered |= by_operator;
                let commanded = decision.publish.is_some() || !by_operator;
                self.require(!commanded, Invariant::S8, || {
                    format!("a report made a record of lock-{}", lock + 1)
                });
            }
            Some(RecordWrite::Delete(delete)) => {
                let lock = lock_index(&delete.lock);
                let trace = &mut self.watch.traces[job.stack][lock];
                (trace.registered, trace.version) = (false, 0);
            }
            Some(RecordWrite::Update(update)) => {
                self.watch_update(job, decided, update, before);
            }
            None => {}
        }
    }

    /// A button loses its lock: the door must end locked, and its commands that are not in transit
    /// must not act.
    fn watch_loss(&mut self, stack: usize, update: &BindingUpdate, before: &Table) {
        let button = button_index(&update.button);
        let Some(binding) = &before.bindings[button] else {
            return;
        };
        let loses = match &update.change {
            BindingChange::Disable => binding.enabled,
            BindingChange::Bind(bind) => binding.enabled && bind.lock != binding.lock,
            BindingChange::Nothing | BindingChange::Note(_) => false,
        };
        let (Some(lock), true) = (&binding.lock, loses) else {
            return;
        };
        let lock = lock_index(lock);
        if before.records[lock].is_some() {
            self.watch.locks[lock].must_lock = true;
        }
        let travelling: BTreeSet<u64> = self.queue.events().filter_map(version_in).collect();
        let by_it = |id: &CommandId| {
            let wish = self.watch.causes.get(id);
            wish.is_some_and(|wish| {
                matches!(self.watch.wishes[*wish].kind, WishKind::Press { button: by, .. } if by == button)
            })
        };
        let issued = &self.watch.traces[stack][lock].issued;
        let recalled: Vec<u64> = issued
            .iter()
            .filter(|(version, id)| by_it(id) && !travelling.contains(version))
            .map(|(version, _)| *version)
            .collect();
        self.watch.locks[lock].recalled.extend(recalled);
    }

    fn watch_update(
        &mut self,
        job: &Job,
        decided: &Decided,
        update: &RecordUpdate,
        before: &Table,
    ) {
        let decision = &decided.decision;
        let lock = lock_index(&update.lock);
        if let Some(version) = update.version {
            let last = self.watch.traces[job.stack][lock].version;
            self.require(version.0 > last, Invariant::S3, || {
                format!("lock-{}: {version} follows v{last}", lock + 1)
            });
            self.watch.traces[job.stack][lock].version = version.0;
        }
        let commands = decision.verdict == Verdict::Command;
        let sends = commands || decision.verdict == Verdict::Resend;
        let (Some(command), true) = (&update.command, sends) else {
            if decision.publish.is_some() {
                self.watch_sends(job, decided, lock);
            }
            return;
        };
        let registered = self.watch.traces[job.stack][lock].registered;
        self.require(registered, Invariant::S8, || {
            format!("lock-{} is commanded and not registered", lock + 1)
        });
        if let Cause::Button { button } = &command.cause
            && (commands || command.action == Action::Unlock)
        {
            let binding = before.bindings[button_index(button)].as_ref();
            let holds = binding.is_some_and(|b| b.enabled && b.lock.as_ref() == Some(&update.lock));
            self.require(holds, Invariant::S5, || {
                format!("{button} commands lock-{} and may not", lock + 1)
            });
            if commands {
                self.watch_press(job, binding);
            }
        }
        if commands {
            self.watch_command(job, command, lock);
        }
        if decision.publish.is_some() {
            self.watch_sends(job, decided, lock);
        }
    }

    /// A press that acts was made after its button was bound.
    fn watch_press(&mut self, job: &Job, binding: Option<&Binding>) {
        let (Task::Press(_, wish), Some(binding)) = (&job.task, binding) else {
            return;
        };
        let wish = &self.watch.wishes[*wish];
        let Some(bound_at) = binding.bound_at.filter(|_| wish.timed) else {
            return;
        };
        let earlier = wish.pressed_at <= bound_at.0;
        self.require(!earlier, Invariant::S5, || {
            format!("a press of {} acts that was made before its binding", binding.button)
        });
    }

    /// A new command of a person acts once.
    fn watch_command(&mut self, job: &Job, command: &Command, lock: usize) {
        let by_person = !matches!(job.task, Task::Report(..) | Task::Sweep(_));
        if by_person {
            let trace = &mut self.watch.traces[job.stack][lock];
            trace.streak = Some((0, 0, trace.version));
            self.watch.locks[lock].must_lock &= command.action == Action::Lock;
        }
        let (number, received) = match &job.task {
            Task::Press(press, wish) => (*wish, press.received_at.0),
            Task::Request(request, wish) => (*wish, request.received_at.0),
            _ => return,
        };
        let wish = &self.watch.wishes[number];
        let counted = wish.counted;
        let near = |earlier: &u64| received.abs_diff(*earlier) < QUIET_WINDOW_MS;
        let again = if counted {
            !wish.commands.is_empty()
        } else {
            command.action == Action::Unlock && wish.commands.iter().any(near)
        };
        self.watch.wishes[number].commands.push(received);
        self.require(!again, Invariant::S2, || {
            format!("wish {number} becomes a second command of lock-{}", lock + 1)
        });
    }

    /// Sends of one command, and system locks in a row, wait for their turn.
    fn watch_sends(&mut self, job: &Job, decided: &Decided, lock: usize) {
        let Some(publish) = &decided.decision.publish else {
            return;
        };
        let (version, at) = (publish.command.version.0, decided.at);
        let trace = &mut self.watch.traces[job.stack][lock];
        let (last, times, last_at) = trace.sent;
        let times = if last == version { times + 1 } else { 1 };
        trace.sent = (version, times, at);
        let waited = at.saturating_sub(last_at);
        let early = times > 2 && last_at > 0 && waited < send_backoff_ms(times - 1);
        self.require(!early, Invariant::S7, || {
            format!("lock-{}: send {times} of v{version} after {waited} ms", lock + 1)
        });
        if CommandId::of_system(&publish.lock, version) != publish.command.command_id {
            return;
        }
        let trace = &mut self.watch.traces[job.stack][lock];
        let Some((locks, since, _)) = trace.streak.filter(|streak| version > streak.2) else {
            return;
        };
        let since = if locks == 0 { at } else { since };
        let locks = locks + 1;
        trace.streak = Some((locks, since, version));
        let waits: u64 = (1..locks).map(send_backoff_ms).sum();
        let in_turn = at.saturating_sub(since) >= waits;
        self.require(in_turn, Invariant::S7, || {
            format!("lock-{}: {locks} system locks in {} ms", lock + 1, at - since)
        });
    }

    /// A version has one command.
    pub(crate) fn watch_publish(&mut self, stack: usize, decision: &Decision) {
        let Some(publish) = &decision.publish else {
            return;
        };
        let lock = lock_index(&publish.lock);
        let (version, id) = (publish.command.version, &publish.command.command_id);
        let issued = &mut self.watch.traces[stack][lock].issued;
        let known = issued.entry(version.0).or_insert_with(|| id.clone());
        let same = known == id;
        self.require(same, Invariant::S3, || {
            format!("lock-{}: {version} has two commands", lock + 1)
        });
    }

    /// With nothing in transit, a settled record equals the latch.
    pub(crate) fn check_quiet(&mut self, lock: usize) {
        let site = &self.sites[lock];
        let Some(record) = &self.tables[0].records[lock] else {
            return;
        };
        let uptime = site.uptime(self.now);
        let is_told = site.is_reachable()
            && site.reporter.is_answered()
            && !site.reporter.is_due(uptime)
            && self.queue.is_quiet(lock);
        let used = record.reported.as_ref().map(|used| used.shadow_version);
        let is_current = used.is_some() && used == site.shadow.as_ref().map(|s| s.version);
        if record.status != Status::Settled || !is_told || !is_current {
            return;
        }
        let (state, latch) = (record.state, site.latch());
        self.require(state == latch, Invariant::S4, || {
            format!("the settled record says {state:?}, lock-{} is {latch:?}", lock + 1)
        });
    }
}

/// The version of a command that is in transit or about to be.
fn version_in(event: &Event) -> Option<u64> {
    match event {
        Event::Command(_, _, command) => Some(command.version.0),
        Event::Publish(_, decision) => {
            let publish = decision.publish.as_ref();
            publish.map(|publish| publish.command.version.0)
        }
        _ => None,
    }
}
