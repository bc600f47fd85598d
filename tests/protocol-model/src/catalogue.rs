//! The configurations: small scenarios that together contain every fault.

mod cloud;
mod device;
mod large;
mod report;
mod wish;

use lock_core::action::ClickType;

use crate::configuration::Configuration;

const SINGLE: ClickType = ClickType::Single;
const DOUBLE: ClickType = ClickType::Double;
const LONG: ClickType = ClickType::Long;

/// Every configuration; `deep` adds more and larger ones.
pub fn all(deep: bool) -> Vec<Configuration> {
    let mut all = cloud::all(deep);
    all.extend(wish::all(deep));
    all.extend(device::all(deep));
    all.extend(report::all(deep));
    if deep {
        all.extend(large::all());
    }
    all
}

/// How often a fault may strike: `deeply` if `deep`, else `quick`.
fn more(deep: bool, quick: u8, deeply: u8) -> u8 {
    if deep { deeply } else { quick }
}

/// The configuration of this name. Panics if there is none.
pub fn named(name: &str) -> Configuration {
    let found = all(false).into_iter().find(|config| config.name == name);
    found.unwrap_or_else(|| panic!("no configuration is named {name:?}"))
}
