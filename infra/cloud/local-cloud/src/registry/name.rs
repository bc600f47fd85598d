//! Which names and attributes AWS accepts.

use std::collections::BTreeMap;

use super::RegistryError;

/// Longest name of a thing or policy.
const NAME_CHARS_MAX: usize = 128;
/// Most attributes of a thing without a thing type. Source: AWS IoT Core quotas.
const ATTRIBUTES_MAX: usize = 3;
/// Most attributes of a thing with a thing type. Source: AWS IoT Core quotas.
const ATTRIBUTES_MAX_OF_TYPE: usize = 50;
const ATTRIBUTE_NAME_CHARS_MAX: usize = 128;
const ATTRIBUTE_VALUE_CHARS_MAX: usize = 800;

/// Thing names: 1–128 letters, digits, `:`, `_`, `-`. Source: AWS IoT API, `CreateThing`.
pub(super) fn check_thing_name(name: &str) -> Result<(), RegistryError> {
    check_name("thing name", name, ":_-")
}

/// Names of thing types and groups: as thing names. Source: AWS IoT API, `CreateThingType`,
/// `CreateThingGroup`.
pub(super) fn check_kind_name(what: &str, name: &str) -> Result<(), RegistryError> {
    check_name(what, name, ":_-")
}

/// Policy names: 1–128 letters, digits, `_+=,.@-`. Source: AWS IoT API, `CreatePolicy`.
pub(super) fn check_policy_name(name: &str) -> Result<(), RegistryError> {
    check_name("policy name", name, "_+=,.@-")
}

fn check_name(what: &str, name: &str, signs: &str) -> Result<(), RegistryError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || signs.contains(c);
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX || !name.chars().all(allowed) {
        return Err(RegistryError::Invalid(format!(
            "invalid {what} {name:?}: 1 to {NAME_CHARS_MAX} letters, digits or any of {signs}"
        )));
    }
    Ok(())
}

/// Checks the number and form of attributes. Source: AWS IoT API, `AttributePayload`; quotas.
pub(super) fn check_attributes(
    attributes: &BTreeMap<String, String>,
    has_type: bool,
) -> Result<(), RegistryError> {
    let (max, with) = if has_type {
        (ATTRIBUTES_MAX_OF_TYPE, "with")
    } else {
        (ATTRIBUTES_MAX, "without")
    };
    if attributes.len() > max {
        return Err(RegistryError::Invalid(format!(
            "a thing {with} a thing type has at most {max} attributes"
        )));
    }
    let fits = |text: &str, signs: &str, max: usize| {
        text.chars().count() <= max
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || signs.contains(c))
    };
    let unfit = attributes.iter().find(|(name, value)| {
        name.is_empty()
            || !fits(name, "_.,@/:#-", ATTRIBUTE_NAME_CHARS_MAX)
            || !fits(value, "_.,@/:#=[]-", ATTRIBUTE_VALUE_CHARS_MAX)
    });
    match unfit {
        Some((name, value)) => Err(RegistryError::Invalid(format!(
            "invalid attribute {name:?} with value {value:?}"
        ))),
        None => Ok(()),
    }
}
