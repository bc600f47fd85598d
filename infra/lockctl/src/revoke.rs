//! `lockctl revoke`: takes a button's right away, and leaves no door open behind it.

use anyhow::{Context, Result};
use lock_core::event::Subject;
use lock_core::reason::Verdict;
use serde_json::json;

use crate::answer::Answer;
use crate::bind::{locked, locked_version, unpublished};
use crate::cli::RevokeArgs;
use crate::target::Target;
use crate::unknown;

/// Answers `revoke`.
pub async fn run(target: &Target, args: &RevokeArgs) -> Result<Answer> {
    let button = &args.button;
    let known = target.limits().await;
    let actor = Some(args.actor.name.as_str());
    let limits = known.or_longest();
    let revoked = target.cloud().revoke(button, actor, &limits).await;
    let Some(revoked) = revoked.with_context(|| format!("revoke {button}"))? else {
        return Err(unknown::button(target, button).await?);
    };
    let decision = &revoked.decision;
    let lock = match &decision.writes.event.subject {
        Subject::Lock(lock) => Some(lock),
        Subject::Button(_) => None,
    };
    let mut lines = vec![match (decision.verdict, lock) {
        (Verdict::Ignored, _) => format!("{button} was revoked already: it commands nothing"),
        (_, Some(lock)) => {
            format!("{button} commands {lock} no more: its presses are ignored from now on")
        }
        (_, None) => format!("{button} is bound to no lock; it is revoked until it is bound"),
    }];
    lines.extend(lock.and_then(|lock| locked(&revoked, lock)));
    lines.extend(known.note());
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "button": button, "lock": lock, "decision": decision.verdict, "reason": decision.reason,
            "locked": locked_version(&revoked), "unpublished": unpublished(&revoked) }),
        is_no: false,
    })
}
