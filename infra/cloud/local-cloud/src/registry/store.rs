//! The registry's records on disk: one directory each for things, certificates and policies.

use std::path::Path;

use super::record::Records;
use crate::storage::{Shelf, StorageError};

const DIRECTORY: &str = "registry";

/// Names one record.
#[derive(Debug, Clone, Copy)]
pub enum RecordKey<'a> {
    /// A thing, by name.
    Thing(&'a str),
    /// A certificate, by id.
    Certificate(&'a str),
    /// A policy, by name.
    Policy(&'a str),
}

/// The registry's part of the data directory.
#[derive(Debug)]
pub struct Store {
    things: Shelf,
    certificates: Shelf,
    policies: Shelf,
}

impl Store {
    /// Opens the store in `data_dir`.
    pub fn open(data_dir: &Path) -> Result<Self, StorageError> {
        let directory = data_dir.join(DIRECTORY);
        Ok(Self {
            things: Shelf::open(directory.join("things"))?,
            certificates: Shelf::open(directory.join("certificates"))?,
            policies: Shelf::open(directory.join("policies"))?,
        })
    }

    /// Loads all records.
    pub fn load(&self) -> Result<Records, StorageError> {
        Ok(Records {
            things: self.things.load()?,
            certificates: self.certificates.load()?,
            policies: self.policies.load()?,
        })
    }

    /// Saves one record, or removes it if it no longer exists.
    pub fn save(&self, records: &Records, key: RecordKey<'_>) -> Result<(), StorageError> {
        match key {
            RecordKey::Thing(name) => self.things.put(name, records.things.get(name)),
            RecordKey::Certificate(id) => self.certificates.put(id, records.certificates.get(id)),
            RecordKey::Policy(name) => self.policies.put(name, records.policies.get(name)),
        }
    }
}
