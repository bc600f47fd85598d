//! What is wired to a device in addition to its relay, from its settings: the contacts that a
//! person moves here. A contact is a pin and the level that it has while it is closed.
//!
//! Must not know: what the firmware makes of a contact.

use serde_json::{Value, json};

use super::{DeviceOptions, Kind};

/// The contacts of a device; a button has none.
#[derive(Debug, Clone, Default)]
pub struct Wiring {
    /// Closed while the door is.
    pub door: Option<Contact>,
    /// Closed while the exit button is pressed.
    pub exit: Option<Contact>,
    /// Whether a contact shows the bolt.
    pub has_bolt: bool,
}

/// A contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    pin: i64,
    closed_level: bool,
}

impl Contact {
    /// The line that closes or opens it.
    pub fn line(self, closed: bool) -> Value {
        json!({ "pin": { "number": self.pin, "level": closed == self.closed_level } })
    }
}

impl Wiring {
    /// The wiring that these options describe.
    pub fn of(options: &DeviceOptions) -> Self {
        if options.kind != Kind::Lock {
            return Self::default();
        }
        let number = |key: &str| {
            let mut settings = options.settings.iter().rev();
            settings.find_map(|text| text.strip_prefix(key)?.strip_prefix('=')?.parse().ok())
        };
        let pin = |key| number(key).filter(|pin: &i64| *pin >= 0);
        let contact = |key, level| {
            let closed_level = number(level).is_some_and(|level| level != 0);
            pin(key).map(|pin| Contact { pin, closed_level })
        };
        Self {
            door: contact("pins.door", "lock.door_closed_level"),
            exit: contact("pins.exit", "lock.exit_level"),
            has_bolt: pin("pins.bolt").is_some(),
        }
    }
}
