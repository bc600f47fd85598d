//! Things: created, changed, removed, and the certificates attached to them.

use std::collections::BTreeMap;

use super::name::{check_attributes, check_thing_name};
use super::record::{Records, Thing};
use super::store::RecordKey;
use super::{Registry, RegistryError, certificate_id};

/// A change of a thing's attributes.
#[derive(Debug, Clone, Default)]
pub struct AttributeChange {
    /// New values; an empty one removes the attribute.
    pub attributes: BTreeMap<String, String>,
    /// Whether other attributes are kept.
    pub merge: bool,
}

impl Registry {
    /// The ARN of a thing.
    pub(crate) fn thing_arn(&self, name: &str) -> String {
        self.arn(&format!("thing/{name}"))
    }

    /// Creates a thing; a repetition changes nothing.
    ///
    /// # Errors
    /// [`RegistryError::AlreadyExists`] if it has attributes; [`RegistryError::Invalid`].
    pub fn create_thing(&self, name: &str) -> Result<(), RegistryError> {
        self.create_thing_with(name, BTreeMap::new()).map(drop)
    }

    /// Creates a thing with attributes, and returns its id.
    pub(crate) fn create_thing_with(
        &self,
        name: &str,
        attributes: BTreeMap<String, String>,
    ) -> Result<String, RegistryError> {
        self.change(RecordKey::Thing(name), |records| {
            records.create_thing(name, attributes, || self.thing_arn(name))
        })
    }

    /// Changes attributes.
    pub(crate) fn update_thing(
        &self,
        name: &str,
        change: AttributeChange,
        expected: Option<u64>,
    ) -> Result<(), RegistryError> {
        self.change(RecordKey::Thing(name), |records| {
            let thing = records.thing_mut(name)?;
            check_version(name, thing.version, expected)?;
            let mut attributes = if change.merge {
                thing.attributes.clone()
            } else {
                BTreeMap::new()
            };
            attributes.extend(change.attributes);
            attributes.retain(|_, value| !value.is_empty());
            check_attributes(&attributes)?;
            thing.attributes = attributes;
            thing.version += 1;
            Ok(())
        })
    }

    /// Removes a thing; an unknown thing is not an error.
    ///
    /// # Errors
    /// [`RegistryError::ThingAttached`], [`RegistryError::VersionConflict`].
    pub fn delete_thing(&self, name: &str, expected: Option<u64>) -> Result<(), RegistryError> {
        self.change(RecordKey::Thing(name), |records| {
            if let Some(thing) = records.things.get(name) {
                check_version(name, thing.version, expected)?;
                if !thing.principals.is_empty() {
                    return Err(RegistryError::ThingAttached(name.to_owned()));
                }
                records.things.remove(name);
            }
            Ok(())
        })
    }

    /// Attaches a certificate to a thing, by ARN; a repetition changes nothing.
    ///
    /// # Errors
    /// One of the two is not found.
    pub fn attach_thing_principal(
        &self,
        thing: &str,
        certificate_arn: &str,
    ) -> Result<(), RegistryError> {
        let id = certificate_id(certificate_arn);
        self.change(RecordKey::Thing(thing), |records| {
            records.attach_thing_principal(thing, id)
        })
    }

    /// Undoes [`Registry::attach_thing_principal`].
    pub(crate) fn detach_thing_principal(
        &self,
        thing: &str,
        certificate_arn: &str,
    ) -> Result<(), RegistryError> {
        let id = certificate_id(certificate_arn);
        self.change(RecordKey::Thing(thing), |records| {
            records.thing_mut(thing)?.principals.remove(id);
            Ok(())
        })
    }
}

impl Records {
    /// Makes a thing and returns its id.
    pub(super) fn create_thing(
        &mut self,
        name: &str,
        attributes: BTreeMap<String, String>,
        arn: impl FnOnce() -> String,
    ) -> Result<String, RegistryError> {
        check_thing_name(name)?;
        check_attributes(&attributes)?;
        let Some(existing) = self.things.get(name) else {
            let thing = Thing::new(attributes);
            let id = thing.id.clone();
            self.things.insert(name.to_owned(), thing);
            return Ok(id);
        };
        if existing.attributes == attributes {
            return Ok(existing.id.clone());
        }
        Err(RegistryError::AlreadyExists {
            message: format!("Thing {name} already exists in account with different attributes"),
            name: name.to_owned(),
            arn: arn(),
        })
    }

    pub(super) fn attach_thing_principal(
        &mut self,
        thing: &str,
        certificate_id: &str,
    ) -> Result<(), RegistryError> {
        self.certificate_mut(certificate_id)?;
        let principals = &mut self.thing_mut(thing)?.principals;
        principals.insert(certificate_id.to_owned());
        Ok(())
    }
}

fn check_version(name: &str, version: u64, expected: Option<u64>) -> Result<(), RegistryError> {
    match expected {
        Some(expected) if expected != version => Err(RegistryError::VersionConflict {
            name: name.to_owned(),
            expected,
            version,
        }),
        _ => Ok(()),
    }
}
