//! `lockctl recover`: after a table restore, believes nothing in it until each lock is heard.

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::cli::RecoverArgs;
use crate::target::Target;

/// Answers `recover`. Goes on past a lock that fails, and then fails.
pub async fn run(target: &Target, args: &RecoverArgs) -> Result<Answer> {
    let locks = match &args.lock {
        Some(lock) => vec![lock.clone()],
        None => {
            let records = target.records().await?;
            records
                .iter()
                .map(|record| record.lock.to_string())
                .collect()
        }
    };
    let (mut lines, mut shown, mut failed) = (Vec::new(), Vec::new(), 0);
    for lock in &locks {
        match recover(target, lock, &args.actor).await {
            Ok(line) => {
                lines.push(line);
                shown.push(json!({ "lock": lock, "recovered": true }));
            }
            Err(error) => {
                failed += 1;
                lines.push(format!("{lock}: {error:#}"));
                shown.push(
                    json!({ "lock": lock, "recovered": false, "error": format!("{error:#}") }),
                );
            }
        }
    }
    if locks.is_empty() {
        lines.push("no locks: nothing to recover".to_owned());
    }
    let enabled = enabled(target, args).await?;
    if !enabled.is_empty() {
        lines.push(format!(
            "enabled as in the backup: {}; revoke again what was revoked since (`lockctl revoke BUTTON`)",
            enabled.join(", ")
        ));
    }
    let no = (failed > 0).then(|| {
        format!(
            "{failed} of {} locks not recovered: run it again",
            locks.len()
        )
    });
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "locks": Value::Array(shown), "enabledButtons": enabled }),
        no,
    })
}

async fn recover(target: &Target, lock: &str, actor: &str) -> Result<String> {
    let recovered = target.recover(lock, actor).await?;
    let recovered = recovered.with_context(|| format!("no lock {lock} is known"))?;
    let version = recovered.decision.writes.event.version.unwrap_or_default();
    Ok(format!(
        "{lock}: not believed until heard; told to lock ({version}), and its shadow is read within a minute"
    ))
}

/// Buttons that a restored table lets command the locks in question: a backup does not know what was revoked after it.
async fn enabled(target: &Target, args: &RecoverArgs) -> Result<Vec<String>> {
    let bindings = target.bindings().await?;
    let asked = |lock: &str| args.lock.as_deref().is_none_or(|wanted| wanted == lock);
    let enabled = bindings
        .iter()
        .filter(|binding| binding.enabled && asked(binding.lock.as_str()));
    Ok(enabled.map(|binding| binding.button.to_string()).collect())
}
