//! `lockctl revoke`: takes a button's right away, and leaves no door open behind it.

use anyhow::{Context, Result};
use lock_core::reason::Verdict;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::RevokeArgs;
use crate::target::Target;

/// Answers `revoke`.
pub async fn run(target: &Target, args: &RevokeArgs) -> Result<Answer> {
    let button = &args.button;
    let revoked = target.revoke(button, &args.actor).await?;
    let revoked = revoked.with_context(|| {
        format!("no button {button} is bound: `lockctl history {button}` shows its presses, if it made any")
    })?;
    let decision = &revoked.decision;
    let event = &decision.writes.event;
    let lock = match &event.subject {
        lock_core::event::Subject::Lock(lock) => lock.to_string(),
        lock_core::event::Subject::Button(button) => button.to_string(),
    };
    let mut lines = vec![match decision.verdict {
        Verdict::Ignored => format!("{button} was revoked already: it commands nothing"),
        _ => format!("{button} commands {lock} no more: its presses are ignored from now on"),
    }];
    let late = revoked.unpublished.as_ref().map(ToString::to_string);
    if let Some(publish) = &decision.publish {
        let version = publish.command.version;
        lines.push(match &late {
            None => format!("{lock} was open, or an unlock was under way: told to lock ({version})"),
            Some(error) => format!(
                "{lock} was open, or an unlock was under way: its lock command ({version}) is committed, and the sweeper \
                 will send it within a minute, since it could not be sent now: {error}"
            ),
        });
    }
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "button": button, "lock": lock, "decision": decision.verdict, "reason": decision.reason,
            "locked": decision.publish.as_ref().map(|publish| publish.command.version), "unpublished": late }),
        no: None,
    })
}
