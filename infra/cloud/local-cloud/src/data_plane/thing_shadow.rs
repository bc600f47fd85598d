//! The shadow service: one core per shadow, reached over MQTT and REST, each kept in its own file.
//!
//! Must not know: what is in a shadow; the core merges, counts versions and refuses.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use mqtt_protocol_core::mqtt::packet::Qos;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::mpsc;

use crate::broker::Broker;
use crate::broker::message::Message;
use crate::clock::Clock;
use crate::contain::contain_logged;
use crate::event::{EventBus, EventKind};
use crate::storage::{Shelf, StorageError};
use crate::sync::lock;
use iot_shadow::{Name, Operation, Replies, ShadowCore, ShadowError};

const DIRECTORY: &str = "shadows";
const PREFIX: &str = "$aws/things";

/// The service; clones share it.
#[derive(Debug, Clone)]
pub struct ShadowService {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shadows: Mutex<BTreeMap<Name, ShadowCore>>,
    shelf: Option<Shelf>,
    broker: Broker,
    events: EventBus,
    clock: Clock,
}

#[derive(Serialize, Deserialize)]
struct Stored {
    name: Name,
    shadow: ShadowCore,
}

/// The protocol of a request: refusals of REST requests are not published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Protocol {
    Mqtt,
    Rest,
}

impl ShadowService {
    /// Loads the shadows in `data_dir`; without it, shadows are kept in memory.
    pub fn open(
        data_dir: Option<PathBuf>,
        broker: Broker,
        events: EventBus,
        clock: Clock,
    ) -> Result<Self, StorageError> {
        let shelf = data_dir.map(|dir| Shelf::open(dir.join(DIRECTORY)));
        let shelf = shelf.transpose()?;
        let stored: Vec<Stored> = match &shelf {
            Some(shelf) => shelf.load()?.into_values().collect(),
            None => Vec::new(),
        };
        let shadows = stored.into_iter().map(|s| (s.name, s.shadow)).collect();
        Ok(Self {
            inner: Arc::new(Inner {
                shadows: Mutex::new(shadows),
                shelf,
                broker,
                events,
                clock,
            }),
        })
    }

    /// Answers the requests among `messages` until the broker is gone.
    pub async fn run(self, mut messages: mpsc::UnboundedReceiver<Arc<Message>>) {
        while let Some(message) = messages.recv().await {
            if message.is_will {
                continue;
            }
            if let Some((name, operation)) = parse_topic(&message.topic) {
                let answer = async { self.answer(operation, &name, &message) };
                contain_logged("answer shadow request", answer).await;
            }
        }
    }

    /// Answers a request over MQTT, by messages.
    fn answer(&self, operation: Operation, name: &Name, message: &Message) {
        let slot = message.origin.slot.as_ref();
        let is_over_limit = slot.is_some_and(|slot| slot.is_refused());
        let refusal = is_over_limit.then(ShadowError::too_many);
        if let Some(refusal) = refusal.or_else(|| name.check().err()) {
            let replies = ShadowCore::refuse(operation, &message.payload, refusal);
            return self.publish(name, &replies, Protocol::Mqtt);
        }
        // The answer goes out as messages.
        let _ = self.handle(operation, name, &message.payload, Protocol::Mqtt);
        if let Some(slot) = slot {
            slot.release();
        }
    }

    pub fn call(
        &self,
        operation: Operation,
        name: &Name,
        payload: &[u8],
    ) -> Result<Value, ShadowError> {
        self.handle(operation, name, payload, Protocol::Rest)
    }

    /// Names of a thing's named shadows that exist.
    pub fn named_shadows_of(&self, thing: &str) -> Vec<String> {
        lock(&self.inner.shadows)
            .iter()
            .filter(|(name, core)| name.thing == thing && core.version().is_some())
            .filter_map(|(name, _)| name.shadow.clone())
            .collect()
    }

