//! `lockctl status`: the state of each lock, how old it is and how certain.

use anyhow::Result;
use laptop::{unknown, view};
use lock_core::label::Names;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::record::Record;
use lock_core::time::UnixMillis;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::StatusArgs;
use crate::sentence;
use crate::target::Target;
use crate::terminal::pad;

/// Runs `lockctl status`.
pub async fn run(target: &Target, args: &StatusArgs) -> Result<Answer> {
    let store = &target.cloud.store;
    let register = store.read_register().await?;
    let (names, locks) = (
        register.names,
        match &args.lock {
            Some(lock) => vec![lock.clone()],
            None => register.locks,
        },
    );
    let records = store.read_records(&locks).await?;
    if let Some(lock) = &args.lock
        && records.is_empty()
    {
        return Err(unknown::lock(&target.cloud, lock).await?);
    }
    let limits = target.limits().await;
    let mut answer = status_answer(&locks, &records, &names, target.now(), limits.0.as_ref());
    if !locks.is_empty() {
        answer.lines.extend(limits.note());
    }
    Ok(answer)
}

/// The answer about `locks`, with the records that were found.
pub fn status_answer(
    locks: &[LockName],
    records: &[Record],
    names: &Names,
    now: UnixMillis,
    limits: Option<&Limits>,
) -> Answer {
    let titles: Vec<String> = records.iter().map(|it| names.lock(&it.lock)).collect();
    let columns = sentence::name_columns(&titles);
    let line = |(title, record): (&String, &Record)| {
        let text = sentence::record_text(record, names, now, limits);
        format!("{} {text}", pad(title, columns))
    };
    let mut lines: Vec<_> = titles.iter().zip(records).map(line).collect();
    let has_record = |lock: &&LockName| records.iter().any(|record| record.lock == **lock);
    let missing: Vec<&LockName> = locks.iter().filter(|lock| !has_record(lock)).collect();
    lines.extend(missing.iter().map(|lock| {
        let shown = names.lock(lock);
        format!(
            "{shown}: registered, but its record is missing; `lockctl register lock {lock} \
             --record-only` creates it"
        )
    }));
    if lines.is_empty() {
        lines.push("no locks yet: `lockctl register lock NAME` registers one".to_owned());
    }
    let shown = records
        .iter()
        .map(|record| view::aged_record(record, names, now, limits));
    let shown: Vec<_> = shown.collect();
    Answer::new(
        lines,
        json!({ "locks": shown, "missing": missing, "limits": limits }),
    )
}
