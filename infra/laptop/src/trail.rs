//! What happens in the stack as the console draws it: the ways of presses and the messages, as one
//! stream of events for each page.
//!
//! While nobody looks, what happens is only put aside; the first look works it up.
//!
//! Must not know: what a way or a message says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use local_cloud::{Event, EventKind};
use serde_json::json;
use tokio::sync::{Notify, broadcast};

use crate::message::{Message, Messages};
use crate::way::Ways;

/// Notes kept for a slow receiver; one that lags further behind gets everything again.
const NOTES_MAX: usize = 256;
/// What is put aside while nobody looks: enough for the newest ways of a busy stack.
const BACKLOG_MAX: usize = 2_000;
/// Pause between two looks for ways that nothing moves.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// The ways and messages.
pub struct Trail {
    content: Mutex<Content>,
    ways: broadcast::Sender<Note>,
    messages: broadcast::Sender<Note>,
    seen: Notify,
}

struct Content {
    backlog: VecDeque<Happened>,
    ways: Ways,
    messages: Messages,
    /// The message that was noted last and is not sent yet.
    new_message: Option<Message>,
}

/// Something that a way or a message is made of.
enum Happened {
    InCloud(Arc<Event>),
    AtLatch {
        at: u64,
        lock: String,
        latch: String,
    },
}

/// Everything until a moment, and what follows.
pub struct TrailLook {
    /// The ways, then the messages.
    pub whole: [Note; 2],
    pub ways: broadcast::Receiver<Note>,
    pub messages: broadcast::Receiver<Note>,
}

/// One event for a page.
#[derive(Debug, Clone)]
pub struct Note {
    /// `ways`, `way`, `messages` or `message`; of the faults, `faults` or `fault`.
    pub kind: &'static str,
    /// JSON.
    pub text: Arc<str>,
}

impl Note {
    /// An event of this kind with this body.
    pub fn new(kind: &'static str, body: &impl serde::Serialize) -> Self {
        let text = json!(body).to_string().into();
        Self { kind, text }
    }
}

impl Trail {
    /// An empty trail of presses that are written to this table.
    pub fn new(table: &str) -> Self {
        Self {
            content: Mutex::new(Content {
                backlog: VecDeque::new(),
                ways: Ways::new(table),
                messages: Messages::default(),
                new_message: None,
            }),
            ways: broadcast::channel(NOTES_MAX).0,
            messages: broadcast::channel(NOTES_MAX).0,
            seen: Notify::new(),
        }
    }

    /// Notes an event of the local cloud.
    pub fn on_event(&self, event: &Arc<Event>) {
        if is_of_trail(&event.kind) {
            self.note(Happened::InCloud(Arc::clone(event)));
        }
    }

    /// Notes that the latch of a lock has moved.
    pub fn on_latch(&self, at: u64, lock: &str, latch: &str) {
        let (lock, latch) = (lock.to_owned(), latch.to_owned());
        self.note(Happened::AtLatch { at, lock, latch });
    }

    fn note(&self, happened: Happened) {
        let mut content = crate::lock(&self.content);
        if !self.is_seen() {
            if content.backlog.len() == BACKLOG_MAX {
                content.backlog.pop_front();
            }
            content.backlog.push_back(happened);
            return;
        }
        content.apply(&happened);
        if let Some(message) = content.new_message.take() {
            send(&self.messages, Note::new("message", &message));
        }
        self.send_grown(&mut content);
    }

    fn is_seen(&self) -> bool {
        self.ways.receiver_count() > 0
    }

    fn send_grown(&self, content: &mut Content) {
        for way in content.ways.take_grown() {
            send(&self.ways, Note::new("way", &way));
        }
    }

    /// Everything until now, and receivers of what follows.
    pub fn look(&self) -> TrailLook {
        let mut content = crate::lock(&self.content);
        content.work_up();
        let whole = [content.all_ways(), content.all_messages()];
        // To those who look already.
        self.send_grown(&mut content);
        let (ways, messages) = (self.ways.subscribe(), self.messages.subscribe());
        drop(content);
        self.seen.notify_one();
        TrailLook {
            whole,
            ways,
            messages,
        }
    }

    /// The ways until now.
    pub fn ways(&self) -> Note {
        crate::lock(&self.content).all_ways()
    }

    /// The messages until now.
    pub fn messages(&self) -> Note {
        crate::lock(&self.content).all_messages()
    }

    /// Ends ways that nothing moves, while somebody looks, until dropped.
    pub async fn keep(&self) {
        loop {
            if !self.is_seen() {
                self.seen.notified().await;
            }
            {
                let mut content = crate::lock(&self.content);
                content.ways.pass_time(lock_aws::clock::now().0);
                self.send_grown(&mut content);
            }
            tokio::time::sleep(CHECK_EVERY).await;
        }
    }
}

impl Content {
    /// Works up what was put aside.
    fn work_up(&mut self) {
        for happened in std::mem::take(&mut self.backlog) {
            self.apply(&happened);
        }
        self.new_message = None;
        self.ways.pass_time(lock_aws::clock::now().0);
    }

