//! `lockctl revoke`: withdraws a button's permission, and locks a door that may be open.

use anyhow::{Context, Result};
use laptop::{unknown, view};
use lock_core::event::Subject;
use lock_core::label::Names;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::{Reason, Verdict};
use serde_json::json;

use crate::answer::Answer;
use crate::cli::RevokeArgs;
use crate::lock_command::{LockCommand, add_to};
use crate::target::Target;

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
    let mut answer = revoked_answer(button, lock, &by.names, decided, command.as_ref());
    answer.lines.extend(by.note);
    Ok(answer)
}

/// The answer about a button that was bound to `lock`.
pub fn revoked_answer(
    button: &ButtonSerial,
    lock: Option<&LockName>,
    names: &Names,
    (verdict, reason): (Verdict, &Reason),
    command: Option<&LockCommand>,
) -> Answer {
    let title = names.button(button);
    let mut lines = vec![match (verdict, lock) {
        (Verdict::Ignored, _) => format!("{title} was already revoked: nothing changed"),
        (_, Some(lock)) => {
            let lock = names.lock(lock);
            format!("{title} no longer commands {lock}: its presses are ignored")
        }
        (_, None) => format!("{title} is revoked; it is not bound to a lock"),
    }];
    let locked = lock.zip(command);
    lines.extend(locked.map(|(lock, command)| command.line(lock, names)));
    let body = json!({ "button": button, "lock": lock, "decision": verdict, "reason": reason });
    let body = view::button(body, names, button);
    Answer::new(lines, add_to(body, command))
}
