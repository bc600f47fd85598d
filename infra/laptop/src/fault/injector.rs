//! Arms faults while the stack runs, carries out those of devices on schedule, and keeps the
//! journal of all.
//!
//! Must not know: where a fault was written.

use std::sync::{Arc, Mutex};

use anyhow::{Context, Result, bail};
use local_cloud::fault::Faults as CloudFaults;
use local_cloud::{Event, EventKind, Fault};
use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast};

use super::journal::Journal;
use super::{DeviceFault, kind};
use crate::board::Board;
use crate::device::Kind;
use crate::fleet::Fleet;
use crate::trail::Note;

/// Notes kept for a slow receiver; one that lags further behind gets everything again.
const NOTES_MAX: usize = 256;

/// Faults that can be armed, and those that struck.
pub struct Injector {
    cloud: Arc<CloudFaults>,
    fleet: Arc<Fleet>,
    board: Arc<Board>,
    content: Mutex<Content>,
    notes: broadcast::Sender<Note>,
}

#[derive(Default)]
struct Content {
    journal: Journal,
    /// The faults of devices that have not ended.
    running: Vec<Arc<Running>>,
}

/// A fault of a device that waits for its time or lasts.
struct Running {
    fault: DeviceFault,
    spec: String,
    /// A person ends it.
    ended: Notify,
}

/// Everything until a moment, and what follows.
pub struct Look {
    pub whole: Note,
    pub notes: broadcast::Receiver<Note>,
}

impl Injector {
    /// An injector without faults of devices.
    pub fn new(cloud: Arc<CloudFaults>, fleet: Arc<Fleet>, board: Arc<Board>) -> Self {
        Self {
            cloud,
            fleet,
            board,
            content: Mutex::default(),
            notes: broadcast::channel(NOTES_MAX).0,
        }
    }

    /// Notes an event of the local cloud.
    pub fn on_event(&self, event: &Event) {
        if let EventKind::FaultInjected {
            fault,
            target,
            occurrence,
        } = &event.kind
        {
            self.note(
                event.at_ms,
                fault,
                target,
                format!("occurrence {occurrence}"),
            );
        }
    }

    fn note(&self, at: u64, fault: &str, target: &str, what: String) {
        let mut content = crate::lock(&self.content);
        let entry = content.journal.note(at, fault, target, what);
        let body = json!({ "entry": entry, "armed": self.armed(&content) });
        // Without a receiver nothing is lost: the next one begins with everything.
        let _ = self.notes.send(Note::new("fault", &body));
    }

    /// The faults that can still strike or last, as they are written.
    fn armed(&self, content: &Content) -> Vec<String> {
        let of_devices = content.running.iter().map(|running| running.spec.clone());
        self.cloud.armed().into_iter().chain(of_devices).collect()
    }

    /// Arms a fault; its occurrences count, and its times run, from now.
    ///
    /// # Errors
    ///
    /// It could never strike.
    pub fn arm(self: &Arc<Self>, fault: Fault) -> Result<()> {
        match DeviceFault::of(fault) {
            Err(fault) => self.cloud.arm(fault)?,
            Ok(fault) => {
                if self.fleet.device(&fault.thing).is_none() {
                    let (thing, there) = (&fault.thing, self.fleet.things().join(", "));
                    bail!("no device {thing} runs here; the devices are {there}");
                }
                let (injector, running) = (Arc::clone(self), self.begin(fault));
                tokio::spawn(async move {
                    if let Err(error) = injector.carry_out(&running).await {
                        let (now, Running { fault, spec, .. }) = (now(), &*running);
                        injector.note(now, spec, &fault.thing, format!("failed: {error:#}"));
                    }
                });
            }
        }
        self.show_all();
        Ok(())
    }

