//! The board: device, record, shadow and newest events of each lock, updated as they change. The
//! console shows it, and `lockctl local` waits on it until every lock is settled.
//!
//! Only what has changed is read, and nothing while nobody looks. Whatever the number of locks, a
//! press costs the same.

mod frame;
mod part;
mod polled;
mod sheet;
mod source;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_cloud::{Event, EventKind};
use lock_aws::Cloud;
use lock_core::name::{ButtonSerial, LockName, NameError};
use lock_core::time::UnixMillis;
use serde_json::Value;

pub use self::frame::{About, Can, Fields, Frame, State};
use self::part::Part;
pub use self::polled::{PolledBoard, Read};
pub use self::sheet::{Look, Sheet};
use self::source::Source;
use crate::device::{DeviceState, Kind};
use crate::fleet::Fleet;
use crate::view;

/// Number of notifications shown.
const ALERTS_SHOWN: usize = 8;
/// Pause before a failed read is repeated.
const RETRY_AFTER: Duration = Duration::from_secs(2);
/// What the page can do on a laptop: it has buttons to press, so it asks no lock by itself.
const CAN: Can = Can {
    switch: true,
    request: false,
    trace: true,
};

/// What the console shows.
pub struct Board {
    cloud: Cloud,
    /// Name of the table.
    table: String,
    fleet: Arc<Fleet>,
    locks: Vec<LockName>,
    buttons: Vec<ButtonSerial>,
    content: Mutex<Content>,
    sheet: Arc<Sheet>,
}

#[derive(Debug, Default)]
struct Content {
    /// The parts to read again.
    stale: BTreeSet<Part>,
    /// Names of locks and buttons with a written item since the last frame, shown or not.
    written: BTreeSet<String>,
    /// Whether any other thing may have changed since then, too.
    has_changed_more: bool,
    /// Newest first.
    alerts: VecDeque<Value>,
}

impl Board {
    /// A board of these things in this table; empty until `keep` runs.
    pub fn new(
        cloud: Cloud,
        table: String,
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
        let board = Self {
            cloud,
            table,
            fleet,
            locks,
            buttons,
            content: Mutex::default(),
            sheet: Arc::new(Sheet::new(About {
                can: CAN,
                target: None,
            })),
        };
        board.show_all(&Source::default());
        board.touch_all();
        Ok(board)
    }

    /// What it shows, for those who look.
    pub fn sheet(&self) -> &Arc<Sheet> {
        &self.sheet
    }

    /// Waits until it shows a state that fits.
    pub async fn wait_until(&self, fits: impl Fn(&State) -> bool) {
        self.sheet.wait_until(fits).await;
    }

    /// The state that it shows, which is old if nobody looks.
    pub fn last(&self) -> State {
        self.sheet.last()
    }

    /// Marks a device to be shown again.
    pub fn touch_device(&self, thing: &str) {
        self.touch(Part::Device(thing.to_owned()));
    }

