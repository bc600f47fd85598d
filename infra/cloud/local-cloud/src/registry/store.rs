//! Where the registry's records are kept: one shelf each for things, certificates and policies.
//!
//! Must not know what a change means.

use std::path::Path;

use super::record::Records;
use crate::storage::{Shelf, StorageError};

const DIRECTORY: &str = "registry";

/// The record that a change touches.
#[derive(Debug, Clone, Copy)]
pub enum What<'a> {
    /// A thing, by name.
    Thing(&'a str),
    /// A certificate, by id.
    Certificate(&'a str),
    /// A policy, by name.
    Policy(&'a str),
}

/// The shelves.
#[derive(Debug)]
pub struct Store {
    things: Shelf,
    certificates: Shelf,
    policies: Shelf,
}

impl Store {
    /// Opens or makes them below `data_dir`.
    pub fn open(data_dir: &Path) -> Result<Self, StorageError> {
        let directory = data_dir.join(DIRECTORY);
        Ok(Self {
            things: Shelf::open(directory.join("things"))?,
            certificates: Shelf::open(directory.join("certificates"))?,
            policies: Shelf::open(directory.join("policies"))?,
        })
    }

    /// Everything kept.
    pub fn load(&self) -> Result<Records, StorageError> {
        Ok(Records {
            things: self.things.load()?,
            certificates: self.certificates.load()?,
            policies: self.policies.load()?,
        })
    }

    /// Keeps one record as it is now; one that is gone is removed.
    pub fn keep(&self, records: &Records, what: What<'_>) -> Result<(), StorageError> {
        match what {
            What::Thing(name) => self.things.put(name, records.things.get(name)),
            What::Certificate(id) => self.certificates.put(id, records.certificates.get(id)),
            What::Policy(name) => self.policies.put(name, records.policies.get(name)),
        }
    }
}
