//! `lockctl history`: the newest events of a lock or button, one line each, with the reason.

use std::cmp::Reverse;

use anyhow::Result;
use laptop::view;
use lock_core::binding::Binding;
use lock_core::event::{Event, Subject};
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::HistoryArgs;
use crate::sentence;
use crate::target::Target;

/// Runs `lockctl history`. If a lock and a button have the same name, it shows the events of both.
pub async fn run(target: &Target, args: &HistoryArgs) -> Result<Answer> {
    let (name, store, now) = (&args.name, &target.cloud.store, target.now());
    let button = ButtonSerial::new(name.as_str()).expect("one rule holds for both names");
    let limit = usize::from(args.limit);
    let mut events = Vec::new();
    for subject in [Subject::Lock(name.clone()), Subject::Button(button.clone())] {
        events.extend(store.read_history(&subject, limit, now).await?);
    }
    events.sort_by_key(|event| Reverse(event.last_at.unwrap_or(event.at)));
    events.truncate(limit);
    let record = store.read_record(name).await?;
    let binding = store.read_binding(&button).await?;
    let (limits, names) = tokio::join!(target.limits(), target.names());
    let limits = limits.0;
    Ok(history_answer(
        name,
        &names,
        &events,
        record.as_ref(),
        binding.as_ref(),
        limits.as_ref(),
    ))
}

/// The answer about a name, with its record if it is a lock, and its binding if it is a button.
pub fn history_answer(
    name: &LockName,
    names: &Names,
    events: &[Event],
    record: Option<&Record>,
    binding: Option<&Binding>,
    limits: Option<&Limits>,
) -> Answer {
    let line = |event| sentence::event_line(event, names);
    let mut lines: Vec<_> = events.iter().map(line).collect();
    let labels = binding.map_or_else(
        || names.of_lock(name),
        |binding| names.of_button(&binding.button),
    );
    let title = labels.title(name.as_str());
    if lines.is_empty() {
        let days = limits.map(|limits| limits.event_ttl_ms / 86_400_000);
        let kept = days.map_or_else(String::new, |days| format!(" in the last {days} days"));
        lines.push(match (record, binding) {
            (Some(_), _) => format!("{title} is a registered lock; it has no events{kept}"),
            (None, Some(_)) => format!("{title} is a registered button; it has no events{kept}"),
            (None, None) => format!(
                "nothing is known about {name}: give the thing name of a lock or the serial \
                 number of a button; case matters"
            ),
        });
    }
    if let Some(lock) = binding.and_then(|binding| binding.lock.as_ref()) {
        lines.push(format!(
            "{title} is bound to {}: its presses are in `lockctl history {lock}`",
            names.lock(lock)
        ));
    }
    let registered = record.is_some() || binding.is_some();
    let shown: Vec<_> = events
        .iter()
        .map(|event| view::event(event, names))
        .collect();
    let mut body = json!({ "name": name, "registered": registered, "history": shown });
    body["label"] = json!(labels.label);
    body["room"] = json!(labels.room);
    Answer::new(lines, body)
}
