//! `lockctl forget`: a lock leaves the register.

use anyhow::{Context, Result, bail};
use lock_aws::Forgotten;
use lock_core::ForgetRefusal;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::ForgetArgs;
use crate::target::Target;
use crate::unknown;

/// Answers `forget`.
pub async fn run(target: &Target, args: &ForgetArgs) -> Result<Answer> {
    let lock = &args.lock;
    let known = target.limits().await;
    let limits = known.or_longest();
    let actor = Some(args.actor.name.as_str());
    let forgotten = target.cloud().forget(lock, args.gone, actor, &limits).await;
    match forgotten.with_context(|| format!("forget {lock}"))? {
        Forgotten::Done(_) => {}
        Forgotten::Unknown => return Err(unknown::lock(target, lock).await?),
        Forgotten::Refused(refusal) => bail!("{lock} is not forgotten: {}", advice(&refusal)),
    }
    let mut lines = vec![
        format!(
            "{lock} is forgotten: nothing commands it any more, and nothing that it reports counts"
        ),
        format!(
            "its certificate still connects: detach or revoke it in AWS IoT, or leave it for `lockctl register lock {lock}`"
        ),
    ];
    lines.extend(known.note());
    Ok(Answer {
        target: target.name().to_owned(),
        lines,
        body: json!({ "lock": lock, "forgotten": true }),
        is_no: false,
    })
}

/// Why a lock is not forgotten, and what to do about it.
fn advice(refusal: &ForgetRefusal) -> String {
    match refusal {
        ForgetRefusal::Bound(buttons) => {
            let unbind: Vec<String> = buttons
                .iter()
                .map(|button| format!("`lockctl unbind {button}`"))
                .collect();
            format!("buttons are {refusal}; first {}", unbind.join(", "))
        }
        ForgetRefusal::MayBeOpen => {
            format!("{refusal}; lock it first, or say --gone if it was taken down or is dead")
        }
    }
}
