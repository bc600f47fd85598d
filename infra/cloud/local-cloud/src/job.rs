//! The jobs service: keeps jobs, answers devices over MQTT, notifies them, and ends what is late.
//!
//! Must not know: what a job's document means. `book` decides, this publishes and saves.

pub mod book;
pub mod change;
mod device;
pub mod document;
pub mod record;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::broker::Broker;
use crate::broker::message::Message;
use crate::clock::Clock;
use crate::contain::contain_logged;
use crate::registry::Registry;
use crate::storage::{Shelf, StorageError};
use crate::sync::lock;
use book::{Book, Place};
use change::JobError;
use record::Job;

const DIRECTORY: &str = "jobs";
/// How often executions are checked for their time limit.
const CHECK_PERIOD: Duration = Duration::from_millis(500);

/// The service; clones share it.
#[derive(Debug, Clone)]
pub struct JobService {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    book: Mutex<Book>,
    shelf: Option<Shelf>,
    registry: Registry,
    broker: Broker,
    clock: Clock,
}

/// What a thing gets to know about its pending executions: job id, number and status of each.
type Seen = Vec<(String, u64, record::Status)>;

impl JobService {
    /// Loads the jobs in `data_dir`; without it, jobs are kept in memory.
    pub fn open(
        data_dir: Option<PathBuf>,
        registry: Registry,
        broker: Broker,
        clock: Clock,
        time_scale: f64,
    ) -> Result<Self, StorageError> {
        let shelf = data_dir.map(|dir| Shelf::open(dir.join(DIRECTORY)));
        let shelf = shelf.transpose()?;
        let jobs: BTreeMap<String, Job> = match &shelf {
            Some(shelf) => shelf.load()?,
            None => BTreeMap::new(),
        };
        Ok(Self {
            inner: Arc::new(Inner {
                book: Mutex::new(Book::new(jobs, time_scale)),
                shelf,
                registry,
                broker,
                clock,
            }),
        })
    }

