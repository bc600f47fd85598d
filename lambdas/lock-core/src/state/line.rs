//! The message of one event of a lock's history.
//!
//! Must not know: how it is sent.

use serde::Serialize;

use crate::action::{Action, ClickType};
use crate::event::{Event, Kind};
use crate::label::Names;
use crate::name::ButtonSerial;
use crate::reason::Verdict;
use crate::time::UnixMillis;

/// The message on a lock's event topic, which is not retained.
///
/// ```json
/// {"v":1,"at":1763779512345,"kind":"press","decision":"command","reason":"pressed",
///  "action":"unlock","actor":null,"button":"button-1","click":"LONG",
///  "text":"button-1 LONG: unlock v1763779512345 (pressed)"}
/// ```
///
/// Source: PROTOCOL, Messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line<'a> {
    v: u8,
    at: UnixMillis,
    kind: Kind,
    decision: Verdict,
    reason: &'a str,
    action: Option<Action>,
    actor: Option<&'a str>,
    button: Option<&'a ButtonSerial>,
    click: Option<ClickType>,
    text: String,
}

impl<'a> Line<'a> {
    /// The message of `event`, with the labels in `names`.
    ///
    /// ```
    /// use lock_core::event::{Event, Kind, Subject};
    /// use lock_core::label::Names;
    /// use lock_core::limits::Limits;
    /// use lock_core::name::LockName;
    /// use lock_core::state::Line;
    /// use lock_core::time::UnixMillis;
    ///
    /// let door = Subject::Lock(LockName::new("lock-1")?);
    /// let key = "register".to_owned();
    /// let event = Event::new(door, Kind::Register, UnixMillis(9), key, &Limits::default());
    /// let line = Line::of(&event, &Names::default()).to_json();
    /// assert!(line.starts_with(r#"{"v":1,"at":9,"kind":"register","decision":"ignored""#));
    /// # Ok::<(), lock_core::name::NameError>(())
    /// ```
    pub fn of(event: &'a Event, names: &Names) -> Self {
        Self {
            v: 1,
            at: event.at,
            kind: event.kind,
            decision: event.decision,
            reason: event.reason.code(),
            action: event.action,
            actor: event.actor.as_deref(),
            button: event.button.as_ref(),
            click: event.click,
            text: event.with_names(names).to_string(),
        }
    }

    /// Whether the change from `old` to `event` is a new line, or one more message on a line that
    /// several share.
    pub fn is_new(old: Option<&Event>, event: &Event) -> bool {
        old.is_none_or(|old| old.count != event.count)
    }

    /// The message.
    pub fn to_json(&self) -> String {
        super::json_text(self)
    }
}
