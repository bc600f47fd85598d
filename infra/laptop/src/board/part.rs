//! The parts of what the board shows. Each is read by itself, when it has changed.
//!
//! Must not know: how a part is read or shown.

use std::collections::BTreeMap;

use lock_core::event::Subject;
use lock_core::name::{ButtonSerial, LockName};

/// Beginning of the sort key of an event.
const EVENT: &str = "event#";

/// A part that changes by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The limits of the functions.
    Limits,
    /// What people call a lock.
    LockLabel(LockName),
    /// What people call a button.
    ButtonLabel(ButtonSerial),
    /// The record of a lock.
    Record(LockName),
    /// The shadow of a lock.
    Shadow(LockName),
    /// The newest events of a lock.
    History(LockName),
    /// The lock that a button is bound to.
    Binding(ButtonSerial),
    /// The state of a device on this machine, which needs no read.
    Device(String),
}

impl Part {
    /// The parts of a lock.
    pub fn of_lock(lock: &LockName) -> [Self; 5] {
        [
            Self::LockLabel(lock.clone()),
            Self::Record(lock.clone()),
            Self::Shadow(lock.clone()),
            Self::History(lock.clone()),
            Self::Device(lock.to_string()),
        ]
    }

    /// The parts of a button.
    pub fn of_button(button: &ButtonSerial) -> [Self; 3] {
        [
            Self::ButtonLabel(button.clone()),
            Self::Binding(button.clone()),
            Self::Device(button.to_string()),
        ]
    }

    /// The name of its lock or button; `None` if it belongs to none.
    pub fn thing(&self) -> Option<&str> {
        match self {
            Self::Limits => None,
            Self::LockLabel(lock)
            | Self::Record(lock)
            | Self::Shadow(lock)
            | Self::History(lock) => Some(lock.as_str()),
            Self::ButtonLabel(button) | Self::Binding(button) => Some(button.as_str()),
            Self::Device(thing) => Some(thing),
        }
    }

    /// The lock or button whose label it is.
    pub fn label_of(&self) -> Option<Subject> {
        match self {
            Self::LockLabel(lock) => Some(Subject::Lock(lock.clone())),
            Self::ButtonLabel(button) => Some(Subject::Button(button.clone())),
            _ => None,
        }
    }

    /// Whether it changes how other things are shown, too.
    pub fn is_shared(&self) -> bool {
        *self == Self::Limits || self.label_of().is_some()
    }
}

/// What the item with this primary key belongs to: the lock or button, if it belongs to one, and
/// the part that shows it, if one does. `None` for an item that no view shows.
pub fn of_item(key: &BTreeMap<String, String>) -> Option<(Option<Subject>, Option<Part>)> {
    let (pk, sk) = (key.get("pk")?, key.get("sk")?);
    match pk.as_str() {
        "deployment" => return Some((None, Some(Part::Limits))),
        "things" => {
            let subject = subject(sk)?;
            let label = match &subject {
                Subject::Lock(lock) => Part::LockLabel(lock.clone()),
                Subject::Button(button) => Part::ButtonLabel(button.clone()),
            };
            return Some((Some(subject), Some(label)));
        }
        _ => {}
    }
    let subject = subject(pk)?;
    let part = match &subject {
        Subject::Lock(lock) if sk == "record" => Some(Part::Record(lock.clone())),
        Subject::Lock(lock) if sk.starts_with(EVENT) => Some(Part::History(lock.clone())),
        Subject::Button(button) if sk == "binding" => Some(Part::Binding(button.clone())),
        _ => None,
    };
    Some((Some(subject), part))
}

/// `lock#lock-1` or `button#button-1`.
fn subject(text: &str) -> Option<Subject> {
    match text.split_once('#')? {
        ("lock", name) => LockName::new(name).ok().map(Subject::Lock),
        ("button", name) => ButtonSerial::new(name).ok().map(Subject::Button),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use lock_aws::item::Key;
    use lock_core::event::{Event, Kind};
    use lock_core::limits::Limits;
    use lock_core::time::UnixMillis;

    use super::*;

    fn key_of(key: &Key) -> BTreeMap<String, String> {
        BTreeMap::from([
            ("pk".to_owned(), key.pk.clone()),
            ("sk".to_owned(), key.sk.clone()),
        ])
    }

    #[test]
    fn the_keys_of_the_table_name_the_parts() {
        let lock = LockName::new("lock-1").expect("a name");
        let button = ButtonSerial::new("button-1").expect("a name");
        let (of_lock, of_button) = (Subject::Lock(lock.clone()), Subject::Button(button.clone()));
        let event = |subject: &Subject| {
            let (key, limits) = ("k".to_owned(), Limits::default());
            Key::event(&Event::new(
                subject.clone(),
                Kind::Press,
                UnixMillis(7),
                key,
                &limits,
            ))
        };
        let line = event(&of_lock);
        for (key, subject, part) in [
            (
                Key::record(&lock),
                Some(&of_lock),
                Some(Part::Record(lock.clone())),
            ),
            (
                line.clone(),
                Some(&of_lock),
                Some(Part::History(lock.clone())),
            ),
            (
                Key::binding(&button),
                Some(&of_button),
                Some(Part::Binding(button.clone())),
            ),
            (event(&of_button), Some(&of_button), None),
            (
                Key::listing(&of_lock),
                Some(&of_lock),
                Some(Part::LockLabel(lock.clone())),
            ),
            (
                Key::listing(&of_button),
                Some(&of_button),
                Some(Part::ButtonLabel(button)),
            ),
            (Key::request(&lock, "r"), None, None),
            (Key::announced(&line, "c"), None, None),
            (Key::limits(), None, Some(Part::Limits)),
        ] {
            let is_shown = subject.is_some() || part.is_some();
            let wanted = is_shown.then(|| (subject.cloned(), part));
            assert_eq!(of_item(&key_of(&key)), wanted, "{key:?}");
        }
    }
}
