//! `lockctl enable`: restores a button's permission after `lockctl revoke`.

use anyhow::{Context, Result};
use laptop::{PRESS_COUNTS_AFTER, unknown, view};
use lock_aws::Enabled;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::EnableArgs;
use crate::target::Target;

/// Runs `lockctl enable`. Returns when a press counts.
pub async fn run(target: &Target, args: &EnableArgs) -> Result<Answer> {
    let button = &args.button;
    let by = target.operator(&args.actor).await;
    let title = by.names.button(button);
    let enabled = by.cloud.enable(button, by.actor, &by.limits).await;
    let (mut lines, was, lock) = match enabled.with_context(|| format!("enable {button}"))? {
        Enabled::Done(binding) => {
            tokio::time::sleep(PRESS_COUNTS_AFTER).await;
            let lock = binding.lock.clone();
            let shown = lock.as_ref().map(|lock| by.names.lock(lock));
            let shown = shown.unwrap_or_else(|| "no lock".to_owned());
            let line =
                format!("{title} commands {shown} again; presses made before have no effect");
            (vec![line], "revoked", lock)
        }
        Enabled::Already(binding) => {
            let line = format!("{title} was not revoked: nothing changed");
            (vec![line], "enabled", binding.lock.clone())
        }
        Enabled::Unbound => {
            let line = format!(
                "{title} is not bound to a lock: nothing changed; `lockctl bind {button} LOCK` \
                 binds it"
            );
            (vec![line], "unbound", None)
        }
        Enabled::UnknownButton => return Err(unknown::button(by.cloud, button).await?),
        Enabled::UnknownLock(lock) => return Err(unknown::lock(by.cloud, &lock).await?),
    };
    lines.extend(by.note);
    let body = json!({ "button": button, "was": was, "lock": lock });
    Ok(Answer::new(lines, view::button(body, &by.names, button)))
}
