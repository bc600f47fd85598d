//! The board: for each lock its device, record, shadow and last events, side by side, kept fresh by what happens.
//! Reads only; the console shows it and the start waits on it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use local_cloud::{Event, EventKind};
use lock_aws::{Cloud, chain};
use lock_core::event::Subject;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName, NameError};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use crate::fleet::Fleet;
use crate::view;

/// Events shown for each lock.
const HISTORY_LINES: usize = 12;
/// Everything is read again at least this often while somebody looks: a binding can change without any event here.
const REFRESH: Duration = Duration::from_secs(5);

/// What is shown.
pub struct Board {
    cloud: Cloud,
    fleet: Arc<Fleet>,
    locks: Vec<LockName>,
    buttons: Vec<ButtonSerial>,
    stale: Mutex<BTreeSet<LockName>>,
    touched: Notify,
    state: watch::Sender<Arc<Value>>,
}

impl Board {
    /// A board of the given things; empty until `keep` runs.
    pub fn new<'a>(
        cloud: Cloud,
        fleet: Arc<Fleet>,
        locks: impl Iterator<Item = &'a str>,
        buttons: impl Iterator<Item = &'a str>,
    ) -> Result<Self, NameError> {
        let locks = locks.map(LockName::new).collect::<Result<Vec<_>, _>>()?;
        let buttons = buttons
            .map(ButtonSerial::new)
            .collect::<Result<Vec<_>, _>>()?;
        let stale = Mutex::new(locks.iter().cloned().collect());
        let (state, _) = watch::channel(Arc::new(json!({ "locks": [], "buttons": [] })));
        Ok(Self {
            cloud,
            fleet,
            locks,
            buttons,
            stale,
            touched: Notify::new(),
            state,
        })
    }

    /// What it shows now.
    pub fn now(&self) -> Arc<Value> {
        Arc::clone(&self.state.borrow())
    }

    /// What it shows now and from now on.
    pub fn watch(&self) -> watch::Receiver<Arc<Value>> {
        self.state.subscribe()
    }

    /// Something about this thing may have changed.
    pub fn touch(&self, thing: &str) {
        if let Some(lock) = self.locks.iter().find(|lock| lock.as_str() == thing) {
            self.stale
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .insert(lock.clone());
        }
        self.touched.notify_one();
    }

    /// Takes note of something that happened in the cloud.
    pub fn cloud(&self, event: &Event) {
        match &event.kind {
            EventKind::ShadowUpdated { thing, .. } => self.touch(thing),
            EventKind::Connected { client } | EventKind::Disconnected { client, .. } => {
                self.touch(client)
            }
            // A function has ended: it may have written any record.
            EventKind::Completed { .. } => self.touch_all(),
            _ => {}
        }
    }

    /// Everything may have changed.
    pub fn touch_all(&self) {
        self.stale
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .extend(self.locks.iter().cloned());
        self.touched.notify_one();
    }

    /// Keeps the board fresh, for ever. A read that fails is shown, and tried again with the next change.
    pub async fn keep(&self) {
        let mut known: BTreeMap<LockName, Value> = BTreeMap::new();
        let mut anyway = tokio::time::interval(REFRESH);
        loop {
            tokio::select! {
                () = self.touched.notified() => {}
                _ = anyway.tick() => if self.state.receiver_count() > 0 { self.touch_all() },
            }
            let stale = std::mem::take(
                &mut *self
                    .stale
                    .lock()
                    .unwrap_or_else(std::sync::PoisonError::into_inner),
            );
            let limits = self.limits().await;
            for lock in stale {
                let read = self
                    .read(&lock, limits.as_ref())
                    .await
                    .unwrap_or_else(|error| json!({ "error": format!("{error:#}") }));
                known.insert(lock, read);
            }
            let state = Arc::new(self.compose(&known).await);
            self.state.send_if_modified(|shown| {
                let new = **shown != *state;
                *shown = state;
                new
            });
        }
    }

    async fn limits(&self) -> Option<Limits> {
        let read = self.cloud.store.read_limits().await;
        read.unwrap_or_else(|error| {
            tracing::warn!("{}", chain(&error));
            None
        })
    }

    async fn compose(&self, known: &BTreeMap<LockName, Value>) -> Value {
        let seen = |thing: &str| self.fleet.device(thing).map(|device| json!(device.seen()));
        let locks: Vec<Value> = self
            .locks
            .iter()
            .map(|lock| {
                let mut shown = known.get(lock).cloned().unwrap_or_else(|| json!({}));
                shown["thing"] = json!(lock);
                shown["device"] = json!(seen(lock.as_str()));
                shown
            })
            .collect();
        let mut buttons = Vec::new();
        for button in &self.buttons {
            let bound = self.cloud.store.read_binding(button).await;
            let lock = bound.ok().flatten().and_then(|binding| binding.lock);
            buttons.push(json!({ "thing": button, "lock": lock, "device": seen(button.as_str()) }));
        }
        json!({ "locks": locks, "buttons": buttons })
    }

    async fn read(&self, lock: &LockName, limits: Option<&Limits>) -> Result<Value> {
        let (cloud, now) = (&self.cloud, self.cloud.clock.now());
        let record = cloud.store.read_record(lock).await?;
        let shadow = cloud.publisher.get_shadow(lock).await?;
        let subject = Subject::Lock(lock.clone());
        let history = cloud.store.history(&subject, HISTORY_LINES, now).await?;
        Ok(json!({
            "record": record.as_ref().map(|record| view::record(record, now, limits)),
            "shadow": shadow.map(|shadow| shown(&shadow)),
            "history": history.iter().map(view::event).collect::<Vec<_>>(),
        }))
    }
}

/// The parts of a shadow document worth showing.
fn shown(document: &Value) -> Value {
    json!({
        "reported": document["state"]["reported"],
        "version": document["version"],
        "at": document["timestamp"].as_u64().map(|seconds| seconds * 1000),
    })
}
