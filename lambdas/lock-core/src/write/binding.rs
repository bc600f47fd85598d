//! Changes of a binding, and their conditions (C3).
//!
//! Must not know: how a table expresses a condition.

use super::condition::{Condition, Operand};
use crate::binding::{Actions, Binding, LastPress};
use crate::name::{ButtonSerial, LockName};
use crate::time::UnixMillis;

/// A change of a binding, stored under `button#<serial>` / `binding`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingWrite {
    /// Creates it, unless it exists.
    Create(Binding),
    /// Changes parts of it, if it is as read.
    Update(BindingUpdate),
}

/// A change of a binding, under the condition that its revision is still `revision`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindingUpdate {
    /// The binding's button.
    pub button: ButtonSerial,
    /// The binding's revision, as read.
    pub revision: u64,
    /// The change and its further conditions.
    pub change: BindingChange,
}

/// What changes in a binding. All but [`BindingChange::Bind`] hold only while the binding is
/// enabled (C3): a button revoked since it was read commands nothing, by a new command or by an old
/// one sent again (C8).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BindingChange {
    /// Nothing; only the condition counts.
    Nothing,
    /// Notes a press that takes effect.
    Note(PressNote),
    /// Disables it at this time, with a new revision (C11).
    Disable(UnixMillis),
    /// Binds or unbinds it and enables it, with a new revision (C3).
    Bind(Bind),
}

/// A new binding of a button.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bind {
    /// The lock; `None` to unbind.
    pub lock: Option<LockName>,
    /// What each click asks for.
    pub actions: Actions,
    /// The time of the change: an earlier press has no effect.
    pub at: UnixMillis,
    /// Whether to forget the last press, for a board that lost its sequence.
    pub forget_last_press: bool,
}

/// A note of a press that takes effect, under the condition that it is `newer` (C3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PressNote {
    /// The condition that the press is newer than the last one.
    pub newer: Newer,
    /// The new last press of the button.
    pub last_press: LastPress,
    /// The battery at this press in mV, if known.
    pub battery_mv: Option<u64>,
    /// What the stored battery must still be, if this press raises the alert about it.
    pub battery_guard: Option<BatteryGuard>,
    /// When the last press must still have been, if the decision depends on how long ago it was.
    pub last_guard: Option<LastGuard>,
}

/// When the button's last press was received, as read. A cached binding may hold an earlier one,
/// and a second press of an impatient person would count as a new wish (C6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastGuard(pub Option<UnixMillis>);

/// The stored battery in mV, as read. A cached binding may hold an old one, and two processes would
/// raise one alert twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatteryGuard(pub Option<u64>);

/// What makes a press newer than the last one that took effect (C2, C3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Newer {
    /// No last sequence, or a smaller one.
    Sequence(u64),
    /// No last press, or one at or before this time; and the largest sequence is still the one that
    /// the note keeps. With a cached binding, a press in the quiet window could otherwise act, and
    /// a sequence already used could be forgotten.
    LastAtMost(UnixMillis),
}

impl BindingUpdate {
    /// `change` of `binding`, as read.
    pub fn new(binding: &Binding, change: BindingChange) -> Self {
        Self {
            button: binding.button.clone(),
            revision: binding.revision,
            change,
        }
    }

    /// The binding's revision after this write. A new one is the time of the change, or one more
    /// than the last if that is later, so that no revision comes a second time after a restoration
    /// of the table: a process may still have it cached with another lock (C3, C12).
    pub fn new_revision(&self) -> u64 {
        match &self.change {
            BindingChange::Nothing | BindingChange::Note(_) => self.revision,
            BindingChange::Disable(at) | BindingChange::Bind(Bind { at, .. }) => {
                self.revision.saturating_add(1).max(at.0)
            }
        }
    }

    /// What must hold, as data.
    pub fn conditions(&self) -> impl Iterator<Item = Condition<'_>> {
        use Condition::{Below, Equal};
        use Operand::{Flag, Number};
        let note = match &self.change {
            BindingChange::Note(note) => Some(note),
            _ => None,
        };
        let [newer, kept] = match note.map(|note| (note.newer, note.last_press.sequence)) {
            Some((Newer::Sequence(sequence), _)) => {
                [Some(Below("lastPress.sequence", sequence)), None]
            }
            Some((Newer::LastAtMost(at), kept)) => [
                Some(Below("lastPress.at", at.0.saturating_add(1))),
                Some(Equal("lastPress.sequence", kept.map(Number))),
            ],
            None => [None, None],
        };
        let battery = note.and_then(|note| note.battery_guard);
        let battery = battery.map(|BatteryGuard(mv)| Equal("batteryMv", mv.map(Number)));
        let last = note.and_then(|note| note.last_guard);
        let at = |at: UnixMillis| Number(at.0);
        let last = last.map(|LastGuard(read)| Equal("lastPress.at", read.map(at)));
        let is_bind = matches!(self.change, BindingChange::Bind(_));
        let enabled = (!is_bind).then_some(Equal("enabled", Some(Flag(true))));
        let revision = Some(Equal("revision", Some(Number(self.revision))));
        let conditions = [revision, enabled, newer, kept, battery, last];
        conditions.into_iter().flatten()
    }

    /// Whether the conditions hold.
    pub fn admits(&self, binding: &Binding) -> bool {
        let last = binding.last_press.as_ref();
        let attribute = |path: &str| {
            Some(match path {
                "revision" => Operand::Number(binding.revision),
                "enabled" => Operand::Flag(binding.enabled),
                "lastPress.at" => Operand::Number(last?.at.0),
                "lastPress.sequence" => Operand::Number(last?.sequence?),
                "batteryMv" => Operand::Number(binding.battery_mv?),
                _ => return None,
            })
        };
        self.conditions()
            .all(|condition| condition.holds(attribute))
    }

    /// The binding after this write.
    pub fn apply(&self, binding: &Binding) -> Binding {
        let mut binding = binding.clone();
        binding.revision = self.new_revision();
        match &self.change {
            BindingChange::Nothing => {}
            BindingChange::Note(note) => {
                binding.last_press = Some(note.last_press.clone());
                binding.battery_mv = note.battery_mv.or(binding.battery_mv);
            }
            BindingChange::Disable(_) => binding.enabled = false,
            BindingChange::Bind(bind) => {
                binding.lock = bind.lock.clone();
                binding.actions = bind.actions.clone();
                binding.bound_at = Some(bind.at);
                binding.enabled = true;
                if bind.forget_last_press {
                    binding.last_press = None;
                }
            }
        }
        binding
    }
}

impl BindingWrite {
    /// The binding must still be enabled and unchanged.
    pub fn unchanged(binding: &Binding) -> Self {
        Self::Update(BindingUpdate::new(binding, BindingChange::Nothing))
    }

    /// The button of the binding.
    pub fn button(&self) -> &ButtonSerial {
        match self {
            Self::Create(binding) => &binding.button,
            Self::Update(update) => &update.button,
        }
    }

    /// The binding after this write; `None` if the condition does not hold.
    pub fn apply(&self, binding: Option<&Binding>) -> Option<Binding> {
        match (self, binding) {
            (Self::Create(new), None) => Some(new.clone()),
            (Self::Update(update), Some(binding)) if update.admits(binding) => {
                Some(update.apply(binding))
            }
            _ => None,
        }
    }
}
