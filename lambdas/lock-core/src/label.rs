//! Labels: what people call a lock or a button, and the room of a lock.
//!
//! Must not know: what is decided. A label is for readers; no decision depends on it.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{ButtonSerial, LockName, Subject};

/// Longest label, in characters.
pub const LABEL_CHARS_MAX: usize = 40;

/// Why a label was rejected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    /// Nothing but blanks, or more than [`LABEL_CHARS_MAX`] characters.
    #[error("label of {0} characters: wanted 1 to {LABEL_CHARS_MAX}")]
    Length(usize),
    /// A control character, a line break, or a character that changes the order of the others.
    #[error("label with character {0:?}: wanted characters that can be seen, and single blanks")]
    Character(char),
}

/// What people call a lock, a button or a room: `Front door`, `Küche`.
///
/// *Limits*: 1 to 40 characters, without blanks at its ends, without control characters, and
/// without those that break a line or change the order of the text around them: a label must not
/// be able to hide the name that follows it.
///
/// ```
/// use lock_core::label::{Label, LabelError};
///
/// assert_eq!(Label::new("  Front door ")?.as_str(), "Front door");
/// assert_eq!(Label::new(" "), Err(LabelError::Length(0)));
/// # Ok::<(), LabelError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Label(String);

impl Label {
    /// Checks a label from a command line or from the table. Blanks at its ends are left out.
    ///
    /// # Errors
    ///
    /// [`LabelError`] if it is empty, too long, or has a character that is not allowed.
    pub fn new(text: &str) -> Result<Self, LabelError> {
        let text = text.trim();
        if let Some(c) = text.chars().find(|c| is_forbidden(*c)) {
            return Err(LabelError::Character(c));
        }
        let length = text.chars().count();
        if length == 0 || length > LABEL_CHARS_MAX {
            return Err(LabelError::Length(length));
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters, breaks of a line or paragraph, marks of direction, and the byte order mark.
fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{061c}'
                | '\u{200b}'
                | '\u{200e}'
                | '\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2066}'..='\u{2069}'
                | '\u{feff}'
        )
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Label {
    type Error = LabelError;
    fn try_from(text: String) -> Result<Self, LabelError> {
        Self::new(&text)
    }
}

impl std::str::FromStr for Label {
    type Err = LabelError;
    fn from_str(text: &str) -> Result<Self, LabelError> {
        Self::new(text)
    }
}

impl From<Label> for String {
    fn from(label: Label) -> Self {
        label.0
    }
}

/// The label and the room of one lock, or the label of one button. Both are optional.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labels {
    /// What people call it.
    #[serde(default)]
    pub label: Option<Label>,
    /// Where the lock is; `None` for a button.
    #[serde(default)]
    pub room: Option<Label>,
}

impl Labels {
    /// Whether there is nothing to show.
    pub fn is_empty(&self) -> bool {
        self.label.is_none() && self.room.is_none()
    }

    /// `name` with its labels, for people: `Front door, Hall (lock-1)`. The name alone if there are
    /// none.
    pub fn title(&self, name: &str) -> String {
        let known = [&self.label, &self.room].into_iter().flatten();
        let known: Vec<&str> = known.map(Label::as_str).collect();
        match known.as_slice() {
            [] => name.to_owned(),
            known => format!("{} ({name})", known.join(", ")),
        }
    }
}

/// A wish to change labels: what is given replaces what is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LabelWish {
    /// The new label.
    pub label: Option<Label>,
    /// The new room.
    pub room: Option<Label>,
    /// Whether what is not given is removed.
    pub clear: bool,
}

impl LabelWish {
    /// Whether the wish changes nothing.
    pub fn is_empty(&self) -> bool {
        !self.clear && self.label.is_none() && self.room.is_none()
    }
}

/// The labels of locks and buttons by name. Shows a name with its labels wherever people read one.
///
/// ```
/// use lock_core::label::{Label, Labels, Names};
/// use lock_core::name::{ButtonSerial, LockName, Subject};
///
/// let (button, lock) = (ButtonSerial::new("button-1")?, LockName::new("lock-1")?);
/// let mut names = Names::default();
/// let labels = Labels { label: Some(Label::new("hall")?), room: None };
/// names.insert(Subject::Button(button.clone()), labels);
/// assert_eq!(names.button(&button), "hall (button-1)");
/// assert_eq!(names.lock(&lock), "lock-1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    locks: BTreeMap<LockName, Labels>,
    buttons: BTreeMap<ButtonSerial, Labels>,
}

/// The labels of a lock or button that has none.
const NONE: Labels = Labels {
    label: None,
    room: None,
};

impl Names {
    /// Adds the labels of a lock or button.
    pub fn insert(&mut self, subject: Subject, labels: Labels) {
        match subject {
            Subject::Lock(lock) => self.locks.insert(lock, labels),
            Subject::Button(button) => self.buttons.insert(button, labels),
        };
    }

    /// A lock's name with its labels.
    pub fn lock(&self, lock: &LockName) -> String {
        self.of_lock(lock).title(lock.as_str())
    }