    fn handle(
        &self,
        operation: Operation,
        name: &Name,
        payload: &[u8],
        protocol: Protocol,
    ) -> Result<Value, ShadowError> {
        let inner = &self.inner;
        // Held until the messages are published, so that they come in the order of versions.
        let mut shadows = lock(&self.inner.shadows);
        let mut core = shadows.get(name).cloned().unwrap_or_default();
        let replies = core.handle(operation, payload, name, inner.clock.now_s());
        if replies.changed {
            if let Err(error) = self.store(name, &core) {
                tracing::error!(%error, thing = %name.thing, "store shadow");
                return Err(ShadowError {
                    code: 500,
                    message: "Internal service failure".to_owned(),
                });
            }
            shadows.insert(name.clone(), core);
        }
        if replies.is_risky {
            let thing = &name.thing;
            tracing::warn!(%thing, "a shadow nested deeper than 5 levels: AWS may refuse it");
        }
        self.publish(name, &replies, protocol);
        replies.rest
    }

    fn publish(&self, name: &Name, replies: &Replies, protocol: Protocol) {
        let inner = &self.inner;
        for (suffix, body) in &replies.messages {
            let is_published = match protocol {
                Protocol::Mqtt => true,
                Protocol::Rest => !suffix.starts_with("get/") && !suffix.ends_with("/rejected"),
            };
            if !is_published {
                continue;
            }
            if *suffix == "update/accepted" {
                inner.events.emit(EventKind::ShadowUpdated {
                    thing: name.thing.clone(),
                    version: body["version"].as_u64().unwrap_or_default(),
                });
            }
            let topic = format!("{}/{suffix}", prefix(name));
            let payload = body.to_string().into_bytes();
            inner.broker.publish(Message {
                qos: qos_of(suffix),
                ..Message::from_cloud(topic, payload)
            });
        }
    }

    fn store(&self, name: &Name, core: &ShadowCore) -> Result<(), StorageError> {
        let Some(shelf) = &self.inner.shelf else {
            return Ok(());
        };
        let stored = Stored {
            name: name.clone(),
            shadow: core.clone(),
        };
        // Names contain no `~`.
        let file = format!(
            "{}~{}",
            name.thing,
            name.shadow.as_deref().unwrap_or_default()
        );
        shelf.put(&file, Some(&stored))
    }
}

/// A delta is delivered with QoS 1 to whoever subscribed so. Source: a maintainer of AWS's SDK,
/// aws-iot-device-sdk-python, issue 113. Nothing says it of the other answers.
fn qos_of(suffix: &str) -> Qos {
    match suffix {
        "update/delta" => Qos::AtLeastOnce,
        _ => Qos::AtMostOnce,
    }
}

fn prefix(name: &Name) -> String {
    match &name.shadow {
        None => format!("{PREFIX}/{}/shadow", name.thing),
        Some(shadow) => format!("{PREFIX}/{}/shadow/name/{shadow}", name.thing),
    }
}

fn parse_topic(topic: &str) -> Option<(Name, Operation)> {
    let mut levels = topic.strip_prefix(PREFIX)?.strip_prefix('/')?.split('/');
    let thing = levels.next()?.to_owned();
    if levels.next()? != "shadow" {
        return None;
    }
    let mut last = levels.next()?;
    let mut shadow = None;
    if last == "name" {
        shadow = Some(levels.next()?.to_owned());
        last = levels.next()?;
    }
    let operation = match last {
        "get" => Operation::Get,
        "update" => Operation::Update,
        "delete" => Operation::Delete,
        _ => return None,
    };
    levels
        .next()
        .is_none()
        .then_some((Name { thing, shadow }, operation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_topics_of_shadow_requests_are_parsed() {
        let classic = Some(("t", None));
        let named = Some(("t", Some("n")));
        let rows = [
            ("$aws/things/t/shadow/get", classic, Operation::Get),
            ("$aws/things/t/shadow/delete", classic, Operation::Delete),
            (
                "$aws/things/t/shadow/name/n/update",
                named,
                Operation::Update,
            ),
            ("$aws/things/t/shadow/update/accepted", None, Operation::Get),
            ("$aws/things/t/shadow/name/n", None, Operation::Get),
            ("$aws/things/t/jobs/get", None, Operation::Get),
            ("things/t/shadow/get", None, Operation::Get),
        ];
        for (topic, name, operation) in rows {
            let parsed = parse_topic(topic);
            let found = parsed.as_ref();
            let found_name = found.map(|(n, _)| (n.thing.as_str(), n.shadow.as_deref()));
            assert_eq!(found_name, name, "{topic}");
            assert!(found.is_none_or(|(_, o)| *o == operation), "{topic}");
        }
    }
}
