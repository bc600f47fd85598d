//! The checks of the invariants at each step.
//!
//! Must not change anything but what the invariants remember.

use std::collections::BTreeSet;

use lock_core::Decision;
use lock_core::action::Action;
use lock_core::binding::Binding;
use lock_core::command::WireCommand;
use lock_core::id::CommandId;
use lock_core::limits::{JAM_LOCKS_MAX, QUIET_WINDOW_MS, send_backoff_ms};
use lock_core::reason::Verdict;
use lock_core::record::{Cause, Command, Status};
use lock_core::write::{BindingChange, BindingUpdate, BindingWrite, RecordUpdate, RecordWrite};

use crate::event::{Decided, Event, Job, Task};
use crate::invariant::Invariant;
use crate::network::describe;
use crate::table::{button_index, lock_index};
use crate::watch::{Trace, WishKind};
use crate::world::World;

/// The longest wait before a device answers a foreign write, in ms.
const REPEAT_MS: u64 = 300_000;

impl World {
    /// Checks an unlock that opened a door.
    pub(crate) fn watch_opening(&mut self, lock: usize, command: &WireCommand) {
        let (now, version) = (self.now, command.version.0);
        self.sites[lock].exits += 1;
        let wish = self.watch.causes.get(&command.command_id).copied();
        let stated = command
            .expires_at
            .map_or(0, |at| at.0.saturating_mul(1_000));
        let ends = wish.map_or(stated, |wish| self.watch.wishes[wish].ends());
        let what = describe(command);
        self.require(now <= ends, Invariant::S1, || {
            format!(
                "{what} opened lock-{} {} ms after its end",
                lock + 1,
                now - ends
            )
        });
        let newest = self.watch.locks[lock].newest_acted;
        self.require(version >= newest, Invariant::S1, || {
            format!("{what} opened lock-{} after version {newest}", lock + 1)
        });
        let first = self.watch.locks[lock].opened.insert(version);
        let again = wish.is_some_and(|wish| {
            let wish = &mut self.watch.wishes[wish];
            let is_like_new = wish.is_like_new(wish.arrived, command.action);
            wish.counted && std::mem::replace(&mut wish.opened, true) && !is_like_new
        });
        self.require(first && !again, Invariant::S2, || {
            format!("{what} opened lock-{} a second time", lock + 1)
        });
        let recalled = self.watch.locks[lock].recalled.contains(&version);
        self.require(!recalled, Invariant::S5, || {
            format!(
                "{what} opened lock-{} after its button lost the lock",
                lock + 1
            )
        });
    }