    fn apply(&mut self, happened: &Happened) {
        match happened {
            Happened::InCloud(event) => {
                self.ways.pass_time(event.at_ms);
                self.ways.note(event);
                if let EventKind::Published {
                    topic,
                    payload,
                    client,
                    qos,
                } = &event.kind
                {
                    let (at, client) = (event.at_ms, client.as_deref());
                    let message = self.messages.note(at, topic, payload, client, *qos);
                    self.new_message = Some(message.clone());
                }
            }
            Happened::AtLatch { at, lock, latch } => self.ways.note_latch(*at, lock, latch),
        }
    }

    fn all_ways(&self) -> Note {
        Note::new("ways", &self.ways.all().collect::<Vec<_>>())
    }

    fn all_messages(&self) -> Note {
        Note::new("messages", &self.messages.all().collect::<Vec<_>>())
    }
}

/// Without a receiver nothing is lost: the next one begins with everything.
fn send(notes: &broadcast::Sender<Note>, note: Note) {
    let _ = notes.send(note);
}

/// Whether a way or a message is made of it.
fn is_of_trail(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Published { .. }
            | EventKind::RuleMatched { .. }
            | EventKind::RuleInvoked { .. }
            | EventKind::RuleFailed { .. }
            | EventKind::Invoked { .. }
            | EventKind::Completed { .. }
            | EventKind::Throttled { .. }
            | EventKind::Retrying { .. }
            | EventKind::GivenUp { .. }
            | EventKind::FunctionLog { .. }
            | EventKind::Written { .. }
            | EventKind::FaultInjected { .. }
    )
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn pressed(at_ms: u64, number: u64) -> Arc<Event> {
        let payload = json!({ "clickType": "SINGLE", "sequence": number }).to_string();
        let kind = EventKind::Published {
            topic: "iotbutton/button-1".to_owned(),
            payload: payload.into_bytes().into(),
            client: Some("button-1".to_owned()),
            qos: 1,
        };
        Arc::new(Event { at_ms, kind })
    }

    fn parse(note: &Note) -> (&'static str, Value) {
        (note.kind, serde_json::from_str(&note.text).expect("JSON"))
    }

    fn now() -> u64 {
        lock_aws::clock::now().0
    }

    #[tokio::test]
    async fn nothing_is_worked_up_until_the_first_look_which_has_the_newest() {
        let trail = Trail::new("t");
        for number in 1..=3_000 {
            trail.on_event(&pressed(now(), number));
        }
        assert_eq!(crate::lock(&trail.content).messages.all().count(), 0);
        assert_eq!(crate::lock(&trail.content).backlog.len(), BACKLOG_MAX);
        let [ways, messages] = trail.look().whole.each_ref().map(parse);
        assert_eq!((ways.0, messages.0), ("ways", "messages"));
        let details = ways.1.as_array().expect("ways").iter();
        let details = details.map(|way| way["steps"][0]["detail"].as_str());
        let details: Vec<_> = details.flatten().collect();
        let wanted = 2_981..=3_000;
        let wanted: Vec<_> = wanted.map(|n| format!("SINGLE, number {n}")).collect();
        assert_eq!(details, wanted);
        assert_eq!(messages.1.as_array().map(Vec::len), Some(50));
        // The page has left: what follows is put aside again.
        trail.on_event(&pressed(now(), 3_001));
        assert_eq!(crate::lock(&trail.content).backlog.len(), 1);
    }

    #[tokio::test]
    async fn a_page_gets_each_message_and_each_way_whole_as_it_grows() {
        let trail = Trail::new("t");
        let mut look = trail.look();
        assert_eq!(look.whole.each_ref().map(|note| &*note.text), ["[]", "[]"]);
        trail.on_event(&pressed(now(), 1));
        let kind = EventKind::RuleMatched {
            rule: "r".to_owned(),
            topic: "iotbutton/button-1".to_owned(),
        };
        trail.on_event(&Arc::new(Event { at_ms: now(), kind }));
        let mut seen = Vec::new();
        for notes in [&mut look.messages, &mut look.ways] {
            while let Ok(note) = notes.try_recv() {
                let (kind, body) = parse(&note);
                seen.push((
                    kind,
                    body["id"].clone(),
                    body["steps"].as_array().map(Vec::len),
                ));
            }
        }
        let wanted = [
            ("message", json!(1), None),
            ("way", json!("way-1"), Some(2)),
            ("way", json!("way-1"), Some(3)),
        ];
        assert_eq!(seen, wanted);
        // A second page gets the whole, and the first one nothing twice.
        let second = trail.look();
        assert_eq!(parse(&second.whole[0]).1[0]["steps"][2]["detail"], "r");
        assert!(look.ways.try_recv().is_err());
    }

    #[tokio::test]
    async fn a_way_that_nothing_moves_ends_while_somebody_looks() {
        let trail = Trail::new("t");
        let mut look = trail.look();
        trail.on_event(&pressed(now() - 60_001, 1));
        let end = async {
            loop {
                let note = look.ways.recv().await.expect("the trail is there");
                let (_, body) = parse(&note);
                if body["end"].is_object() {
                    return body["end"].clone();
                }
            }
        };
        let end = tokio::select! {
            () = trail.keep() => unreachable!("it keeps on"),
            end = tokio::time::timeout(Duration::from_secs(60), end) => end.expect("an end"),
        };
        assert_eq!(end["kind"], "lost");
        assert_eq!(end["where"], "broker");
    }
}
