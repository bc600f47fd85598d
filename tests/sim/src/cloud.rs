//! The functions: they read, decide, commit and publish, and may die between any two of these.

use lock_core::Decision;
use lock_core::decide::Life;
use lock_core::limits::{DECISIONS_MAX, PRESS_EVENT_AGE_MAX_MS};
use lock_core::reason::{Reason, Verdict};
use lock_core::record::Record;
use lock_core::write::RecordWrite;

use crate::event::{Decided, Event, Job, Read, Task};
use crate::fate::Stream;
use crate::network::describe;
use crate::plant::Plant;
use crate::table::{Conflict, button_index, lock_index};
use crate::world::{MINUTE, Trouble, World};

/// How long the function's service waits before its first and second retry, in ms.
const RETRY_MS: [u64; 2] = [MINUTE, 2 * MINUTE];

impl World {
    /// Gives an event to a stack's function: at least once, unless it is lost.
    pub(crate) fn enqueue(&mut self, stack: usize, task: Task, tries: u8) {
        let job = Job {
            stack,
            task,
            tries,
            born: self.now,
            decisions: 0,
            use_cache: true,
            has_acted: false,
            process: 0,
        };
        let is_report = matches!(job.task, Task::Report(..));
        if is_report && self.strikes(Trouble::Functions, Stream::Event, 60) {
            self.say(|| format!("{}: the event is lost", name(&job)));
            return;
        }
        let copies = if is_message(&job) && self.strikes(Trouble::Functions, Stream::Event, 80) {
            2
        } else {
            1
        };
        for copy in 0..copies {
            let mut at = self.now + self.fate.between(Stream::Delay, 5, 40);
            if is_message(&job) && self.strikes(Trouble::Functions, Stream::Event, 150) {
                at += self.fate.between(Stream::Delay, 0, 90_000);
            }
            let process = (self.fate.between(Stream::Delay, 0, 3) == 0) as usize;
            let process = if copy > 0 { 1 - process } else { process };
            let job = Job {
                process,
                ..job.clone()
            };
            self.queue.push(at, Event::Begin(Box::new(job)));
        }
    }

    /// A function begins: it reads the first item.
    pub(crate) fn begin_job(&mut self, job: Job) {
        let table = &self.tables[job.stack];
        let mut read = Read::default();
        match &job.task {
            Task::Press(press, _) => {
                let button = button_index(&press.button);
                let cached = self.caches[job.process].get(&button);
                read.is_cached = job.use_cache && cached.is_some();
                let fresh = table.bindings[button].as_ref();
                let binding = if read.is_cached { cached } else { fresh };
                read.binding = binding.cloned();
            }
            Task::Request(request, _) => {
                read.record
                    .clone_from(&table.records[lock_index(&request.lock)]);
            }
            Task::Report(_, lock) | Task::Sweep(lock) => {
                read.record.clone_from(&table.records[*lock]);
            }
            Task::Operate(_) => {}
        }
        if self.strikes(Trouble::Functions, Stream::Function, 250) {
            let at = self.now + self.fate.between(Stream::Delay, 1, 3_000);
            let event = Event::Decide(Box::new(job), Box::new(read));
            self.queue.push(at, event);
        } else {
            self.decide_job(job, read);
        }
    }

    /// A function reads the other items and decides.
    pub(crate) fn decide_job(&mut self, mut job: Job, mut read: Read) {
        job.decisions += 1;
        if let Task::Press(..) = &job.task {
            let lock = read.binding.as_ref().and_then(|b| b.lock.as_ref());
            let record =
                lock.and_then(|lock| self.tables[job.stack].records[lock_index(lock)].clone());
            read.record = record;
        } else {
            let button = read.record.as_ref().and_then(Record::resend_asks_for);
            let binding = button.map(|b| self.tables[job.stack].bindings[button_index(b)].clone());
            read.binding = binding.flatten();
        }
        let Some(decision) = self.decide(&job, &read) else {
            return;
        };
        if read.is_cached && decision.verdict != Verdict::Command {
            // Only a commit checks the revision, so any other verdict needs a fresh binding.
            job.use_cache = false;
            self.begin_job(job);
            return;
        }
        if self.plant == Some(Plant::PublishedFirst) && decision.publish.is_some() {
            self.publish_now(&decision);
        }
        let mut at = self.now + self.fate.between(Stream::Delay, 1, 12);
        if self.strikes(Trouble::Functions, Stream::Function, 200) {
            at += self.fate.between(Stream::Delay, 0, 3_000);
        }
        let decided = Decided {
            decision,
            binding: read.binding,
            at: self.now,
        };
        let event = Event::Commit(Box::new(job), Box::new(decided));
        self.queue.push(at, event);
    }

    /// A function commits: all writes or none.
    pub(crate) fn commit_job(&mut self, mut job: Job, decided: Decided) {
        let decision = &decided.decision;
        if self.strikes(Trouble::Functions, Stream::Function, 60) {
            self.say(|| format!("{}: dies before its commit", name(&job)));
            self.fail(job);
            return;
        }
        let before = self.tables[job.stack].bindings.clone();
        let held = self.tables[job.stack].commit(&decision.writes, self.plant);
        if let Err(conflict) = held {
            self.say(|| format!("{}: conflict, decides again", name(&job)));
            job.use_cache = false;
            job.has_acted |= conflict == Conflict::Request;
            self.decide_again(job);
            return;
        }
        let is_routine = decision.reason == Reason::CONFIRMED;
        self.say_unless(is_routine, || {
            format!("{}: commits {}", name(&job), in_words(decision))
        });
        self.watch_commit(&job, &decided, &before);
        if let (Task::Press(press, _), Some(write)) = (&job.task, &decision.writes.binding)
            && let Some(binding) = write.apply(decided.binding.as_ref())
        {
            self.caches[job.process].insert(button_index(&press.button), binding);
        }
        if self.strikes(Trouble::Functions, Stream::Function, 60) {
            self.say(|| format!("{}: dies after its commit", name(&job)));
            self.fail(job);
            return;
        }
        if self.strikes(Trouble::Functions, Stream::Function, 60) {
            self.say(|| format!("{}: the commit's answer is lost, decides again", name(&job)));
            job.use_cache = false;
            self.decide_again(job);
            return;
        }
        let mut at = self.now + self.fate.between(Stream::Delay, 1, 12);
        if self.strikes(Trouble::Functions, Stream::Function, 150) {
            at += self.fate.between(Stream::Delay, 0, 8_000);
        }
        let event = Event::Publish(Box::new(job), Box::new(decided.decision));
        self.queue.push(at, event);
    }

