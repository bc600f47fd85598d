//! What the table has about the devices that are looked at.
//!
//! Must not know: AWS `IoT`.

use std::collections::BTreeSet;

use lock_aws::{Register, Store};
use lock_core::binding::Binding;
use lock_core::label::Names;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;

use super::evidence::{Entry, Seen};
use crate::register::kind::Kind;
use crate::target::Target;

/// A device that is looked at.
pub struct Listed {
    /// Its name.
    pub name: String,
    /// What it is registered as; `None` if it is not, or that was not seen.
    pub kind: Option<Kind>,
    /// What the table has about it.
    pub entry: Seen<Entry>,
}

/// What the table has, as far as it is needed.
struct Table {
    register: Register,
    records: Vec<Record>,
    bindings: Vec<Binding>,
}

/// The device of this name and, for a button, the lock that it commands; without a name, all
/// registered devices but retired buttons, locks first.
pub async fn list(target: &Target, name: Option<&str>) -> (Vec<Listed>, Names) {
    let table = match read(&target.cloud.store).await {
        Ok(table) => table,
        Err(unseen) => {
            let one = name.map(|name| Listed {
                name: name.to_owned(),
                kind: None,
                entry: Err(unseen),
            });
            return (one.into_iter().collect(), Names::default());
        }
    };
    (select(&table, name), table.register.names)
}

/// The devices of the table that are looked at.
fn select(table: &Table, name: Option<&str>) -> Vec<Listed> {
    let mut listed: Vec<Listed> = Vec::new();
    let mut seen = BTreeSet::new();
    let locks = table.register.locks.iter().map(|lock| table.lock(lock));
    let buttons = &table.register.buttons;
    let buttons = buttons.iter().map(|button| table.button(button));
    let Some(name) = name else {
        let buttons = buttons.filter(|button| !table.is_retired(button));
        return locks.chain(buttons).collect();
    };
    // The button first: its presses come before the lock's commands.
    for device in buttons.chain(locks) {
        let commanded = listed.iter().any(|button| {
            let lock = button.entry.as_ref().ok().and_then(super::device::lock_of);
            lock == Some(device.name.as_str())
        });
        if (device.name == name || commanded) && seen.insert((device.name.clone(), device.word())) {
            listed.push(device);
        }
    }
    if listed.is_empty() {
        listed.push(Listed {
            name: name.to_owned(),
            kind: None,
            entry: Ok(Entry::Absent),
        });
    }
    listed
}

async fn read(store: &Store) -> Seen<Table> {
    let register = store.read_register().await?;
    Ok(Table {
        records: store.read_records(&register.locks).await?,
        bindings: store.read_bindings(&register.buttons).await?,
        register,
    })
}

impl Listed {
    fn word(&self) -> Option<&'static str> {
        self.kind.map(Kind::word)
    }
}

impl Table {
    /// Whether it is a button that was retired. Nothing about it can be broken.
    fn is_retired(&self, listed: &Listed) -> bool {
        let mut bindings = self.bindings.iter();
        let binding = bindings.find(|binding| binding.button.as_str() == listed.name);
        binding.is_some_and(|binding| self.register.is_retired(binding))
    }

    fn lock(&self, lock: &LockName) -> Listed {
        let record = self.records.iter().find(|record| record.lock == *lock);
        let entry = record.map_or(Entry::LockWithoutRecord, |record| {
            Entry::Lock(Box::new(record.clone()))
        });
        Listed {
            name: lock.as_str().to_owned(),
            kind: Some(Kind::Lock),
            entry: Ok(entry),
        }
    }

    fn button(&self, button: &ButtonSerial) -> Listed {
        let binding = self.bindings.iter().find(|found| found.button == *button);
        let binding = binding.cloned();
        // A listed button without a binding is as one that was never bound.
        let binding = binding.unwrap_or_else(|| Binding::new(button.clone(), 0));
        let lock = binding.lock.as_ref();
        Listed {
            name: button.as_str().to_owned(),
            kind: Some(Kind::Button),
            entry: Ok(Entry::Button {
                is_lock_known: lock.is_some_and(|lock| self.register.locks.contains(lock)),
                binding: Box::new(binding),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use lock_core::time::UnixMillis;

    use super::*;

    #[test]
    fn a_retired_button_is_looked_at_only_by_its_name() {
        let button = |name: &str| ButtonSerial::new(name).expect("a name");
        let buttons = vec![button("fob"), button("old")];
        let bindings = buttons.iter().map(|it| Binding::new(it.clone(), 1));
        let table = Table {
            bindings: bindings.collect(),
            records: Vec::new(),
            register: Register {
                buttons,
                retired: [(button("old"), UnixMillis(1))].into(),
                ..Register::default()
            },
        };
        let names = |name| {
            let listed = select(&table, name).into_iter();
            listed.map(|listed| listed.name).collect::<Vec<_>>()
        };
        assert_eq!(names(None), ["fob"]);
        assert_eq!(names(Some("old")), ["old"]);
    }
}
