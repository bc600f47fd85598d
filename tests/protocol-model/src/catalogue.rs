//! The configurations: small worlds that together hold every fault. It must not know how they are looked at.

mod cloud;
mod device;
mod large;
mod report;
mod wish;

use lock_core::action::ClickType;

use crate::configuration::Config;

const SINGLE: ClickType = ClickType::Single;
const DOUBLE: ClickType = ClickType::Double;
const LONG: ClickType = ClickType::Long;

/// Every configuration; with more of everything where `deep`.
pub fn all(deep: bool) -> Vec<Config> {
    let mut all = cloud::all(deep);
    all.extend(wish::all(deep));
    all.extend(device::all(deep));
    all.extend(report::all(deep));
    if deep {
        all.extend(large::all());
    }
    all
}

/// So many of something, and more where `deep`.
fn more(deep: bool, quick: u8, deeply: u8) -> u8 {
    if deep { deeply } else { quick }
}

/// The configuration of this name.
pub fn named(name: &str) -> Config {
    let found = all(false).into_iter().find(|config| config.name == name);
    found.unwrap_or_else(|| panic!("no configuration is named {name:?}"))
}
