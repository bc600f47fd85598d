//! Records and events as one line each, for people.

use laptop::view::{self, Certainty};
use laptop::when;
use lock_core::action::Action;
use lock_core::event::Event;
pub use lock_core::label::Names;
use lock_core::limits::{Limits, SYSTEM_LOCKS_CONTESTED};
use lock_core::record::{Record, Status};
use lock_core::report::{Outcome, Settings};
use lock_core::time::UnixMillis;

use crate::terminal::{pad, width};

/// Columns of the names in a list, at least.
const NAME_MIN: usize = 12;
/// Columns of a name beyond which it aligns nothing: one long label does not push all texts aside.
const NAME_MAX: usize = 40;

/// Columns of the names in a list, so that what follows them is aligned.
pub fn name_columns<'a>(names: impl IntoIterator<Item = &'a String>) -> usize {
    let widths = names.into_iter().map(|name| width(name));
    let aligned = widths.filter(|width| *width <= NAME_MAX);
    aligned.max().unwrap_or(0).max(NAME_MIN)
}

/// `lock-1  locked, acknowledged 3 s ago (settled, v1763779512345)`; with a label `Front door
/// (lock-1) locked, …`.
pub fn record_line(
    record: &Record,
    names: &Names,
    now: UnixMillis,
    limits: Option<&Limits>,
) -> String {
    let name = pad(&names.lock(&record.lock), NAME_MIN);
    format!("{name} {}", record_text(record, names, now, limits))
}

/// `locked, acknowledged 3 s ago (settled, v1763779512345)`.
pub fn record_text(
    record: &Record,
    names: &Names,
    now: UnixMillis,
    limits: Option<&Limits>,
) -> String {
    format!(
        "{}{} ({}, {})",
        state(record, names, now, limits),
        remarks(record),
        record.status.as_str(),
        record.version
    )
}

/// `locked, acknowledged 3 s ago`.
fn state(record: &Record, names: &Names, now: UnixMillis, limits: Option<&Limits>) -> String {
    let certainty = Certainty::of(record, now, limits);
    let state = record.state;
    let Some(reported) = &record.reported else {
        return match certainty {
            Certainty::Assumed => {
                format!("unknown: never reported, {}", under_way(record, names, now))
            }
            _ => "unknown: never reported".to_owned(),
        };
    };
    let ago = when::ago(reported.at.0, now.0);
    match certainty {
        Certainty::Sensed | Certainty::Acknowledged => {
            let door = reported.report.door;
            let door = door.map_or_else(String::new, |door| format!(", door {}", door));
            format!("{state}, {} {ago}{door}", certainty.as_str())
        }
        Certainty::Assumed => {
            format!(
                "{state}, assumed: reported {ago}, {}",
                under_way(record, names, now)
            )
        }
        Certainty::Unknown => {
            let unanswered = record.command.as_ref();
            let unanswered = unanswered.filter(|_| record.status != Status::Settled);
            let since =
                unanswered.map_or(reported.at, |command| command.created_at.max(reported.at));
            let span = when::span(since.0, now.0);
            format!("unknown: no answer for {span}, last reported {state}")
        }
    }
}

/// Remarks about a refusal, an expired unlock, a contested lock and lost settings.
fn remarks(record: &Record) -> String {
    let mut remarks = Vec::new();
    match view::refusal(record) {
        Some("implausible") => remarks.push(
            "refused: implausible (its version is more than a day ahead of the lock's clock)"
                .to_owned(),
        ),
        Some(reason) => remarks.push(format!("refused: {reason}")),
        None => {}
    }
    if has_expired(record) {
        remarks.push("the unlock came too late".to_owned());
    }
    if let Some(command) = &record.command
        && command.system_locks >= SYSTEM_LOCKS_CONTESTED
    {
        remarks.push(format!(
            "contested: {} system locks in a row, something undoes them",
            command.system_locks
        ));
    }
    let reported = record.reported.as_ref();
    if reported.is_some_and(|reported| reported.report.settings == Some(Settings::Kept)) {
        remarks.push("settings kept: conf9.json is missing or damaged".to_owned());
    }
    let remarks = remarks.into_iter().map(|remark| format!("; {remark}"));
    remarks.collect()
}

/// Whether the lock answered the current unlock with `expired`: it has not opened.
pub fn has_expired(record: &Record) -> bool {
    let (command, reported) = (record.command.as_ref(), record.reported.as_ref());
    record.status == Status::Settled
        && reported.is_some_and(|reported| reported.report.result == Outcome::Expired)
        && command.is_some_and(|command| command.action == Action::Unlock)
}

/// `unlock is under way (button button-1)`.
fn under_way(record: &Record, names: &Names, now: UnixMillis) -> String {
    let Some(command) = &record.command else {
        return "no command is under way".to_owned();
    };
    let (action, cause) = (command.action.as_str(), view::cause(&command.cause, names));
    if command.attempts == 0 && command.next_send_at <= now {
        return format!("{action} is sent within a minute ({cause})");
    }
    if command.attempts == 0 {
        let span = when::span(now.0, command.next_send_at.0);
        return format!("{action} waits for its turn, {span} more ({cause})");
    }
    format!("{action} is under way ({cause})")
}

/// `2026-11-22 14:03:21  button-1 SINGLE: ignored: stale (3 times), the last at 14:03:58.120`.
pub fn event_line(event: &Event, names: &Names) -> String {
    let last = event.last_at.filter(|_| event.count.unwrap_or(1) > 1);
    let last = last.map_or_else(String::new, |at| {
        format!(", the last at {}", when::clock(at.0))
    });
    let text = event.with_names(names);
    format!("{}  {text}{last}", when::date(event.at.0))
}

#[cfg(test)]
mod tests;
