//! The registry's records on disk: one directory each for things, their types and groups,
//! certificates and policies.

use std::path::Path;

use super::record::Records;
use crate::storage::{Shelf, StorageError};

const DIRECTORY: &str = "registry";

/// Names one record.
#[derive(Debug, Clone, Copy)]
pub enum RecordKey<'a> {
    /// A thing, by name.
    Thing(&'a str),
    /// A thing type, by name.
    ThingType(&'a str),
    /// A thing group, by name.
    ThingGroup(&'a str),
    /// A certificate, by id.
    Certificate(&'a str),
    /// A policy, by name.
    Policy(&'a str),
}

/// The registry's part of the data directory.
#[derive(Debug)]
pub struct Store {
    things: Shelf,
    thing_types: Shelf,
    thing_groups: Shelf,
    certificates: Shelf,
    policies: Shelf,
}

impl Store {
    /// Opens the store in `data_dir`.
    pub fn open(data_dir: &Path) -> Result<Self, StorageError> {
        let directory = data_dir.join(DIRECTORY);
        Ok(Self {
            things: Shelf::open(directory.join("things"))?,
            thing_types: Shelf::open(directory.join("thing-types"))?,
            thing_groups: Shelf::open(directory.join("thing-groups"))?,
            certificates: Shelf::open(directory.join("certificates"))?,
            policies: Shelf::open(directory.join("policies"))?,
        })
    }

    /// Loads all records.
    pub fn load(&self) -> Result<Records, StorageError> {
        Ok(Records {
            things: self.things.load()?,
            thing_types: self.thing_types.load()?,
            thing_groups: self.thing_groups.load()?,
            certificates: self.certificates.load()?,
            policies: self.policies.load()?,
        })
    }

    /// Saves one record, or removes it if it no longer exists.
    pub fn save(&self, records: &Records, key: RecordKey<'_>) -> Result<(), StorageError> {
        match key {
            RecordKey::Thing(name) => self.things.put(name, records.things.get(name)),
            RecordKey::ThingType(name) => self.thing_types.put(name, records.thing_types.get(name)),
            RecordKey::ThingGroup(name) => {
                self.thing_groups.put(name, records.thing_groups.get(name))
            }
            RecordKey::Certificate(id) => self.certificates.put(id, records.certificates.get(id)),
            RecordKey::Policy(name) => self.policies.put(name, records.policies.get(name)),
        }
    }
}
