//! `lockctl history`: the newest events of a lock or button, or of all, one line each, with the
//! reason.

mod filter;

use std::cmp::Reverse;

use anyhow::Result;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use laptop::history::Filter;
use laptop::{READS_AT_ONCE, view};
use lock_aws::store::{Wanted, last_time};
use lock_core::binding::Binding;
use lock_core::event::{Event, Subject};
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Record;
use serde_json::json;

use self::filter::filter;
use crate::answer::Answer;
use crate::cli::{HistoryArgs, Output};
use crate::follow::Follow;
use crate::pulse::{Look, Pulse};
use crate::screen::Screen;
use crate::sentence;
use crate::target::Target;
use crate::terminal::pad;
use crate::wait;

/// Runs `lockctl history` without `--follow`. If a lock and a button have the same name, it shows
/// the events of both.
pub async fn run(target: &Target, args: &HistoryArgs) -> Result<Answer> {
    let store = &target.cloud.store;
    let filter = filter(args, target.now());
    let (limits, names) = tokio::join!(target.limits(), target.names());
    let events = read(target, args, &filter, &names).await?;
    let Some(name) = &args.name else {
        return Ok(all_answer(&events, &names, filter.is_empty()));
    };
    let record = store.read_record(name).await?;
    let binding = store.read_binding(&serial(name)).await?;
    let known = (record.as_ref(), binding.as_ref());
    let mut answer = history_answer(name, &names, &events, known.0, known.1, limits.0.as_ref());
    if events.is_empty() && !filter.is_empty() && (record.is_some() || binding.is_some()) {
        answer.lines[0] = no_match();
    }
    Ok(answer)
}

/// Runs `lockctl history --follow`: prints the newest events, then each further one.
pub async fn follow(target: &Target, args: &HistoryArgs, output: Output) -> Result<()> {
    let filter = filter(args, target.now());
    let mut names = target.names().await;
    let mut screen = Screen::new(output);
    let show = |event: &Event, names: &Names| match output {
        Output::Human => sentence::event_line(event, names),
        Output::Json => json!({ "event": view::event(event, names) }).to_string(),
    };
    let mut all = subjects(target, args).await?;
    let mut follow = Follow::start(&target.cloud, &all).await?;
    let mut pulse = Pulse::start(target.console.as_deref()).await;
    let reading = Box::pin(read(target, args, &filter, &names));
    let mut events = wait::during(wait::READING, None, reading).await?;
    events.reverse();
    let mut lines: Vec<String> = events.iter().map(|event| show(event, &names)).collect();
    if output == Output::Human {
        lines.insert(0, screen.title(&target.name));
    }
    screen.print(&lines, &[])?;
    let mut left = args.count.unwrap_or(u64::MAX);
    let mut has_changed = true;
    while left > 0 {
        let mut changed = all.clone();
        match pulse.wait(has_changed).await {
            Look::All => {
                all = subjects(target, args).await?;
                changed.clone_from(&all);
            }
            Look::At(names) => changed.retain(|subject| names.contains(subject.name())),
        }
        let mut events = follow.look(&target.cloud, &changed).await?;
        has_changed = !events.is_empty();
        events.retain(|event| filter.accepts(event, &names));
        if has_changed {
            names = target.names().await;
        }
        events.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= events.len() as u64;
        let lines: Vec<String> = events.iter().map(|event| show(event, &names)).collect();
        screen.print(&lines, &[])?;
    }
    Ok(())
}

fn serial(name: &LockName) -> ButtonSerial {
    ButtonSerial::new(name.as_str()).expect("one rule holds for both names")
}

/// The histories to read: of this name, of these locks, or all.
async fn subjects(target: &Target, args: &HistoryArgs) -> Result<Vec<Subject>> {
    if let Some(name) = &args.name {
        return Ok(vec![
            Subject::Lock(name.clone()),
            Subject::Button(serial(name)),
        ]);
    }
    if !args.locks.is_empty() {
        return Ok(args.locks.iter().cloned().map(Subject::Lock).collect());
    }
    let register = target.cloud.store.read_register().await?;
    let locks = register.locks.into_iter().map(Subject::Lock);
    Ok(locks
        .chain(register.buttons.into_iter().map(Subject::Button))
        .collect())
}

/// The newest events that the filter accepts, newest first.
async fn read(
    target: &Target,
    args: &HistoryArgs,
    filter: &Filter<'_>,
    names: &Names,
) -> Result<Vec<Event>> {
    let store = &target.cloud.store;
    let wanted = Wanted {
        limit: usize::from(args.limit),
        now: target.now(),
        since: filter.since,
        until: filter.until,
    };
    let subjects = subjects(target, args).await?;
    let read = stream::iter(&subjects)
        .map(|subject| store.find_history(subject, wanted, |event| filter.accepts(event, names)))
        .buffered(READS_AT_ONCE);
    let mut events: Vec<Event> = read.try_concat().await?;
    events.sort_by_key(|event| Reverse(last_time(event)));
    events.truncate(wanted.limit);
    Ok(events)
}

fn no_match() -> String {
    "no event matches: leave out a filter, or go further back with --since".to_owned()
}

/// The answer about all locks and buttons.
fn all_answer(events: &[Event], names: &Names, has_no_filter: bool) -> Answer {
    let titles: Vec<String> = events.iter().map(|it| names.subject(&it.subject)).collect();
    let columns = sentence::name_columns(&titles);
    let mut lines: Vec<String> = events
        .iter()
        .map(|event| subject_line(event, names, columns))
        .collect();
    if lines.is_empty() {
        lines.push(if has_no_filter {
            "no events yet: `lockctl press BUTTON` makes one, `lockctl status` shows the locks"
                .to_owned()
        } else {
            no_match()
        });
    }
    let shown: Vec<_> = events
        .iter()
        .map(|event| view::event(event, names))
        .collect();
    Answer::new(lines, json!({ "name": null, "history": shown }))
}

/// The line of an event, with the lock or button in whose history it is, in so many columns.
pub fn subject_line(event: &Event, names: &Names, columns: usize) -> String {
    let line = sentence::event_line(event, names);
    let subject = pad(&names.subject(&event.subject), columns);
    match line.split_once("  ") {
        Some((time, text)) => format!("{time}  {subject} {text}"),
        None => line,
    }
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
