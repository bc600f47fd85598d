//! Thing types and thing groups: created, and the things in a group.
//!
//! Must not know: properties of either; they are kept as they came.

use serde_json::Value;

use super::name::check_kind_name;
use super::record::{Kind, Records};
use super::store::RecordKey;
use super::{Registry, RegistryError};

/// What AWS calls a thing type in its messages.
const TYPE: &str = "Thing type";
/// What AWS calls a thing group in its messages.
const GROUP: &str = "Thing group";

impl Registry {
    /// The ARN of a thing type.
    pub(crate) fn thing_type_arn(&self, name: &str) -> String {
        self.arn(&format!("thingtype/{name}"))
    }

    /// The ARN of a thing group.
    pub(crate) fn thing_group_arn(&self, name: &str) -> String {
        self.arn(&format!("thinggroup/{name}"))
    }

    /// Creates a thing type and returns its id; a repetition changes nothing.
    pub(crate) fn create_thing_type(
        &self,
        name: &str,
        properties: Value,
    ) -> Result<String, RegistryError> {
        check_kind_name("thing type name", name)?;
        let made = Kind::new(properties, self.now_ms());
        self.change(RecordKey::ThingType(name), |records| {
            let kind = records.thing_types.entry(name.to_owned());
            let kind = kind.or_insert_with(|| made.clone());
            same(TYPE, name, &self.thing_type_arn(name), kind, &made)
        })
    }

    /// Creates a thing group and returns its id; a repetition changes nothing.
    pub(crate) fn create_thing_group(
        &self,
        name: &str,
        properties: Value,
    ) -> Result<String, RegistryError> {
        check_kind_name("thing group name", name)?;
        let made = Kind::new(properties, self.now_ms());
        self.change(RecordKey::ThingGroup(name), |records| {
            let kind = records.thing_groups.entry(name.to_owned());
            let kind = kind.or_insert_with(|| made.clone());
            same(GROUP, name, &self.thing_group_arn(name), kind, &made)
        })
    }

    /// Puts a thing into a group, or takes it out; a repetition changes nothing.
    pub(crate) fn change_group(
        &self,
        group: &str,
        thing: &str,
        is_in: bool,
    ) -> Result<(), RegistryError> {
        self.change(RecordKey::Thing(thing), |records| {
            records.thing_group(group)?;
            let groups = &mut records.thing_mut(thing)?.groups;
            if is_in {
                groups.insert(group.to_owned());
            } else {
                groups.remove(group);
            }
            Ok(())
        })
    }
}

/// The id of what exists, if it has the properties of what was to be made.
fn same(
    what: &str,
    name: &str,
    arn: &str,
    existing: &Kind,
    made: &Kind,
) -> Result<String, RegistryError> {
    if existing.properties == made.properties {
        return Ok(existing.id.clone());
    }
    Err(RegistryError::AlreadyExists {
        message: format!(
            "{what} {name} already exists in current account with different properties"
        ),
        name: name.to_owned(),
        arn: arn.to_owned(),
    })
}

impl Records {
    /// The thing type of this name.
    pub fn thing_type(&self, name: &str) -> Result<&Kind, RegistryError> {
        let missing = || missing(TYPE, name);
        self.thing_types.get(name).ok_or_else(missing)
    }

    /// The thing group of this name.
    pub fn thing_group(&self, name: &str) -> Result<&Kind, RegistryError> {
        let missing = || missing(GROUP, name);
        self.thing_groups.get(name).ok_or_else(missing)
    }
}

fn missing(what: &'static str, name: &str) -> RegistryError {
    RegistryError::KindNotFound {
        what,
        name: name.to_owned(),
    }
}
