//! The functions: they read, decide, commit and publish, and may die between any two of these.

use lock_core::Decision;
use lock_core::decide::Life;
use lock_core::limits::{DECISIONS_MAX, PRESS_EVENT_AGE_MAX_MS};
use lock_core::predict::is_checked;
use lock_core::reason::Reason;
use lock_core::record::Record;
use lock_core::write::RecordWrite;

use crate::event::{Decided, Event, Job, Task};
use crate::fate::Stream;
use crate::memory::{Given, Known, Read};
use crate::network::describe;
use crate::plant::Plant;
use crate::table::{Conflict, Unchecked, button_index, lock_index};
use crate::world::{MINUTE, PROCESSES, Trouble, World};

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
            given: Given::default(),
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
            // Copies run at the same time, and a process has one event at a time.
            let process = (self.choose_process() + copy) % PROCESSES;
            let job = Job {
                process,
                ..job.clone()
            };
            self.queue.push(at, Event::Begin(Box::new(job)));
        }
    }

    /// A process for an event: mostly the first one.
    fn choose_process(&mut self) -> usize {
        let chance = self.fate.between(Stream::Delay, 0, 7) as usize;
        chance.saturating_sub(8 - PROCESSES)
    }

    /// A function begins: it loads the first item.
    pub(crate) fn begin_job(&mut self, job: Job) {
        let mut read = Read::default();
        match &job.task {
            Task::Press(press, _) => {
                read.binding = self.load_binding(&job, button_index(&press.button));
            }
            Task::Request(request, _) => {
                read.record = self.load_record(&job, lock_index(&request.lock), None);
            }
            Task::Report(_, lock) | Task::Sweep(lock) => {
                read.record = Known::read(self.tables[job.stack].records[*lock].clone());
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

    /// A function loads the other items and decides.
    pub(crate) fn decide_job(&mut self, mut job: Job, mut read: Read) {
        if let Task::Press(..) = &job.task {
            let by = read.binding.value.as_ref();
            if let Some(lock) = by.and_then(|binding| binding.lock.as_ref()) {
                read.record = self.load_record(&job, lock_index(lock), by);
            }
        } else if !matches!(job.task, Task::Request(..)) {
            let button = read.record.value.as_ref().and_then(Record::resend_asks_for);
            let binding = button.map(|b| self.tables[job.stack].bindings[button_index(b)].clone());
            read.binding = Known::read(binding.flatten());
        }
        let now = self.cloud_now();
        let Some(decision) = self.decide(&job, &read, now) else {
            return;
        };
        let may_commit = is_checked(&decision) || self.plant == Some(Plant::AnyVerdictPredicted);
        if !read.is_read() && !may_commit {
            job.given = read.only_read();
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
            read,
            at: self.now,
            now,
        };
        let event = Event::Commit(Box::new(job), Box::new(decided));
        self.queue.push(at, event);
    }

    /// A function commits: all writes or none.
    pub(crate) fn commit_job(&mut self, mut job: Job, decided: Decided) {
        if self.strikes(Trouble::Functions, Stream::Function, 60) {
            self.die(job, "before its commit");
            return;
        }
        let before = self.tables[job.stack].bindings.clone();
        let wanted = self.decide_on_table(&job, &decided);
        job.decisions += 1;
        if let Err(conflict) = self.commit(&job, &decided) {
            self.watch_miss(&decided, &conflict);
            self.say(|| format!("{}: conflict, decides again", name(&job)));
            job.has_acted |= conflict == Conflict::Request;
            self.memories[job.process].keep_found(&conflict);
            job.given = decided.read.after(conflict);
            self.decide_again(job);
            return;
        }
        let decision = &decided.decision;
        let is_routine = decision.reason == Reason::CONFIRMED;
        self.say_unless(is_routine, || {
            let words = in_words(decision);
            let on = if decided.read.record.is_read {
                ""
            } else {
                " on a prediction"
            };
            format!("{}: commits {words}{on}", name(&job))
        });
        self.note_operation(&job.task);
        self.watch_commit(&job, &decided, &before);
        self.watch_prediction(&job, &decided, wanted.as_ref());
        if self.strikes(Trouble::Functions, Stream::Function, 60) {
            self.die(job, "after its commit");
            return;
        }
        if self.loses_answer(&job) {
            self.say(|| format!("{}: the commit's answer is lost, decides again", name(&job)));
            job.given = Given::nothing();
            self.decide_again(job);
            return;
        }
        let mut at = self.now + self.fate.between(Stream::Delay, 1, 12);
        if self.strikes(Trouble::Functions, Stream::Function, 150) {
            at += self.fate.between(Stream::Delay, 0, 8_000);
        }
        let event = Event::Publish(Box::new(job), Box::new(decided));
        self.queue.push(at, event);
    }

    fn commit(&mut self, job: &Job, decided: &Decided) -> Result<(), Conflict> {
        if self.strikes(Trouble::Functions, Stream::Function, 40) {
            return Err(Conflict::Busy);
        }
        let predicts = !decided.read.record.is_read;
        let unchecked = Unchecked {
            binding: self.plant == Some(Plant::BindingUnchecked),
            record: self.plant == Some(Plant::RecordUnchecked)
                || (predicts && self.plant == Some(Plant::PredictionUnchecked)),
        };
        let (table, writes) = (&mut self.tables[job.stack], &decided.decision.writes);
        table.commit(writes, unchecked)?;
        if self.plant == Some(Plant::RevisionCounted) {
            table.count_revision(writes);
        }
        Ok(())
    }

    /// Whether the answer to a commit is lost: as a fault, or with everything up, as the network
    /// may do at any time.
    fn loses_answer(&mut self, job: &Job) -> bool {
        let now_and_then = self.fair
            && job.decisions == 1
            && matches!(job.task, Task::Press(..))
            && self.fate.between(Stream::Delay, 0, 3) == 0;
        self.strikes(Trouble::Functions, Stream::Function, 60) || now_and_then
    }

    /// A process dies, with its memory.
    fn die(&mut self, job: Job, when: &str) {
        self.say(|| format!("{}: dies {when}", name(&job)));
        if matches!(job.task, Task::Press(..) | Task::Request(..)) {
            self.memories[job.process].clear();
        }
        self.fail(job);
    }

    fn decide_again(&mut self, job: Job) {
        if job.decisions < DECISIONS_MAX {
            self.begin_job(job);
        } else {
            self.fail(job);
        }
    }

    /// A function publishes what it has committed, and ends.
    pub(crate) fn publish_job(&mut self, mut job: Job, decided: &Decided) {
        let decision = &decided.decision;
        if self.plant != Some(Plant::PublishedFirst) && decision.publish.is_some() {
            if self.strikes(Trouble::Functions, Stream::Function, 60) {
                self.say(|| format!("{}: cannot publish", name(&job)));
                self.fail(job);
                return;
            }
            self.watch_publish(job.stack, decision);
            self.publish_now(decision);
        }
        self.remember(&job, decided);
        if is_message(&job) && self.strikes(Trouble::Functions, Stream::Function, 40) {
            self.die(job, "before it acknowledges its event");
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
            (job.decisions, job.given) = (0, Given::default());
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
        let at = self.now + RETRY_MS[usize::from(2 - job.tries)];
        let is_press = !matches!(job.task, Task::Report(..));
        if is_press && at > job.born + PRESS_EVENT_AGE_MAX_MS {
            self.say(|| format!("{}: given up", name(&job)));
            return;
        }
        let job = Job {
            tries: job.tries - 1,
            decisions: 0,
            given: Given::default(),
            has_acted: false,
            process: self.choose_process(),
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
