//! A binding: which lock a button may command, and how.
//!
//! Must not know: the lock's state.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::{Action, ClickType, Intent};
use crate::command::Version;
use crate::name::{ButtonSerial, LockName};
use crate::time::UnixMillis;

/// What each click of a button asks for.
/// Shape: `{"SINGLE":"toggle","DOUBLE":"lock","LONG":"unlock"}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actions(pub BTreeMap<ClickType, Intent>);

impl Default for Actions {
    /// A single press toggles, a double press locks, a long press unlocks.
    fn default() -> Self {
        Self(BTreeMap::from([
            (ClickType::Single, Intent::Toggle),
            (ClickType::Double, Intent::Lock),
            (ClickType::Long, Intent::Unlock),
        ]))
    }
}

impl Actions {
    /// What `click` asks for; `None` if the binding gives it no meaning.
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
    /// The rules engine's id of its delivery.
    pub press_id: String,
    /// When the rules engine received it.
    pub at: UnixMillis,
    /// The button's largest sequence that has taken effect; a later press without one keeps it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sequence: Option<u64>,
    /// The command that it caused, for a process that has not read the record; `None` in notes
    /// older than this field.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<CausedCommand>,
}

/// The command that a press caused, as far as a prediction needs it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CausedCommand {
    /// The version that it gave the record.
    pub version: Version,
    /// What the lock was to do.
    pub action: Action,
}

/// What a button may do. Stored under `button#<serial>` / `binding`.
/// Source: PROTOCOL, The record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    /// The button that is bound.
    pub button: ButtonSerial,
    /// The lock that it commands; `None` while it is only registered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lock: Option<LockName>,
    /// What each click asks for.
    pub actions: Actions,
    /// Whether it may command at all; a revocation clears this (C3).
    pub enabled: bool,
    /// Grows when an operator changes the binding, and with the clock, so that a decision on
    /// another binding is not committed, even one that a restoration of the table has undone (C3).
    pub revision: u64,
    /// When it was last bound or unbound: an earlier press has no effect (C3). `None` in bindings
    /// older than this field.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub bound_at: Option<UnixMillis>,
    /// The last press that took effect; binding the button again keeps it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub last_press: Option<LastPress>,
    /// The button's battery at that press, in mV.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub battery_mv: Option<u64>,
}

impl Binding {
    /// The binding of a button that is only registered: to no lock, with the default actions.
    pub fn new(button: ButtonSerial, revision: u64) -> Self {
        Self {
            button,
            lock: None,
            actions: Actions::default(),
            enabled: true,
            revision,
            bound_at: None,
            last_press: None,
            battery_mv: None,
        }
    }
}