    /// Answers the requests among `messages`, and follows groups and time limits, until the broker
    /// is gone.
    pub async fn run(self, mut messages: mpsc::UnboundedReceiver<Arc<Message>>) {
        let mut changes = self.inner.registry.changes();
        let mut check = tokio::time::interval(CHECK_PERIOD);
        check.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => {
                        let answer = async { self.answer(&message) };
                        contain_logged("answer job request", answer).await;
                    }
                    None => return,
                },
                Ok(()) = changes.changed() => {
                    contain_logged("follow job targets", async { self.follow() }).await;
                }
                _ = check.tick() => {
                    contain_logged("end late jobs", async { self.expire() }).await;
                }
            }
        }
    }

    /// Answers a request over MQTT. As in AWS the answer goes to the client that asked, subscribed
    /// or not, and to no other client or rule.
    fn answer(&self, message: &Message) {
        let Some((thing, operation)) = device::parse_topic(&message.topic) else {
            return;
        };
        let Some(client) = message
            .origin
            .client
            .as_deref()
            .filter(|_| !message.is_will)
        else {
            return;
        };
        let now_ms = self.now_ms();
        let payload = &message.payload;
        let answered =
            self.change(|book| Ok(device::answer(book, thing, operation, payload, now_ms)));
        let (kind, body) = match answered {
            Ok(Ok(body)) => ("accepted", body),
            Ok(Err(body)) => ("rejected", body),
            Err(error) => {
                let body = json!({"code": "InternalError", "message": error.to_string()});
                ("rejected", body)
            }
        };
        let topic = format!("{}/{kind}", message.topic);
        let answer = Message::from_cloud(topic, body.to_string().into_bytes());
        // A client that has left needs no answer.
        let _ = self.inner.broker.send_direct(client, answer);
    }

    /// Reads all jobs.
    pub fn read<T>(&self, read: impl FnOnce(&Book) -> T) -> T {
        read(&lock(&self.inner.book))
    }

    /// Changes jobs, saves what changed, and notifies the things whose pending executions changed.
    ///
    /// # Errors
    ///
    /// That of `change`, which must not have changed anything; [`JobError::Storage`].
    pub fn change<T>(
        &self,
        change: impl FnOnce(&mut Book) -> Result<T, JobError>,
    ) -> Result<T, JobError> {
        // Held until the messages are published, so that they come in the order of changes.
        let mut book = lock(&self.inner.book);
        let old = book.clone();
        let changed = change(&mut book)?;
        if let Err(error) = self.save(&old, &book) {
            tracing::error!(%error, "save jobs");
            *book = old;
            return Err(JobError::Storage(error.to_string()));
        }
        self.notify(&old, &book);
        Ok(changed)
    }

    /// Creates a job for the things of its targets.
    pub fn create(&self, job: Job) -> Result<(), JobError> {
        let mut things = BTreeSet::new();
        for target in &job.targets {
            let members = self.members(target);
            things.extend(members.ok_or_else(|| no_target(target))?);
        }
        self.change(|book| book.create(job, &things))
    }

    /// Adds targets to a continuous job.
    pub fn add_targets(
        &self,
        id: &str,
        targets: Vec<String>,
        comment: Option<String>,
    ) -> Result<(), JobError> {
        for target in &targets {
            self.members(target).ok_or_else(|| no_target(target))?;
        }
        let now_ms = self.now_ms();
        self.change(|book| book.add_targets(id, targets, comment, now_ms))?;
        self.follow();
        Ok(())
    }

    /// The things of a target; `None` if there is no such thing or group.
    fn members(&self, target: &str) -> Option<BTreeSet<String>> {
        let registry = &self.inner.registry;
        let records = registry.records();
        if let Some(name) = target.strip_prefix(&registry.thing_arn("")) {
            let thing = records.things.contains_key(name);
            return thing.then(|| BTreeSet::from([name.to_owned()]));
        }
        let group = target.strip_prefix(&registry.thing_group_arn(""))?;
        records.thing_group(group).ok()?;
        let things = records.things.iter();
        let members = things.filter(|(_, thing)| thing.groups.contains(group));
        Some(members.map(|(name, _)| name.clone()).collect())
    }

    /// Follows the things that join and leave groups, or are deleted.
    fn follow(&self) {
        let now_ms = self.now_ms();
        let exists = |thing: &str| {
            let records = self.inner.registry.records();
            records.things.contains_key(thing)
        };
        let members = |target: &str| self.members(target).unwrap_or_default();
        // A failure to save is logged.
        let _ = self.change(|book| Ok(book.follow(members, exists, now_ms)));
    }

    fn expire(&self) {
        let now_ms = self.now_ms();
        let is_late = |job: &Job| {
            let mut limits = job.executions.values().filter_map(|e| e.limit_ms());
            limits.any(|limit| limit <= now_ms)
        };
        if self.read(|book| book.jobs().any(is_late)) {
            let _ = self.change(|book| Ok(book.expire(now_ms)));
        }
    }

    pub fn now_ms(&self) -> u64 {
        self.inner.clock.now_ms()
    }

    fn save(&self, old: &Book, new: &Book) -> Result<(), StorageError> {
        let Some(shelf) = &self.inner.shelf else {
            return Ok(());
        };
        for job in new.jobs().filter(|job| old.job(&job.id) != Ok(*job)) {
            shelf.put(&job.id, Some(job))?;
        }
        for job in old.jobs().filter(|job| new.job(&job.id).is_err()) {
            shelf.put::<Job>(&job.id, None)?;
        }
        Ok(())
    }

    /// Publishes `notify` and `notify-next` for each thing whose pending executions changed.
    fn notify(&self, old: &Book, new: &Book) {
        let things_of = |book: &Book, other: &Book| -> Vec<String> {
            let changed = book.jobs().filter(|job| other.job(&job.id) != Ok(*job));
            changed
                .flat_map(|job| job.executions.keys().cloned())
                .collect()
        };
        let mut things: BTreeSet<String> = things_of(new, old).into_iter().collect();
        things.extend(things_of(old, new));
        for thing in things {
            let pending = new.pending(&thing);
            let (before, after) = (seen(&old.pending(&thing)), seen(&pending));
            if before != after {
                let jobs = document::by_status(&pending);
                self.publish(&thing, "notify", json!({ "jobs": jobs }));
            }
            let next = |seen: &Seen| seen.first().map(|(id, number, _)| (id.clone(), *number));
            if next(&before) != next(&after) {
                let execution = pending.first().copied();
                let execution = execution.map(|place| document::execution(place, true));
                let execution = execution.unwrap_or_else(|| json!({}));
                self.publish(&thing, "notify-next", json!({ "execution": execution }));
            }
        }
    }

    fn publish(&self, thing: &str, kind: &str, mut body: Value) {
        body["timestamp"] = document::seconds(self.now_ms());
        let topic = format!("$aws/things/{thing}/jobs/{kind}");
        let payload = body.to_string().into_bytes();
        self.inner
            .broker
            .publish(Message::from_cloud(topic, payload));
    }
}

fn seen(pending: &[Place<'_>]) -> Seen {
    let rows = pending.iter().map(|place| {
        let execution = place.execution;
        (place.job.id.clone(), execution.number, execution.status)
    });
    rows.collect()
}

fn no_target(target: &str) -> JobError {
    JobError::NotFound(format!("Target {target} cannot be found"))
}
