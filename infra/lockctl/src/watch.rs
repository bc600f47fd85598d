//! `lockctl watch`: every lock, then one line per event as it happens, until Ctrl-C.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::Result;
use laptop::{unknown, view};
use lock_core::event::{Event, Subject};
use lock_core::label::Names;
use lock_core::name::LockName;
use lock_core::record::Record;
use serde_json::{Value, json};

use crate::cli::{Output, WatchArgs};
use crate::follow::Follow;
use crate::history::subject_line;
use crate::pulse::{Look, Pulse};
use crate::screen::Screen;
use crate::sentence::name_columns;
use crate::status::status_answer;
use crate::target::{KnownLimits, Target};

/// The ages in the table are renewed this often.
const AGES_EVERY: Duration = Duration::from_secs(1);
/// Looks that may fail in a row before the command ends.
const FAILURES_MAX: u32 = 5;

/// What is shown of all locks.
#[derive(Clone)]
struct Doors {
    locks: Vec<LockName>,
    records: Vec<Record>,
    names: Names,
    limits: KnownLimits,
    /// The histories of these locks, and of all buttons if no lock was named.
    subjects: Vec<Subject>,
}

/// Runs `lockctl watch` until `--count` events have happened.
pub async fn run(target: &Target, args: &WatchArgs, output: Output) -> Result<()> {
    let mut doors = Doors::read(target, args).await?;
    if let Some(lock) = args.locks.iter().find(|lock| !doors.locks.contains(lock)) {
        return Err(unknown::lock(&target.cloud, lock).await?);
    }
    let mut follow = Follow::start(&target.cloud, &doors.subjects).await?;
    let mut pulse = Pulse::start(target.console.as_deref()).await;
    let mut screen = Screen::new(output);
    screen.print(
        &doors.first_lines(target, output, &screen),
        &doors.table(target, output),
    )?;
    let mut left = args.count.unwrap_or(u64::MAX);
    let (mut has_changed, mut failures) = (true, 0);
    while left > 0 {
        let mut at = wait(&mut pulse, has_changed, &mut screen, || {
            doors.table(target, output)
        })
        .await?;
        // What a failed look has missed is not known.
        if failures > 0 {
            at = Look::All;
        }
        let looked = look(target, args, &mut follow, &doors, &at).await;
        let (next, mut events) = match looked {
            Ok(looked) => looked,
            Err(error) if failures < FAILURES_MAX => {
                failures += 1;
                has_changed = false;
                screen.print(&[failed_line(&error, output)], &doors.table(target, output))?;
                continue;
            }
            Err(error) => return Err(error),
        };
        failures = 0;
        has_changed = !events.is_empty() || next.records != doors.records;
        events.truncate(usize::try_from(left).unwrap_or(usize::MAX));
        left -= events.len() as u64;
        let mut lines: Vec<String> = events
            .iter()
            .map(|event| next.event_line(event, output))
            .collect();
        if output == Output::Json && has_changed {
            lines.extend(next.changed_line(&doors, target));
        }
        doors = next;
        screen.print(&lines, &doors.table(target, output))?;
    }
    Ok(())
}

/// Waits for the next look; on a terminal the ages in the table go on meanwhile.
async fn wait(
    pulse: &mut Pulse,
    has_changed: bool,
    screen: &mut Screen,
    table: impl Fn() -> Vec<String>,
) -> Result<Look> {
    let mut ages = tokio::time::interval(AGES_EVERY);
    let look = pulse.wait(has_changed);
    tokio::pin!(look);
    loop {
        tokio::select! {
            look = &mut look => return Ok(look),
            _ = ages.tick(), if screen.has_cursor => screen.print(&[], &table())?,
        }
    }
}

/// The doors after a look at what may have changed, and the new events.
async fn look(
    target: &Target,
    args: &WatchArgs,
    follow: &mut Follow,
    before: &Doors,
    at: &Look,
) -> Result<(Doors, Vec<Event>)> {
    let (doors, subjects) = match at {
        Look::All => {
            let doors = Doors::read(target, args).await?;
            let subjects = doors.subjects.clone();
            (doors, subjects)
        }
        Look::At(names) => {
            let subjects = before.subjects.iter();
            let subjects = subjects.filter(|subject| names.contains(subject.name()));
            (
                before.reread(target, names).await?,
                subjects.cloned().collect(),
            )
        }
    };
    let events = follow.look(&target.cloud, &subjects).await?;
    Ok((doors, events))
}

