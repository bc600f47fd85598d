//! `lockctl status`: what is known of each lock, since when, and how surely.

use anyhow::{Context, Result};
use serde_json::json;

use crate::answer::Answer;
use crate::cli::StatusArgs;
use crate::target::Target;
use crate::view;

/// Answers `status`.
pub async fn run(target: &Target, args: &StatusArgs) -> Result<Answer> {
    let records = match &args.lock {
        Some(lock) => {
            let record = target.record(lock).await?;
            vec![record.with_context(|| {
                format!("no lock {lock} is known: `lockctl bind BUTTON {lock}` makes it known")
            })?]
        }
        None => target.records().await?,
    };
    let now = lock_aws::clock::now();
    let mut lines: Vec<_> = records
        .iter()
        .map(|record| view::sentence(record, now))
        .collect();
    if lines.is_empty() {
        lines.push("no locks yet: `lockctl bind BUTTON LOCK` makes one known".to_owned());
    }
    let locks: Vec<_> = records
        .iter()
        .map(|record| view::record(record, now))
        .collect();
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "locks": locks }),
        no: None,
    })
}
