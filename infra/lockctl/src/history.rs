//! `lockctl history`: what happened, newest first, a line each with the reason.

use anyhow::Result;
use lock_core::event::Event;
use lock_core::reason::Verdict;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::cli::HistoryArgs;
use crate::target::Target;
use crate::when;

/// The newest lines of a lock's history, or of a button's that no lock knows.
pub async fn read(target: &Target, name: &str, limit: u16) -> Result<Vec<Value>> {
    let mut events = target.events_of_lock(name, limit).await?;
    events.extend(target.events_of_button(name, limit).await?);
    events.sort_by_key(|event| std::cmp::Reverse(event.at));
    events.truncate(usize::from(limit));
    Ok(events.iter().map(shown).collect())
}

/// An event as stored, with the line for people.
fn shown(event: &Event) -> Value {
    let mut value =
        serde_json::to_value(event).unwrap_or_else(|error| json!({ "error": error.to_string() }));
    value["text"] = json!(event.to_string());
    value["ignored"] = json!(matches!(
        event.decision,
        Verdict::Ignored | Verdict::Refused
    ));
    value
}

/// Answers `history`.
pub async fn run(target: &Target, args: &HistoryArgs) -> Result<Answer> {
    let history = read(target, &args.name, args.limit).await?;
    let line = |event: &Value| {
        let at = event["at"].as_u64().unwrap_or_default();
        format!(
            "{}  {}",
            when::date(at),
            event["text"].as_str().unwrap_or_default()
        )
    };
    let mut lines: Vec<_> = history.iter().map(line).collect();
    if lines.is_empty() {
        lines.push(format!("nothing is known of {}: is it the thing name of a lock, or the serial number of a button?", args.name));
    }
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "name": args.name, "history": history }),
        no: None,
    })
}