    /// Ends a fault, as it is written in the list of those armed. Returns whether it was armed.
    pub fn end(&self, spec: &str) -> bool {
        let is_of_cloud = self.cloud.end(spec);
        let running = {
            let content = crate::lock(&self.content);
            let mut running = content.running.iter();
            running.find(|running| running.spec == spec).cloned()
        };
        if let Some(running) = &running {
            running.ended.notify_one();
        }
        self.show_all();
        is_of_cloud || running.is_some()
    }

    /// Carries out the faults of the start, timed from this call, then waits until dropped.
    ///
    /// # Errors
    ///
    /// A device cannot be switched.
    pub async fn run(self: &Arc<Self>, faults: &[DeviceFault]) -> Result<()> {
        let mut tasks = tokio::task::JoinSet::new();
        for fault in faults {
            let (injector, running) = (Arc::clone(self), self.begin(fault.clone()));
            tasks.spawn(async move { injector.carry_out(&running).await });
        }
        self.show_all();
        while let Some(outcome) = tasks.join_next().await {
            outcome.context("a fault's task has panicked")??;
        }
        std::future::pending().await
    }

    fn begin(&self, fault: DeviceFault) -> Arc<Running> {
        let mut content = crate::lock(&self.content);
        let (mut spec, mut number) = (fault.spec(), 1);
        while content.running.iter().any(|running| running.spec == spec) {
            number += 1;
            spec = format!("{} ({number})", fault.spec());
        }
        let running = Arc::new(Running {
            fault,
            spec,
            ended: Notify::new(),
        });
        content.running.push(Arc::clone(&running));
        running
    }

    async fn carry_out(&self, running: &Arc<Running>) -> Result<()> {
        let outcome = self.switch_twice(running).await;
        let mut content = crate::lock(&self.content);
        content.running.retain(|other| !Arc::ptr_eq(other, running));
        drop(content);
        self.show_all();
        outcome
    }

    async fn switch_twice(&self, running: &Running) -> Result<()> {
        let schedule = running.fault.schedule;
        tokio::select! {
            () = tokio::time::sleep(schedule.at) => self.switch(running, true).await?,
            () = running.ended.notified() => return Ok(()),
        }
        let Some(lasts) = schedule.lasts else {
            return Ok(());
        };
        tokio::select! {
            () = tokio::time::sleep(lasts) => {}
            () = running.ended.notified() => {}
        }
        self.switch(running, false).await
    }

    async fn switch(&self, Running { fault, spec, .. }: &Running, begins: bool) -> Result<()> {
        let device = self.fleet.device(&fault.thing);
        let device = device.with_context(|| format!("fault {spec}: no device {}", fault.thing))?;
        fault.switch(device, begins).await?;
        self.board.touch_device(&fault.thing);
        let what = if begins { "begins" } else { "ends" };
        self.note(now(), spec, &fault.thing, what.to_owned());
        Ok(())
    }

    /// What can be armed, what is, and what struck: `{"kinds":[…],"armed":[…],"journal":[…]}`.
    pub fn all(&self) -> Value {
        let lock = self.fleet.first(Kind::Lock).unwrap_or("lock-1");
        let mut all = self.whole(&crate::lock(&self.content));
        all["kinds"] = json!(kind::all(lock));
        all["notes"] = json!(Fault::notes());
        all
    }

    fn whole(&self, content: &Content) -> Value {
        json!({ "armed": self.armed(content), "journal": content.journal.entries() })
    }

    /// The whole until now.
    pub fn note_of_all(&self) -> Note {
        Note::new("faults", &self.whole(&crate::lock(&self.content)))
    }

    /// The whole until now, and a receiver of what follows.
    pub fn look(&self) -> Look {
        let content = crate::lock(&self.content);
        let notes = self.notes.subscribe();
        let whole = Note::new("faults", &self.whole(&content));
        drop(content);
        Look { whole, notes }
    }

    /// Shows the whole to those who look.
    fn show_all(&self) {
        let content = crate::lock(&self.content);
        let _ = self.notes.send(Note::new("faults", &self.whole(&content)));
    }
}

fn now() -> u64 {
    lock_aws::clock::now().0
}
