//! `lockctl revoke`: withdraws a button's permission, and locks a door that may be open.

use anyhow::{Context, Result};
use lock_core::event::Subject;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::{Reason, Verdict};
use serde_json::json;

use crate::answer::Answer;
use crate::cli::RevokeArgs;
use crate::lock_command::{LockCommand, add_to};
use crate::target::Target;
use crate::unknown;

/// Runs `lockctl revoke`.
pub async fn run(target: &Target, args: &RevokeArgs) -> Result<Answer> {
    let button = &args.button;
    let by = target.operator(&args.actor).await;
    let revoked = by.cloud.revoke(button, by.actor, &by.limits).await;
    let Some(decision) = revoked.with_context(|| format!("revoke {button}"))? else {
        return Err(unknown::button(by.cloud, button).await?);
    };
    let lock = match &decision.writes.event.subject {
        Subject::Lock(lock) => Some(lock),
        Subject::Button(_) => None,
    };
    let command = LockCommand::of(&decision);
    let decided = (decision.verdict, &decision.reason);
    let mut answer = revoked_answer(button, lock, decided, command.as_ref());
    answer.lines.extend(by.note);
    Ok(answer)
}

/// The answer about a button that was bound to `lock`.
pub fn revoked_answer(
    button: &ButtonSerial,
    lock: Option<&LockName>,
    (verdict, reason): (Verdict, &Reason),
    command: Option<&LockCommand>,
) -> Answer {
    let mut lines = vec![match (verdict, lock) {
        (Verdict::Ignored, _) => format!("{button} was already revoked: nothing changed"),
        (_, Some(lock)) => format!("{button} no longer commands {lock}: its presses are ignored"),
        (_, None) => format!("{button} is revoked; it is not bound to a lock"),
    }];
    lines.extend(lock.zip(command).map(|(lock, command)| command.line(lock)));
    let body = json!({ "button": button, "lock": lock, "decision": verdict, "reason": reason });
    Answer::new(lines, add_to(body, command))
}
