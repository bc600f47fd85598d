//! Things: created, changed, removed, and the certificates attached to them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::name::{check_attributes, check_thing_name};
use super::record::{Records, Thing};
use super::store::RecordKey;
use super::{Registry, RegistryError, certificate_id};

/// A change of a thing's type.
#[derive(Debug, Clone, Default)]
pub enum TypeChange {
    /// It keeps the type that it has.
    #[default]
    Keep,
    /// It gets this type.
    Set(String),
    /// It has no type any more.
    Remove,
}

/// A change of a thing's attributes and type.
#[derive(Debug, Clone, Default)]
pub struct ThingChange {
    /// The change of its type.
    pub kind: TypeChange,
    /// Whether its attributes change at all.
    pub has_attributes: bool,
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

    /// What lists show of a thing.
    pub(crate) fn row_of(&self, name: &str, thing: &Thing) -> Value {
        let mut row = json!({
            "thingName": name,
            "thingArn": self.thing_arn(name),
            "attributes": thing.attributes,
            "version": thing.version,
        });
        if let Some(kind) = &thing.type_name {
            row["thingTypeName"] = kind.as_str().into();
        }
        row
    }

    /// What `DescribeThing` answers.
    pub(crate) fn description_of(&self, name: &str) -> Result<Value, RegistryError> {
        let thing = self.thing(name)?;
        let mut shown = self.row_of(name, &thing);
        shown["defaultClientId"] = name.into();
        shown["thingId"] = thing.id.into();
        Ok(shown)
    }

    /// What `ListThingGroupsForThing` answers, in one page.
    pub(crate) fn groups_of(&self, name: &str) -> Result<Value, RegistryError> {
        let groups = self.thing(name)?.groups.into_iter();
        let rows = groups.map(|group| {
            let arn = self.thing_group_arn(&group);
            json!({"groupName": group, "groupArn": arn})
        });
        Ok(json!({"thingGroups": rows.collect::<Vec<_>>()}))
    }

    fn thing(&self, name: &str) -> Result<Thing, RegistryError> {
        let records = self.records();
        let thing = records.things.get(name).cloned();
        thing.ok_or_else(|| RegistryError::ThingNotFound(name.to_owned()))
    }

    /// Creates a thing; a repetition changes nothing.
    ///
    /// # Errors
    /// [`RegistryError::AlreadyExists`] if it has attributes; [`RegistryError::Invalid`].
    pub fn create_thing(&self, name: &str) -> Result<(), RegistryError> {
        self.create_thing_with(name, BTreeMap::new(), None)
            .map(drop)
    }

    /// Creates a thing with attributes and a thing type, and returns its id.
    pub(crate) fn create_thing_with(
        &self,
        name: &str,
        attributes: BTreeMap<String, String>,
        type_name: Option<String>,
    ) -> Result<String, RegistryError> {
        self.change(RecordKey::Thing(name), |records| {
            records.create_thing(name, attributes, type_name, || self.thing_arn(name))
        })
    }

    /// Changes attributes and type.
    pub(crate) fn update_thing(
        &self,
        name: &str,
        change: ThingChange,
        expected: Option<u64>,
    ) -> Result<(), RegistryError> {
        self.change(RecordKey::Thing(name), |records| {
            if let TypeChange::Set(kind) = &change.kind {
                records.thing_type(kind)?;
            }
            let thing = records.thing_mut(name)?;
            check_version(name, thing.version, expected)?;
            let mut attributes = if change.merge || !change.has_attributes {
                thing.attributes.clone()
            } else {
                BTreeMap::new()
            };
            attributes.extend(change.attributes);
            attributes.retain(|_, value| !value.is_empty());
            let type_name = match change.kind {
                TypeChange::Keep => thing.type_name.clone(),
                TypeChange::Set(kind) => Some(kind),
                TypeChange::Remove => None,
            };
            check_attributes(&attributes, type_name.is_some())?;
            (thing.attributes, thing.type_name) = (attributes, type_name);
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
        type_name: Option<String>,
        arn: impl FnOnce() -> String,
    ) -> Result<String, RegistryError> {
        check_thing_name(name)?;
        check_attributes(&attributes, type_name.is_some())?;
        if let Some(kind) = &type_name {
            self.thing_type(kind)?;
        }
        let Some(existing) = self.things.get(name) else {
            let thing = Thing::new(attributes, type_name);
            let id = thing.id.clone();
            self.things.insert(name.to_owned(), thing);
            return Ok(id);
        };
        if existing.attributes == attributes && existing.type_name == type_name {
            return Ok(existing.id.clone());
        }
        let what = if existing.attributes == attributes {
            "thing type"
        } else {
            "attributes"
        };
        Err(RegistryError::AlreadyExists {
            message: format!("Thing {name} already exists in account with different {what}"),
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
