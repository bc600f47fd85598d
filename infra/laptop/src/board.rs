//! The board: device, record, shadow and newest events of each lock, updated as they change. The
//! console shows it, and `lockctl local` waits on it until every lock is settled.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::Result;
use local_cloud::{Event, EventKind};
use lock_aws::{Cloud, chain};
use lock_core::event::Subject;
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName, NameError};
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use crate::device::Kind;
use crate::fleet::Fleet;
use crate::view;

/// Number of events shown for each lock.
const EVENTS_SHOWN: usize = 12;
/// Number of notifications shown.
const ALERTS_SHOWN: usize = 8;
/// Everything is read again this often while a page is open: another process can change a binding
/// without an event of the local cloud.
const REFRESH: Duration = Duration::from_secs(5);

/// What the console shows.
pub struct Board {
    cloud: Cloud,
    fleet: Arc<Fleet>,
    locks: Vec<LockName>,
    buttons: Vec<ButtonSerial>,
    stale: Mutex<BTreeSet<LockName>>,
    /// Newest first.
    alerts: Mutex<VecDeque<Value>>,
    touched: Notify,
    state: watch::Sender<Arc<Value>>,
}

impl Board {
    /// A board of these things; empty until `keep` runs.
    pub fn new(
        cloud: Cloud,
        fleet: Arc<Fleet>,
        things: &BTreeMap<String, Kind>,
    ) -> Result<Self, NameError> {
        let (mut locks, mut buttons) = (Vec::new(), Vec::new());
        for (name, kind) in things {
            match kind {
                Kind::Lock => locks.push(LockName::new(name)?),
                Kind::Button => buttons.push(ButtonSerial::new(name)?),
            }
        }
        let stale = Mutex::new(locks.iter().cloned().collect());
        let (state, _) = watch::channel(Arc::new(
            json!({ "locks": [], "buttons": [], "alerts": [] }),
        ));
        Ok(Self {
            cloud,
            fleet,
            locks,
            buttons,
            stale,
            alerts: Mutex::default(),
            touched: Notify::new(),
            state,
        })
    }

    /// The state that it shows.
    pub fn now(&self) -> Arc<Value> {
        Arc::clone(&self.state.borrow())
    }

    /// The state that it shows, and every later one.
    pub fn watch(&self) -> watch::Receiver<Arc<Value>> {
        self.state.subscribe()
    }

    /// Marks a thing to be read again.
    pub fn touch(&self, thing: &str) {
        if let Some(lock) = self.locks.iter().find(|lock| lock.as_str() == thing) {
            crate::lock(&self.stale).insert(lock.clone());
        }
        self.touched.notify_one();
    }

    /// Marks what an event in the local cloud may have changed.
    pub fn on_event(&self, event: &Event) {
        match &event.kind {
            EventKind::ShadowUpdated { thing, .. } => self.touch(thing),
            EventKind::Connected { client } | EventKind::Disconnected { client, .. } => {
                self.touch(client)
            }
            EventKind::Notified {
                subject,
                message,
                deliveries,
                ..
            } => {
                let subject = subject.as_deref();
                self.show_alert(view::alert(event.at_ms, subject, message, deliveries));
            }
            // A function may have written any record.
            EventKind::Completed { .. } => self.touch_all(),
            _ => {}
        }
    }

    fn show_alert(&self, alert: Value) {
        let mut alerts = crate::lock(&self.alerts);
        alerts.push_front(alert);
        alerts.truncate(ALERTS_SHOWN);
        drop(alerts);
        self.touched.notify_one();
    }

    /// Marks everything to be read again.
    pub fn touch_all(&self) {
        crate::lock(&self.stale).extend(self.locks.iter().cloned());
        self.touched.notify_one();
    }

    /// Keeps the board up to date until dropped. A failed read is shown, and repeated with the next
    /// change.
    pub async fn keep(&self) {
        let mut shown: BTreeMap<LockName, Value> = BTreeMap::new();
        let mut refresh = tokio::time::interval(REFRESH);
        loop {
            tokio::select! {
                () = self.touched.notified() => {}
                _ = refresh.tick() => if self.state.receiver_count() > 0 { self.touch_all() },
            }
            let stale = std::mem::take(&mut *crate::lock(&self.stale));
            let (limits, names) = (self.limits().await, self.names().await);
            for lock in stale {
                let read = self
                    .read(&lock, &names, limits.as_ref())
                    .await
                    .unwrap_or_else(|error| json!({ "error": format!("{error:#}") }));
                shown.insert(lock, read);
            }
            let state = Arc::new(self.compose(&shown, &names).await);
            self.state.send_if_modified(|last| {
                let has_changed = **last != *state;
                *last = state;
                has_changed
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

    /// What people call the things now.
    async fn names(&self) -> Names {
        let locks = self.locks.iter().cloned().map(Subject::Lock);
        let buttons = self.buttons.iter().cloned().map(Subject::Button);
        let things: Vec<Subject> = locks.chain(buttons).collect();
        let read = self.cloud.store.read_labels(&things).await;
        read.unwrap_or_else(|error| {
            tracing::warn!("{}", chain(&error));
            Names::default()
        })
    }

    async fn compose(&self, records: &BTreeMap<LockName, Value>, names: &Names) -> Value {
        let device = |thing: &str| self.fleet.device(thing).map(|device| json!(device.state()));
        let locks: Vec<Value> = self
            .locks
            .iter()
            .map(|lock| {
                let shown = records.get(lock).cloned().unwrap_or_else(|| json!({}));
                let mut shown = view::lock(shown, names, lock);
                shown["thing"] = json!(lock);
                shown["device"] = json!(device(lock.as_str()));
                shown
            })
            .collect();
        let mut buttons = Vec::new();
        for button in &self.buttons {
            let bound = self.cloud.store.read_binding(button).await;
            let lock = bound.ok().flatten().and_then(|binding| binding.lock);
            let device = device(button.as_str());
            let shown = json!({ "thing": button, "lock": lock, "device": device });
            buttons.push(view::button(shown, names, button));
        }
        let alerts = crate::lock(&self.alerts).clone();
        json!({ "locks": locks, "buttons": buttons, "alerts": alerts })
    }

    async fn read(&self, lock: &LockName, names: &Names, limits: Option<&Limits>) -> Result<Value> {
        let (cloud, now) = (&self.cloud, self.cloud.clock.now());
        let record = cloud.store.read_record(lock).await?;
        let shadow = cloud.publisher.get_shadow(lock).await?;
        let subject = Subject::Lock(lock.clone());
        let history = cloud
            .store
            .read_history(&subject, EVENTS_SHOWN, now)
            .await?;
        Ok(json!({
            "record": record.as_ref().map(|record| view::record(record, names, now, limits)),
            "shadow": shadow.map(|shadow| shadow_summary(&shadow)),
            "history": history.iter().map(|event| view::event(event, names)).collect::<Vec<_>>(),
        }))
    }
}

/// The parts of a shadow document that the console shows.
fn shadow_summary(document: &Value) -> Value {
    json!({
        "reported": document["state"]["reported"],
        "version": document["version"],
        "at": document["timestamp"].as_u64().map(|seconds| seconds * 1000),
    })
}
