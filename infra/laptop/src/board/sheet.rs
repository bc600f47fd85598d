//! The state that is shown, as numbered frames to those who look.
//!
//! Must not know: where the state comes from.

use std::collections::BTreeSet;
use std::sync::Mutex;

use serde_json::{Value, json};
use tokio::sync::{Notify, broadcast, watch};

use super::frame::{self, About, Frame, State};

/// Frames kept for a slow receiver; one that lags further behind gets the whole state again.
const FRAMES_MAX: usize = 64;

/// The state and its receivers.
#[derive(Debug)]
pub struct Sheet {
    about: About,
    content: Mutex<Content>,
    touched: Notify,
    frames: broadcast::Sender<Frame>,
    /// Number of updates that are done.
    updates: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Content {
    state: State,
    /// Number of the newest frame.
    number: u64,
    /// Number of updates that have begun.
    begun: u64,
}

/// A receiver of frames. While there is one, the state is kept up to date.
pub struct Look {
    /// The first frame: the whole state.
    pub first: Frame,
    /// The frames after it, perhaps with some before it.
    pub frames: broadcast::Receiver<Frame>,
}

impl Sheet {
    /// An empty sheet.
    pub fn new(about: About) -> Self {
        Self {
            about,
            content: Mutex::default(),
            touched: Notify::new(),
            frames: broadcast::channel(FRAMES_MAX).0,
            updates: watch::Sender::default(),
        }
    }

    /// A receiver, from the state at this call on.
    pub async fn look(&self) -> Look {
        let frames = self.frames.subscribe();
        let mut updates = self.updates.subscribe();
        // One that has begun may have taken its reads before this call.
        let wanted = crate::lock(&self.content).begun + 1;
        self.touched.notify_one();
        // The sheet holds the sender, so this ends with an update.
        let _ = updates.wait_for(|done| *done >= wanted).await;
        Look {
            first: self.whole(),
            frames,
        }
    }

    /// The whole state, as a frame.
    pub fn whole(&self) -> Frame {
        let content = crate::lock(&self.content);
        content.state.frame(content.number, &self.about)
    }

    /// Waits until it shows a state that fits.
    pub async fn wait_until(&self, fits: impl Fn(&State) -> bool) {
        let mut frames = self.frames.subscribe();
        self.touched.notify_one();
        while !fits(&crate::lock(&self.content).state) {
            // A missed frame is one more reason to look.
            let _ = frames.recv().await;
        }
    }

    /// The state that it shows, which is old if nobody looks.
    pub fn last(&self) -> State {
        crate::lock(&self.content).state.clone()
    }

    /// Whether anybody looks.
    pub fn is_seen(&self) -> bool {
        self.frames.receiver_count() > 0
    }

    /// Says that an update is due.
    pub fn touch(&self) {
        self.touched.notify_one();
    }

    /// Waits until an update is due, or somebody begins to look.
    pub async fn touched(&self) {
        self.touched.notified().await;
    }

    /// Begins an update. Returns its number.
    pub fn begin_update(&self) -> u64 {
        let mut content = crate::lock(&self.content);
        content.begun += 1;
        content.begun
    }

    /// Ends the update of this number.
    pub fn end_update(&self, number: u64) {
        self.updates.send_replace(number);
    }

    /// Puts these things into the state, and sends what differs, the names of what was `written`
    /// and whether any `more` may have changed.
    pub fn publish(&self, mut after: State, written: &BTreeSet<String>, more: bool) {
        let mut content = crate::lock(&self.content);
        let body = frame::difference(&content.state, &after);
        content.state.locks.append(&mut after.locks);
        content.state.buttons.append(&mut after.buttons);
        content.state.alerts = after.alerts;
        content.state.error = after.error;
        if !body.is_empty() || !written.is_empty() || more {
            self.send_change(&mut content, body, written, more);
        }
    }

    /// Makes this the whole state. Sends what differs, or everything if other things are shown than
    /// before. Returns whether anything differs.
    pub fn replace(&self, after: State) -> bool {
        let mut content = crate::lock(&self.content);
        let before = std::mem::replace(&mut content.state, after);
        if before == content.state {
            return false;
        }
        let after = &content.state;
        let has_same_things = before.locks.keys().eq(after.locks.keys())
            && before.buttons.keys().eq(after.buttons.keys());
        if has_same_things {
            let body = frame::difference(&before, after);
            self.send_change(&mut content, body, &BTreeSet::new(), true);
        } else {
            content.number += 1;
            self.send(content.state.frame(content.number, &self.about));
        }
        true
    }

    fn send_change(
        &self,
        content: &mut Content,
        mut body: frame::Fields,
        written: &BTreeSet<String>,
        more: bool,
    ) {
        content.number += 1;
        let number = content.number;
        body.insert("number".to_owned(), json!(number));
        body.insert("written".to_owned(), json!(written));
        body.insert("more".to_owned(), json!(more));
        self.send(Frame {
            number,
            kind: "change",
            text: Value::Object(body).to_string().into(),
        });
    }

    fn send(&self, frame: Frame) {
        // Without a receiver nothing is lost: the next one begins with the whole state.
        let _ = self.frames.send(frame);
    }
}