    /// Checks a commit. `before` are the bindings before it.
    pub(crate) fn watch_commit(
        &mut self,
        job: &Job,
        decided: &Decided,
        before: &[Option<Binding>],
    ) {
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
                // An operator has ended all series; ids stay, as a version has one command.
                let issued = std::mem::take(&mut trace.issued);
                *trace = Trace {
                    issued,
                    ..Trace::default()
                };
            }
            Some(RecordWrite::Update(update)) => {
                self.watch_update(job, decided, update, before);
            }
            None => {}
        }
    }

    /// A button loses its lock: the door must end locked, and its commands that are not in transit
    /// must not act.
    fn watch_loss(&mut self, stack: usize, update: &BindingUpdate, before: &[Option<Binding>]) {
        let button = button_index(&update.button);
        let Some(binding) = &before[button] else {
            return;
        };
        let loses = match &update.change {
            BindingChange::Disable(_) => binding.enabled,
            BindingChange::Bind(bind) => binding.enabled && bind.lock != binding.lock,
            BindingChange::Nothing | BindingChange::Note(_) => false,
        };
        let (Some(lock), true) = (&binding.lock, loses) else {
            return;
        };
        let lock = lock_index(lock);
        if self.tables[stack].records[lock].is_some() {
            self.watch.locks[lock].must_lock = true;
        }
        let travelling: BTreeSet<u64> = self.queue.events().filter_map(version_in).collect();
        let by_it = |id: &CommandId| {
            let wish = self.watch.causes.get(id);
            wish.is_some_and(|wish| match self.watch.wishes[*wish].kind {
                WishKind::Press { button: by, .. } => by == button,
                WishKind::Request(_) => false,
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
        before: &[Option<Binding>],
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
        self.watch_answer(job.stack, lock);
        self.watch_jam(job.stack, lock);
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
            let binding = before[button_index(button)].as_ref();
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

    /// A record is settled only by an answer to its command.
    fn watch_answer(&mut self, stack: usize, lock: usize) {
        let Some(record) = &self.tables[stack].records[lock] else {
            return;
        };
        let answered = record.reported.as_ref().map(|used| used.report.version);
        let settled = record.status != Status::Settled || answered == Some(record.version);
        let version = record.version;
        self.require(settled, Invariant::S4, || {
            format!(
                "lock-{}: the record of {version} is settled without its answer",
                lock + 1
            )
        });
    }

    /// A jammed latch is locked again a few times at most.
    fn watch_jam(&mut self, stack: usize, lock: usize) {
        let command = self.tables[stack].records[lock].as_ref();
        let command = command.and_then(|record| Some((record.version.0, record.command.as_ref()?)));
        let Some((version, command)) = command else {
            return;
        };
        let for_jam = matches!(&command.cause, Cause::System { reason } if reason == "jammed");
        let trace = &mut self.watch.traces[stack][lock];
        if !for_jam || version <= trace.jams.1 || command.attempts == 0 {
            return;
        }
        trace.jams = (trace.jams.0 + 1, version);
        let jams = trace.jams.0;
        self.require(jams <= JAM_LOCKS_MAX, Invariant::S7, || {
            format!("lock-{}: locked {jams} times for a jam", lock + 1)
        });
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
            format!(
                "a press of {} acts that was made before its binding",
                binding.button
            )
        });
    }

    /// A new command of a person acts once.
    fn watch_command(&mut self, job: &Job, command: &Command, lock: usize) {
        let by_person = !matches!(job.task, Task::Report(..) | Task::Sweep(_));
        if by_person {
            let trace = &mut self.watch.traces[job.stack][lock];
            trace.streak = Some((0, 0, trace.version));
            trace.jams = (0, trace.version);
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
        let again = again && !wish.is_like_new(job.born, command.action);
        self.watch.wishes[number].commands.push(received);
        self.require(!again, Invariant::S2, || {
            format!(
                "wish {number} becomes a second command of lock-{}",
                lock + 1
            )
        });
    }

    /// Sends of one command, and system locks in a row, wait for their turn.
    fn watch_sends(&mut self, job: &Job, decided: &Decided, lock: usize) {
        let Some(publish) = &decided.decision.publish else {
            return;
        };
        let (version, at, skew) = (publish.command.version.0, decided.at, self.skew);
        let trace = &mut self.watch.traces[job.stack][lock];
        let (last, times, last_at) = trace.sent;
        let times = if last == version { times + 1 } else { 1 };
        trace.sent = (version, times, at);
        if decided.at.saturating_add_signed(skew) != decided.now.0 {
            // The clock was set after the decision: its wait is not known in true time.
            trace.sent.2 = 0;
            trace.streak = None;
            return;
        }
        let waited = at.saturating_sub(last_at);
        let early = times > 2 && last_at > 0 && waited < send_backoff_ms(times - 1);
        self.require(!early, Invariant::S7, || {
            format!(
                "lock-{}: send {times} of v{version} after {waited} ms",
                lock + 1
            )
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
            format!(
                "lock-{}: {locks} system locks in {} ms",
                lock + 1,
                at - since
            )
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
            && !site.reporter.is_due(uptime + REPEAT_MS)
            && self.queue.is_quiet(lock);
        let used = record.reported.as_ref().map(|used| used.shadow_version);
        let is_current = used.is_some() && used == site.shadow.as_ref().map(|s| s.version);
        if record.status != Status::Settled || !is_told || !is_current || site.is_overtaken() {
            return;
        }
        let (state, latch) = (record.state, site.latch());
        self.require(state == latch, Invariant::S4, || {
            let version = used.unwrap_or(0);
            let n = lock + 1;
            format!("the settled record says {state:?} by shadow {version}, lock-{n} is {latch:?}")
        });
    }
}

/// The version of a command that is in transit or about to be.
fn version_in(event: &Event) -> Option<u64> {
    match event {
        Event::Command(_, _, command) => Some(command.version.0),
        Event::Publish(_, decided) => {
            let publish = decided.decision.publish.as_ref();
            publish.map(|publish| publish.command.version.0)
        }
        _ => None,
    }
}
