//! Sentences about events for a person's phone: alerts, and unlocks where a deployment wants them.
//! Must not know: how they are sent, and in which time zone a person reads them.
//!
//! A sentence says which door, what, since when and what to do. It is made of a committed event
//! alone, so no crash can lose what it is about.

mod sentence;

use crate::event::{Event, Kind};
use crate::label::Names;
use crate::reason::{Alert, Verdict};
use crate::report::Latch;
use crate::time::UnixMillis;

/// The code of an announced unlock; an alert's code is its own word.
pub const UNLOCKED: &str = "unlocked";
/// Longest subject. SNS takes less than 100 characters, and no line break.
pub const SUBJECT_CHARS_MAX: usize = 99;

/// One message to a person.
///
/// ```text
/// code     left-open
/// subject  front-door: left open
/// text     front-door has been open since 18:04. Close it, or find out why it is open.
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The alert's code, or [`UNLOCKED`].
    pub code: &'static str,
    /// The door or button and what happened: printable ASCII, at most [`SUBJECT_CHARS_MAX`]
    /// characters.
    pub subject: String,
    /// At most three short sentences on one line.
    pub text: String,
}

/// The name of a door or button, as an announcement writes it.
struct Called {
    /// The name alone, as commands take it.
    name: String,
    /// The name with its labels: `Front door (lock-1)`.
    title: String,
}

impl Announcement {
    fn new(code: &'static str, called: &Called, what: &str, text: &str) -> Self {
        Self {
            code,
            subject: subject(called, what),
            // Parts of it are a sender's own words.
            text: text.replace(char::is_control, " "),
        }
    }
}

/// The messages about `new`, the event that replaced `old`: each alert that `old` did not have, and
/// the unlock of a new event if `unlocks`. `time` writes an instant as a person reads it; `names` has
/// the labels of the event's lock and button.
///
/// Only an event that says which state the latch had before announces an unlock: the lock repeats
/// its state every quarter of an hour. A report that was not used announces none.
///
/// ```
/// use lock_core::announce::announcements;
/// use lock_core::event::{Event, Kind, Subject};
/// use lock_core::label::{Label, Labels, Names};
/// use lock_core::limits::Limits;
/// use lock_core::name::LockName;
/// use lock_core::reason::Alert;
/// use lock_core::time::UnixMillis;
///
/// let door = Subject::Lock(LockName::new("lock-1")?);
/// let labels = Labels { label: Some(Label::new("Front door")?), room: None };
/// let mut names = Names::default();
/// names.insert(door.clone(), labels);
/// let key = "due-7".to_owned();
/// let mut event = Event::new(door, Kind::Sweep, UnixMillis(9), key, &Limits::default());
/// event.alerts = vec![Alert::LeftOpen];
/// event.since = Some(UnixMillis(5));
/// let time = |at: UnixMillis| format!("18:0{}", at.0);
/// let sent = announcements(None, &event, false, &names, &time);
/// assert_eq!(sent[0].code, "left-open");
/// assert_eq!(
///     sent[0].text,
///     "Front door (lock-1) has been open since 18:05. Close it, or find out why it is open."
/// );
/// assert_eq!(announcements(Some(&event), &event, false, &names, &time), []);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn announcements(
    old: Option<&Event>,
    new: &Event,
    unlocks: bool,
    names: &Names,
    time: &dyn Fn(UnixMillis) -> String,
) -> Vec<Announcement> {
    let known = |alert: &Alert| old.is_some_and(|old| old.alerts.contains(alert));
    let raised = new.alerts.iter().filter(|alert| !known(alert));
    let mut announcements: Vec<Announcement> = raised
        .map(|alert| sentence::of_alert(*alert, new, names, time))
        .collect();
    if unlocks && old.is_none() && is_unlock(new) {
        announcements.push(sentence::of_unlock(new, names, time));
    }
    announcements
}

/// Whether the event is a used report by which the latch has become unlocked.
fn is_unlock(event: &Event) -> bool {
    let is_used = !matches!(
        event.decision,
        Verdict::Ignored | Verdict::Refused | Verdict::GivenUp
    );
    event.kind == Kind::Report
        && is_used
        && event.latch == Some(Latch::Unlocked)
        && event.was.is_some_and(|was| was != Latch::Unlocked)
}

/// `Front door (lock-1): left open`, or the name alone if the labels do not fit into a subject or
/// are not ASCII. Of a name that is too long, the end is left out.
fn subject(called: &Called, what: &str) -> String {
    const CUT: &str = "...";
    let Called { name, title } = called;
    let room = SUBJECT_CHARS_MAX.saturating_sub(": ".len() + what.len());
    let is_plain = title.chars().all(|c| matches!(c, ' '..='~'));
    for shown in [title, name] {
        if shown.len() <= room && (is_plain || shown == name) {
            return format!("{shown}: {what}");
        }
    }
    let kept: String = name.chars().take(room - CUT.len()).collect();
    format!("{kept}{CUT}: {what}")
}

#[cfg(test)]
mod tests;