    /// Marks what an event in the local cloud has changed.
    pub fn on_event(&self, event: &Event) {
        match &event.kind {
            EventKind::Written { table, keys } if *table == self.table => self.on_written(keys),
            EventKind::ShadowUpdated { thing, .. } => self.touch_shadow(thing),
            EventKind::Published { topic, .. } => {
                if let Some(thing) = deleted_shadow(topic) {
                    self.touch_shadow(thing);
                }
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
            _ => {}
        }
    }

    fn on_written(&self, keys: &[BTreeMap<String, String>]) {
        // Without keys, any item may be another.
        if keys.is_empty() {
            return self.touch_all();
        }
        for key in keys {
            let Some((subject, part)) = part::of_item(key) else {
                continue;
            };
            if let Some(subject) = subject.filter(|_| self.sheet.is_seen()) {
                let name = subject.name().to_owned();
                crate::lock(&self.content).written.insert(name);
                self.sheet.touch();
            }
            if let Some(part) = part {
                crate::lock(&self.content).has_changed_more |= part.is_shared();
                self.touch(part);
            }
        }
    }

    fn touch_shadow(&self, thing: &str) {
        if let Ok(lock) = LockName::new(thing) {
            self.touch(Part::Shadow(lock));
        }
    }

    fn touch(&self, part: Part) {
        if self.has(&part) {
            crate::lock(&self.content).stale.insert(part);
            self.sheet.touch();
        }
    }

    /// Whether it shows this part.
    fn has(&self, part: &Part) -> bool {
        let is_shown = |thing| self.lock(thing).is_some() || self.button(thing).is_some();
        part.thing().is_none_or(is_shown)
    }

    fn lock(&self, thing: &str) -> Option<&LockName> {
        let found = self.locks.binary_search_by(|it| it.as_str().cmp(thing));
        found.ok().map(|at| &self.locks[at])
    }

    fn button(&self, thing: &str) -> Option<&ButtonSerial> {
        let found = self.buttons.binary_search_by(|it| it.as_str().cmp(thing));
        found.ok().map(|at| &self.buttons[at])
    }

    fn show_alert(&self, alert: Value) {
        let mut content = crate::lock(&self.content);
        content.alerts.push_front(alert);
        content.alerts.truncate(ALERTS_SHOWN);
        drop(content);
        self.sheet.touch();
    }

    /// Marks everything to be read again.
    pub fn touch_all(&self) {
        let locks = self.locks.iter().flat_map(Part::of_lock);
        let buttons = self.buttons.iter().flat_map(Part::of_button);
        let all = locks.chain(buttons).chain([Part::Limits]);
        let mut content = crate::lock(&self.content);
        content.stale.extend(all);
        content.has_changed_more = true;
        drop(content);
        self.sheet.touch();
    }

    /// Keeps the board up to date until dropped. A failed read is shown, and repeated.
    pub async fn keep(&self) {
        let mut source = Source::default();
        let mut shown_until = self.cloud.clock.now();
        loop {
            self.wait(&source, &mut shown_until).await;
            let update = self.sheet.begin_update();
            let mut stale = std::mem::take(&mut crate::lock(&self.content).stale);
            stale.extend(source.failed_parts().cloned());
            source.read(&self.cloud, &stale).await;
            if stale.iter().any(Part::is_shared) {
                self.show_all(&source);
            } else {
                self.show(&source, stale.iter().filter_map(Part::thing));
            }
            self.sheet.end_update(update);
        }
    }

    /// Waits until something was touched, or a failed read is due again, while somebody looks. What
    /// time alone changes is shown meanwhile, up to `shown_until`.
    async fn wait(&self, source: &Source, shown_until: &mut UnixMillis) {
        loop {
            let mut pause = None;
            if self.sheet.is_seen() {
                let now = self.cloud.clock.now();
                let overdue = source.overdue(*shown_until, now);
                self.show(source, overdue.map(LockName::as_str));
                *shown_until = now;
                let next = source.next_overdue(now);
                let next = next.map(|at| Duration::from_millis(at.0.saturating_sub(now.0)));
                let retry = source.failed_parts().next().map(|_| RETRY_AFTER);
                pause = next.into_iter().chain(retry).min();
            }
            tokio::select! {
                () = self.sheet.touched() => if self.sheet.is_seen() { return },
                () = tokio::time::sleep(pause.unwrap_or_default()), if pause.is_some() => {
                    if source.failed_parts().next().is_some() { return }
                }
            }
        }
    }

    fn show_all(&self, source: &Source) {
        let locks = self.locks.iter().map(LockName::as_str);
        let buttons = self.buttons.iter().map(ButtonSerial::as_str);
        self.show(source, locks.chain(buttons));
    }

    /// Shows these things as they were read, and sends what differs.
    fn show<'a>(&self, source: &Source, things: impl Iterator<Item = &'a str>) {
        let now = self.cloud.clock.now();
        let mut after = State::default();
        for thing in BTreeSet::from_iter(things) {
            let device = self.device(thing);
            if let Some(lock) = self.lock(thing) {
                let shown = source.show_lock(lock, device, now);
                after.locks.insert(thing.to_owned(), shown);
            } else if let Some(button) = self.button(thing) {
                let shown = source.show_button(button, device);
                after.buttons.insert(thing.to_owned(), shown);
            }
        }
        self.publish(after);
    }

    fn device(&self, thing: &str) -> Option<DeviceState> {
        self.fleet.device(thing).map(|device| device.state())
    }

    /// Puts these things into the state.
    fn publish(&self, mut after: State) {
        let mut content = crate::lock(&self.content);
        after.alerts = content.alerts.iter().cloned().collect();
        let written = std::mem::take(&mut content.written);
        let has_changed_more = std::mem::take(&mut content.has_changed_more);
        drop(content);
        self.sheet.publish(after, &written, has_changed_more);
    }
}

/// The thing whose shadow was deleted, from the topic of the answer.
fn deleted_shadow(topic: &str) -> Option<&str> {
    let rest = topic.strip_prefix("$aws/things/")?;
    rest.strip_suffix("/shadow/delete/accepted")
}

#[cfg(test)]
mod tests;
