//! A binding: which lock a button may command, and how. Must not know the lock's state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{ClickType, Intent};
use crate::name::{ButtonSerial, LockName};
use crate::time::UnixMillis;

/// What each click of a button asks for.
/// Shape: `{"SINGLE":"toggle","DOUBLE":"lock","LONG":"unlock"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actions(pub BTreeMap<ClickType, Intent>);

impl Default for Actions {
    /// A single press toggles, a double one locks, a long one unlocks.
    fn default() -> Self {
        Self(BTreeMap::from([
            (ClickType::Single, Intent::Toggle),
            (ClickType::Double, Intent::Lock),
            (ClickType::Long, Intent::Unlock),
        ]))
    }
}

impl Actions {
    /// What `click` asks for; none when this button's binding gives it no meaning.
    ///
    /// ```
    /// use lock_core::action::{ClickType, Intent};
    /// use lock_core::binding::Actions;
    ///
    /// assert_eq!(Actions::default().of(ClickType::Single), Some(Intent::Toggle));
    /// ```
    pub fn of(&self, click: ClickType) -> Option<Intent> {
        self.0.get(&click).copied()
    }
}

/// The last press that took effect. Ignored presses never change it (C3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LastPress {
    /// The id that the rules engine gave it.
    pub press_id: String,
    /// When it was made.
    pub at: UnixMillis,
    /// The button's count: the largest that has taken effect, kept when a later press carries none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sequence: Option<u64>,
}

/// What a button may do. Key `button#<serial>` / `binding`.
/// Source: PROTOCOL, The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The button.
    pub button: ButtonSerial,
    /// The lock it commands; none while the button is registered and not bound.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lock: Option<LockName>,
    /// What its clicks ask for.
    pub actions: Actions,
    /// Whether it may command at all; revoking clears this (C3).
    pub enabled: bool,
    /// Grows with every change of the binding, so that a decision made on an old one is not
    /// committed (C3).
    pub revision: u64,
    /// When it was last bound or unbound: a press made before that has no effect (C3). None in
    /// bindings older than this field.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bound_at: Option<UnixMillis>,
    /// The last press that took effect. Binding keeps it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_press: Option<LastPress>,
    /// Battery of the button at that press. In mV.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub battery_mv: Option<u64>,
}
