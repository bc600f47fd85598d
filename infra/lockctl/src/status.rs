//! `lockctl status`: what is known of each lock, since when, and how surely.

use anyhow::Result;
use laptop::view;
use lock_core::name::LockName;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::StatusArgs;
use crate::target::Target;
use crate::unknown;

/// Answers `status`.
pub async fn run(target: &Target, args: &StatusArgs) -> Result<Answer> {
    let store = &target.cloud().store;
    let asked: Vec<LockName> = match &args.lock {
        Some(lock) => vec![lock.clone()],
        None => store.register().await?.locks,
    };
    let records = store.read_records(&asked).await?;
    if let Some(lock) = &args.lock
        && records.is_empty()
    {
        return Err(unknown::lock(target, lock).await?);
    }
    let known = target.limits().await;
    let (limits, now) = (known.get(), target.now());
    let mut lines: Vec<_> = records
        .iter()
        .map(|record| view::sentence(record, now, limits.as_ref()))
        .collect();
    for lock in &asked {
        if !records.iter().any(|record| record.lock == *lock) {
            lines.push(format!(
                "{lock}: on the list, but its record is gone; `lockctl register lock {lock}` makes it new"
            ));
        }
    }
    if lines.is_empty() {
        lines.push("no locks yet: `lockctl register lock NAME` makes one known".to_owned());
    } else {
        lines.extend(known.note());
    }
    let locks: Vec<_> = records
        .iter()
        .map(|record| view::record(record, now, limits.as_ref()))
        .collect();
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "locks": locks, "limits": limits }),
        is_no: false,
    })
}