    fn decide_again(&mut self, job: Job) {
        if job.decisions < DECISIONS_MAX {
            self.begin_job(job);
        } else {
            self.fail(job);
        }
    }

    /// A function publishes what it has committed, and ends.
    pub(crate) fn publish_job(&mut self, mut job: Job, decision: &Decision) {
        if self.plant != Some(Plant::PublishedFirst) && decision.publish.is_some() {
            if self.strikes(Trouble::Functions, Stream::Function, 60) {
                self.say(|| format!("{}: cannot publish", name(&job)));
                self.fail(job);
                return;
            }
            self.watch_publish(job.stack, decision);
            self.publish_now(decision);
        }
        if is_message(&job) && self.strikes(Trouble::Functions, Stream::Function, 40) {
            self.say(|| format!("{}: dies before it acknowledges its event", name(&job)));
            self.fail(job);
            return;
        }
        let lock = match job.task {
            Task::Sweep(lock) => lock,
            Task::Report(_, lock) => {
                self.check_quiet(lock);
                return;
            }
            _ => return,
        };
        let record = self.tables[job.stack].records[lock].as_ref();
        if record.is_some_and(|record| record.due.due_at <= self.cloud_now()) {
            job.decisions = 0;
            job.born += 1;
            self.begin_job(job);
        } else {
            self.check_quiet(lock);
        }
    }

    fn publish_now(&mut self, decision: &Decision) {
        let Some(publish) = &decision.publish else {
            return;
        };
        let seconds = match publish.life(self.cloud_now()) {
            Life::Over => {
                self.say(|| format!("{} has expired, not published", describe(&publish.command)));
                return;
            }
            Life::Endless => u64::MAX / 2_000,
            Life::Seconds(seconds) => u64::from(seconds),
        };
        let expires_at = self.now + seconds * 1_000;
        self.send_command(
            lock_index(&publish.lock),
            publish.command.clone(),
            expires_at,
        );
    }

    /// A function failed: its event is delivered again later, while it has retries and is young.
    fn fail(&mut self, job: Job) {
        if !is_message(&job) || job.tries == 0 {
            return;
        }
        // The process is gone, with its cache.
        self.caches[job.process].clear();
        let at = self.now + RETRY_MS[usize::from(2 - job.tries)];
        let is_press = !matches!(job.task, Task::Report(..));
        if is_press && at > job.born + PRESS_EVENT_AGE_MAX_MS {
            self.say(|| format!("{}: given up", name(&job)));
            return;
        }
        let job = Job {
            tries: job.tries - 1,
            decisions: 0,
            use_cache: true,
            ..job
        };
        self.queue.push(at, Event::Begin(Box::new(job)));
    }

    /// The minute's sweep of a stack over every record that is due.
    pub(crate) fn sweep(&mut self, stack: usize) {
        if stack == 1 && !self.second_stack {
            return;
        }
        self.queue.push(self.now + MINUTE, Event::Sweep(stack));
        if self.plant == Some(Plant::NoSweep) {
            return;
        }
        let now = self.cloud_now();
        for lock in 0..self.sites.len() {
            let record = self.tables[stack].records[lock].as_ref();
            if record.is_some_and(|record| record.due.due_at <= now) {
                self.enqueue(stack, Task::Sweep(lock), 0);
            }
        }
    }
}

/// Whether the job's event is delivered again if its function fails.
fn is_message(job: &Job) -> bool {
    !matches!(job.task, Task::Sweep(_) | Task::Operate(_))
}

/// The function in words.
pub fn name(job: &Job) -> String {
    let stack = if job.stack == 0 {
        ""
    } else {
        "second stack's "
    };
    match &job.task {
        Task::Press(press, _) => format!("{stack}press of {} ({})", press.button, press.press_id),
        Task::Request(request, _) => format!("request {}", request.request_id),
        Task::Report(event, lock) => {
            let id = event.token.map_or(0, |id| id.counter);
            let version = event.shadow_version;
            format!("{stack}report {id} of lock-{} (shadow {version})", lock + 1)
        }
        Task::Sweep(lock) => format!("{stack}sweep of lock-{}", lock + 1),
        Task::Operate(operation) => format!("operator: {operation:?}"),
    }
}

/// A decision in words.
fn in_words(decision: &Decision) -> String {
    let (verdict, reason) = (decision.verdict.as_str(), decision.reason.code());
    let mut words = format!("{verdict}: {reason}");
    if let Some(RecordWrite::Update(update)) = &decision.writes.record {
        if let (Some(command), Some(version)) = (&update.command, update.version) {
            words += &format!(", {:?} {version}", command.action).to_lowercase();
        }
        if let Some(status) = update.status {
            words += &format!(", {}", status.as_str());
        }
    }
    words
}