    /// A button's name with its label.
    pub fn button(&self, button: &ButtonSerial) -> String {
        self.of_button(button).title(button.as_str())
    }

    /// The name of a lock or button with its labels.
    pub fn subject(&self, subject: &Subject) -> String {
        match subject {
            Subject::Lock(lock) => self.lock(lock),
            Subject::Button(button) => self.button(button),
        }
    }

    /// The labels of a lock.
    pub fn of_lock(&self, lock: &LockName) -> &Labels {
        self.locks.get(lock).unwrap_or(&NONE)
    }

    /// The labels of a button.
    pub fn of_button(&self, button: &ButtonSerial) -> &Labels {
        self.buttons.get(button).unwrap_or(&NONE)
    }

    /// The locks and buttons whose label is `text`, upper and lower case alike: to find the name
    /// that a person meant.
    pub fn find(&self, text: &str) -> Vec<Subject> {
        let text = text.trim().to_lowercase();
        let is_it = |labels: &Labels| {
            let label = labels.label.as_ref();
            label.is_some_and(|label| label.as_str().to_lowercase() == text)
        };
        let locks = self.locks.iter().filter(|(_, labels)| is_it(labels));
        let buttons = self.buttons.iter().filter(|(_, labels)| is_it(labels));
        locks
            .map(|(lock, _)| Subject::Lock(lock.clone()))
            .chain(buttons.map(|(button, _)| Subject::Button(button.clone())))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_what_can_be_seen_on_one_line() {
        let long = "x".repeat(LABEL_CHARS_MAX);
        let longer = "ü".repeat(LABEL_CHARS_MAX + 1);
        for (text, wanted) in [
            ("Front door", Ok("Front door")),
            ("  Küche\t", Ok("Küche")),
            ("玄関", Ok("玄関")),
            ("O'Neill's (new)", Ok("O'Neill's (new)")),
            (long.as_str(), Ok(long.as_str())),
            ("", Err(LabelError::Length(0))),
            (" \n ", Err(LabelError::Length(0))),
            (longer.as_str(), Err(LabelError::Length(41))),
            ("a\nb", Err(LabelError::Character('\n'))),
            ("a\u{1b}[31m", Err(LabelError::Character('\u{1b}'))),
            ("a\u{2028}b", Err(LabelError::Character('\u{2028}'))),
            ("\u{202e}a", Err(LabelError::Character('\u{202e}'))),
            ("a\u{200b}", Err(LabelError::Character('\u{200b}'))),
        ] {
            let label = Label::new(text);
            let label = label.as_ref().map(Label::as_str).map_err(Clone::clone);
            assert_eq!(label, wanted, "{text:?}");
        }
    }

    #[test]
    fn a_stored_label_is_checked_when_it_is_read() {
        let read = serde_json::from_str::<Label>;
        assert_eq!(read("\"hall\"").unwrap().to_string(), "hall");
        assert!(read("\"\"").is_err());
        let labels: Labels = serde_json::from_str("{}").unwrap();
        assert!(labels.is_empty());
        let label = "hall".parse::<Label>().unwrap();
        assert_eq!(serde_json::to_string(&label).unwrap(), "\"hall\"");
    }

    #[test]
    fn a_name_is_shown_with_what_is_known_of_it() {
        let label = |text: &str| (!text.is_empty()).then(|| Label::new(text).unwrap());
        for (text, room, wanted) in [
            ("", "", "lock-1"),
            ("Front door", "", "Front door (lock-1)"),
            ("", "Hall", "Hall (lock-1)"),
            ("Front door", "Hall", "Front door, Hall (lock-1)"),
        ] {
            let labels = Labels {
                label: label(text),
                room: label(room),
            };
            assert_eq!(labels.title("lock-1"), wanted);
            assert_eq!(labels.is_empty(), wanted == "lock-1");
        }
    }

    #[test]
    fn a_lock_and_a_button_of_one_name_have_labels_of_their_own() {
        let lock = LockName::new("x").unwrap();
        let button = ButtonSerial::new("x").unwrap();
        let labels = |text: &str| Labels {
            label: Some(Label::new(text).unwrap()),
            room: None,
        };
        let mut names = Names::default();
        names.insert(Subject::Lock(lock.clone()), labels("Door"));
        names.insert(Subject::Button(button.clone()), labels("Fob"));
        assert_eq!(names.subject(&Subject::Lock(lock.clone())), "Door (x)");
        assert_eq!(names.subject(&Subject::Button(button.clone())), "Fob (x)");
        assert_eq!(names.find(" door"), [Subject::Lock(lock)]);
        assert_eq!(names.find("FOB"), [Subject::Button(button)]);
        assert_eq!(names.find("x"), []);
    }

    #[test]
    fn a_wish_without_any_part_changes_nothing() {
        assert!(LabelWish::default().is_empty());
        let clear = LabelWish {
            clear: true,
            ..LabelWish::default()
        };
        assert!(!clear.is_empty());
        let room = LabelWish {
            room: Some(Label::new("Hall").unwrap()),
            ..LabelWish::default()
        };
        assert!(!room.is_empty());
    }
}
