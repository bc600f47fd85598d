//! `lockctl history`: what happened, newest first, a line each with the reason.

use std::cmp::Reverse;

use anyhow::Result;
use laptop::view;
use lock_core::binding::Binding;
use lock_core::event::{Event, Subject};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::HistoryArgs;
use crate::target::{Known, Target};

/// The newest lines about a name: of a lock's history, and of the button's that has the same name, if any.
pub async fn read(target: &Target, name: &LockName, limit: u16) -> Result<Vec<Event>> {
    let (store, now, limit) = (&target.cloud().store, target.now(), usize::from(limit));
    let lock = Subject::Lock(name.clone());
    let mut events = store.history(&lock, limit, now).await?;
    let button = Subject::Button(serial(name));
    events.extend(store.history(&button, limit, now).await?);
    events.sort_by_key(|event| Reverse(event.last_at.unwrap_or(event.at)));
    events.truncate(limit);
    Ok(events)
}

/// Names of locks and of buttons are written alike.
fn serial(name: &LockName) -> ButtonSerial {
    ButtonSerial::new(name.as_str()).expect("one rule holds for both names")
}

/// Answers `history`.
pub async fn run(target: &Target, args: &HistoryArgs) -> Result<Answer> {
    let name = &args.name;
    let events = read(target, name, args.limit).await?;
    let record = target.cloud().store.read_record(name).await?;
    let binding = target.cloud().store.read_binding(&serial(name)).await?;
    let mut lines: Vec<_> = events.iter().map(view::line).collect();
    if lines.is_empty() {
        let known = target.limits().await;
        let nothing = || {
            format!(
                "nothing is known of {name}: is it the thing name of a lock, or the serial number of a button, with its capitals?"
            )
        };
        lines
            .push(no_lines(name, record.as_ref(), binding.as_ref(), known).unwrap_or_else(nothing));
    }
    if let Some(lock) = binding.as_ref().and_then(|binding| binding.lock.as_ref()) {
        lines.push(format!(
            "{name} is bound to {lock}: its presses are in `lockctl history {lock}`"
        ));
    }
    let history: Vec<_> = events.iter().map(view::event).collect();
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "name": name, "registered": record.is_some() || binding.is_some(), "history": history }),
        is_no: false,
    })
}

/// What is said of a name without lines; none if it is not registered.
fn no_lines(
    name: &LockName,
    record: Option<&Record>,
    binding: Option<&Binding>,
    known: Known,
) -> Option<String> {
    let what = match (record, binding) {
        (Some(_), _) => "lock",
        (None, Some(_)) => "button",
        (None, None) => return None,
    };
    let days = known.get().map(|limits| limits.event_ttl_ms / 86_400_000);
    let kept = days.map_or_else(String::new, |days| format!(" in the last {days} days"));
    Some(format!(
        "{name} is a registered {what}; it has no lines{kept}"
    ))
}

#[cfg(test)]
mod tests {
    use lock_core::limits::Limits;
    use lock_core::time::UnixMillis;

    use super::*;

    #[test]
    fn a_registered_name_without_lines_is_said_to_be_registered() {
        let name = LockName::new("lock-1").expect("a name");
        let record = Record::created(name.clone(), UnixMillis(0));
        let limits = Limits::new(30_000, 1_500, 5_000, 7).expect("limits");
        for (record, known, wanted) in [
            (None, Known::these(limits), None),
            (
                Some(&record),
                Known::these(limits),
                Some("lock-1 is a registered lock; it has no lines in the last 7 days"),
            ),
            (
                Some(&record),
                Known::nothing(),
                Some("lock-1 is a registered lock; it has no lines"),
            ),
        ] {
            let said = no_lines(&name, record, None, known);
            assert_eq!(said.as_deref(), wanted);
        }
    }
}
