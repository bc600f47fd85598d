//! What the messages, keys and log lines of a way say about whose they are.
//!
//! Must not know: the ways.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::trace::Answer;

/// A topic of a way.
#[derive(Debug, PartialEq, Eq)]
pub enum Topic<'a> {
    /// Presses of a button.
    Press(&'a str),
    /// Commands to a lock.
    Command(&'a str),
    /// Reports that the shadow of a lock was asked to take.
    Report(&'a str),
    /// Reports that it took.
    Accepted(&'a str),
}

impl<'a> Topic<'a> {
    pub fn of(topic: &'a str) -> Option<Self> {
        let mut levels = topic.split('/');
        let first = [levels.next(), levels.next(), levels.next()];
        let rest = [levels.next(), levels.next(), levels.next(), levels.next()];
        match (first, rest) {
            ([Some("iotbutton"), Some(button), None], _) => Some(Self::Press(button)),
            ([Some("remote-lock"), Some(lock), None], _) => Some(Self::Command(lock)),
            (
                [Some("$aws"), Some("things"), Some(lock)],
                [Some("shadow"), Some("update"), None, None],
            ) => Some(Self::Report(lock)),
            (
                [Some("$aws"), Some("things"), Some(lock)],
                [Some("shadow"), Some("update"), Some("accepted"), None],
            ) => Some(Self::Accepted(lock)),
            _ => None,
        }
    }
}

/// What a press says.
#[derive(Debug, Default)]
pub struct PressMessage {
    /// Its click, or that it has none.
    pub click: String,
    pub sequence: Option<u64>,
    pub pressed_at: Option<u64>,
}

impl PressMessage {
    pub fn of(payload: &[u8]) -> Self {
        let value: Value = serde_json::from_slice(payload).unwrap_or_default();
        let click = value["clickType"].as_str().unwrap_or("no click");
        Self {
            click: click.chars().take(20).collect(),
            sequence: value["sequence"].as_u64(),
            pressed_at: value["pressedAt"].as_u64(),
        }
    }
}

/// What a command says.
#[derive(Debug)]
pub struct CommandMessage {
    pub id: String,
    pub version: u64,
    pub action: String,
}

impl CommandMessage {
    pub fn of(payload: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(payload).ok()?;
        Some(Self {
            id: value["commandId"].as_str()?.to_owned(),
            version: value["version"].as_u64()?,
            action: value["action"].as_str()?.to_owned(),
        })
    }
}

/// What a report says that a shadow took.
#[derive(Debug)]
pub struct ReportMessage {
    pub shadow_version: u64,
    pub latch: String,
    /// Version of the last command in the lock's journal.
    pub version: u64,
    /// What it says of each command that it names.
    pub answers: Vec<(String, Answer)>,
}

impl ReportMessage {
    pub fn of(payload: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(payload).ok()?;
        let reported = &value["state"]["reported"];
        let answer = match reported["result"].as_str() {
            Some("executed") => Some(Answer::Executed),
            Some("expired") => Some(Answer::Expired),
            _ => None,
        };
        let own = reported["commandId"].as_str().map(str::to_owned);
        let refused = &reported["refused"];
        let reason = refused["reason"].as_str().map(str::to_owned);
        let other = refused["commandId"].as_str().map(str::to_owned);
        let answers = [own.zip(answer), other.zip(reason.map(Answer::Refused))];
        Some(Self {
            shadow_version: value["version"].as_u64()?,
            latch: reported["lock"].as_str()?.to_owned(),
            version: reported["version"].as_u64().unwrap_or_default(),
            answers: answers.into_iter().flatten().collect(),
        })
    }
}

/// The key of an event.
#[derive(Debug, PartialEq, Eq)]
pub struct EventKey<'a> {
    /// The lock in whose history it is; `None` if it is in a button's.
    pub lock: Option<&'a str>,
    pub at: u64,
    pub key: &'a str,
}

/// The items of one write.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Items<'a> {
    /// The lock whose record is among them.
    pub record: Option<&'a str>,
    /// The button whose binding is among them.
    pub binding: Option<&'a str>,
    pub events: Vec<EventKey<'a>>,
}

impl<'a> Items<'a> {
    pub fn of(keys: &'a [BTreeMap<String, String>]) -> Self {
        let mut items = Self::default();
        for key in keys {
            let parts = key.get("pk").zip(key.get("sk"));
            let Some((pk, sk)) = parts else { continue };
            match (pk.split_once('#'), sk.split_once('#')) {
                (Some(("lock", lock)), None) if sk == "record" => items.record = Some(lock),
                (Some(("button", button)), None) if sk == "binding" => {
                    items.binding = Some(button);
                }
                (Some((kind @ ("lock" | "button"), name)), Some(("event", rest))) => {
                    let parsed = rest.split_once('#');
                    let parsed = parsed.and_then(|(at, key)| Some((at.parse().ok()?, key)));
                    items.events.extend(parsed.map(|(at, key)| EventKey {
                        lock: Some(name).filter(|_| kind == "lock"),
                        at,
                        key,
                    }));
                }
                _ => {}
            }
        }
        items
    }
}

/// What a function's log line says of a decision.
#[derive(Debug)]
pub struct Line {
    pub decision: String,
    pub reason: String,
    pub button: Option<String>,
    pub sequence: Option<u64>,
    pub lock: Option<String>,
    pub version: Option<u64>,
    /// When the rule received the message that was decided.
    pub received_at: Option<u64>,
    /// The decision in the words of the history: `ignored: stale`.
    pub text: String,
}

impl Line {
    pub fn of(line: &str) -> Option<Self> {
        // Most lines are not about a decision.
        if !line.contains("\"decision\"") {
            return None;
        }
        let value: Value = serde_json::from_str(line).ok()?;
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        let message = text("message").unwrap_or_default();
        let said = message.split_once(": ").map(|(_, said)| said.to_owned());
        let logged_at = value["timestamp"].as_str().and_then(milliseconds);
        let age_ms = value["age_ms"].as_u64();
        Some(Self {
            decision: text("decision")?,
            reason: text("reason")?,
            button: text("button"),
            sequence: value["sequence"].as_u64(),
            lock: text("lock"),
            version: value["version"].as_u64(),
            received_at: logged_at
                .zip(age_ms)
                .map(|(at, age)| at.saturating_sub(age)),
            text: said.unwrap_or(message),
        })
    }

    /// Whether the message had no effect.
    pub fn is_against(&self) -> bool {
        matches!(self.decision.as_str(), "ignored" | "refused")
    }
}

fn milliseconds(text: &str) -> Option<u64> {
    let time: Timestamp = text.parse().ok()?;
    u64::try_from(time.as_millisecond()).ok()
}
