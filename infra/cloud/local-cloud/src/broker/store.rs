//! Persistent sessions and retained messages on disk.
//!
//! Saved every half second and at shutdown. Unlike AWS, a killed process loses what it accepted
//! since the last save. Must not know: connections.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Broker;
use super::lookup::Retained;
use super::message::MessageRecord;
use super::session::{Session, SessionChange, SessionRecord};
use crate::storage::{Shelf, StorageError};
use crate::sync::lock;

/// The broker's part of the data directory.
#[derive(Debug)]
pub struct Store {
    sessions: Shelf,
    retained: Shelf,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct RetainedRecord {
    stored_at_ms: u64,
    message: MessageRecord,
}

#[derive(Debug, Default)]
pub struct Stored {
    /// By client id.
    pub sessions: BTreeMap<String, Arc<Session>>,
    /// By topic.
    pub retained: BTreeMap<String, Retained>,
}

impl Store {
    pub fn open(data_dir: &Path) -> Result<Self, StorageError> {
        let broker = data_dir.join("broker");
        Ok(Self {
            sessions: Shelf::open(broker.join("sessions"))?,
            retained: Shelf::open(broker.join("retained"))?,
        })
    }

    pub fn load(&self, now_ms: u64) -> Result<Stored, StorageError> {
        let mut stored = Stored::default();
        for (id, record) in self.sessions.load::<SessionRecord>()? {
            match Session::from_record(&id, record, now_ms) {
                Some(session) => {
                    stored.sessions.insert(id, Arc::new(session));
                }
                None => self.sessions.put::<SessionRecord>(&id, None)?,
            }
        }
        for (topic, record) in self.retained.load::<RetainedRecord>()? {
            let retained = Retained {
                message: Arc::new(record.message.into_message()),
                stored_at_ms: record.stored_at_ms,
            };
            stored.retained.insert(topic, retained);
        }
        Ok(stored)
    }
}

impl Broker {
    pub(super) fn save(&self) {
        let Some(store) = &self.inner.store else {
            return;
        };
        let report = |what: &str, result: Result<(), StorageError>| {
            if let Err(error) = result {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::error!(%error, cause, "save {what}");
            }
        };
        let topics: BTreeSet<String> = std::mem::take(&mut *lock(&self.inner.changed_topics));
        for topic in topics {
            let record = lock(&self.inner.retained)
                .get(&topic)
                .map(|retained| RetainedRecord {
                    stored_at_ms: retained.stored_at_ms,
                    message: MessageRecord::of(&retained.message),
                });
            report(
                "retained message",
                store.retained.put(&topic, record.as_ref()),
            );
        }
        let sessions: Vec<Arc<Session>> = lock(&self.inner.sessions).values().cloned().collect();
        for session in sessions {
            let id = session.client_id();
            match session.take_change() {
                SessionChange::None => {}
                SessionChange::Save(record) => {
                    report("session", store.sessions.put(id, Some(&record)))
                }
                SessionChange::Remove => {
                    report("session", store.sessions.put::<SessionRecord>(id, None));
                }
            }
        }
    }
}