fn failed_line(error: &anyhow::Error, output: Output) -> String {
    match output {
        Output::Human => format!("failed: {error:#}; it is tried again"),
        Output::Json => json!({ "error": format!("{error:#}") }).to_string(),
    }
}

impl Doors {
    async fn read(target: &Target, args: &WatchArgs) -> Result<Self> {
        let store = &target.cloud.store;
        let register = store.read_register().await?;
        let (locks, subjects): (Vec<LockName>, Vec<Subject>) = if args.locks.is_empty() {
            let buttons = register.buttons.into_iter().map(Subject::Button);
            let locks = register.locks.iter().cloned().map(Subject::Lock);
            let subjects = locks.chain(buttons).collect();
            (register.locks, subjects)
        } else {
            // One that is forgotten leaves the table; its last event is still shown.
            let is_there = |lock: &&LockName| register.locks.contains(lock);
            let locks = args.locks.iter().filter(is_there).cloned().collect();
            (
                locks,
                args.locks.iter().cloned().map(Subject::Lock).collect(),
            )
        };
        let records = store.read_records(&locks).await?;
        Ok(Self {
            subjects,
            limits: target.limits().await,
            names: register.names,
            locks,
            records,
        })
    }

    /// The same doors, with the records of these locks as they are now.
    async fn reread(&self, target: &Target, names: &BTreeSet<String>) -> Result<Self> {
        let is_named = |lock: &LockName| names.contains(lock.as_str());
        let locks = self.locks.iter().filter(|lock| is_named(lock));
        let locks: Vec<LockName> = locks.cloned().collect();
        let mut doors = self.clone();
        doors.records.retain(|record| !is_named(&record.lock));
        doors
            .records
            .extend(target.cloud.store.read_records(&locks).await?);
        doors.records.sort_by(|a, b| a.lock.cmp(&b.lock));
        Ok(doors)
    }

    fn event_line(&self, event: &Event, output: Output) -> String {
        let titles = self.subjects.iter().map(|it| self.names.subject(it));
        let titles: Vec<String> = titles.collect();
        match output {
            Output::Human => subject_line(event, &self.names, name_columns(&titles)),
            Output::Json => json!({ "event": view::event(event, &self.names) }).to_string(),
        }
    }

    fn lines(&self, target: &Target) -> Vec<String> {
        let (now, limits) = (target.now(), self.limits.0.as_ref());
        status_answer(&self.locks, &self.records, &self.names, now, limits).lines
    }

    /// The table that stays below the lines.
    fn table(&self, target: &Target, output: Output) -> Vec<String> {
        match output {
            Output::Json => Vec::new(),
            Output::Human => self.lines(target),
        }
    }

    /// What is printed first. Without a terminal the table is printed once, as lines.
    fn first_lines(&self, target: &Target, output: Output, screen: &Screen) -> Vec<String> {
        if output == Output::Json {
            let locks: Vec<Value> = self.shown(target, |_| true);
            return vec![json!({ "target": target.name, "locks": locks }).to_string()];
        }
        let mut lines = vec![screen.title(&target.name)];
        if !screen.has_cursor {
            lines.extend(self.lines(target));
        }
        lines
    }

    /// One JSON line with the locks that differ from `before`.
    fn changed_line(&self, before: &Self, target: &Target) -> Option<String> {
        let changed = self.shown(target, |record| !before.records.contains(record));
        (!changed.is_empty()).then(|| json!({ "locks": changed }).to_string())
    }

    fn shown(&self, target: &Target, is_wanted: impl Fn(&Record) -> bool) -> Vec<Value> {
        let (now, limits) = (target.now(), self.limits.0.as_ref());
        let records = self.records.iter().filter(|record| is_wanted(record));
        records
            .map(|record| view::aged_record(record, &self.names, now, limits))
            .collect()
    }
}
