//! `lockctl forget`: removes a lock from the register.

use anyhow::{Context, Result};
use laptop::unknown;
use lock_aws::Forgotten;
use lock_core::ForgetRefusal;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::ForgetArgs;
use crate::status_code::refuse;
use crate::target::Target;

/// Runs `lockctl forget`.
pub async fn run(target: &Target, args: &ForgetArgs) -> Result<Answer> {
    let lock = &args.lock;
    let by = target.operator(&args.actor).await;
    let forgotten = by.cloud.forget(lock, args.gone, by.actor, &by.limits).await;
    match forgotten.with_context(|| format!("forget {lock}"))? {
        Forgotten::Done(_) => {}
        Forgotten::Unknown => return Err(unknown::lock(by.cloud, lock).await?),
        Forgotten::Refused(refusal) => {
            let lock = by.names.lock(lock);
            let text = format!("{lock} is not forgotten: {}", advice(&refusal));
            return Err(refuse(text));
        }
    }
    let mut lines = vec![
        format!(
            "{} is forgotten: it is no longer commanded, and its reports are ignored",
            by.names.lock(lock)
        ),
        format!(
            "its certificate still connects: `lockctl retire {lock}` deletes it, or keep it for \
             `lockctl register lock {lock} --record-only`"
        ),
    ];
    lines.extend(by.note);
    Ok(Answer::new(
        lines,
        json!({ "lock": lock, "forgotten": true }),
    ))
}

/// Why a lock is not forgotten, and what to do about it.
pub fn advice(refusal: &ForgetRefusal) -> String {
    match refusal {
        ForgetRefusal::Bound(buttons) => {
            let unbind = buttons
                .iter()
                .map(|button| format!("`lockctl unbind {button}`"));
            let unbind: Vec<String> = unbind.collect();
            format!("buttons are {refusal}; first {}", unbind.join(", "))
        }
        ForgetRefusal::MayBeOpen => {
            format!("{refusal}; lock it first, or pass --gone if it was taken down or is dead")
        }
    }
}
