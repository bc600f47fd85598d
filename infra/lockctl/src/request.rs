//! `lockctl lock` and `unlock`: publish what an app would publish, and say what came of it. The functions decide.

use anyhow::{Context, Result};
use lock_core::action::Intent;
use lock_core::event::{Event, Kind, Subject};
use lock_core::reason::Verdict;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::Answer;
use crate::cli::RequestArgs;
use crate::outcome::{Watch, with_outcome};
use crate::target::Target;
use crate::unknown;

/// Answers `lock`.
pub async fn lock(target: &Target, args: &RequestArgs) -> Result<Answer> {
    request(target, args, Intent::Lock).await
}

/// Answers `unlock`.
pub async fn unlock(target: &Target, args: &RequestArgs) -> Result<Answer> {
    request(target, args, Intent::Unlock).await
}

async fn request(target: &Target, args: &RequestArgs, intent: Intent) -> Result<Answer> {
    let (lock, cloud) = (&args.lock, target.cloud());
    // Of a lock that is not registered the functions write nothing: there would be no outcome to wait for.
    if cloud.store.read_record(lock).await?.is_none() {
        return Err(unknown::lock(target, lock).await?);
    }
    let id = args.request_id.clone();
    let id = id.unwrap_or_else(|| Uuid::new_v4().to_string());
    let mut watch = Watch::start(target).await;
    let request = message(intent, &id, &args.actor.name, target.now().0);
    let topic = lock.request_topic();
    let published = cloud.publisher.publish(topic, &request).await;
    published.with_context(|| format!("ask {lock} to {intent}"))?;
    let body = json!({ "lock": lock, "action": intent, "requestId": id });
    if args.no_wait {
        return Ok(Answer {
            target: target.name().to_owned(),
            lines: vec![format!("asked {lock} to {intent} (request {id})")],
            body: {
                let mut body = body;
                body["outcome"] = json!("asked");
                body
            },
            is_no: false,
        });
    }
    let subjects = [Subject::Lock(lock.clone())];
    let outcome = watch.outcome(&subjects, |lines| own(lines, &id)).await?;
    let summary = outcome.summary(&watch, "the request");
    Ok(Answer {
        target: target.name().to_owned(),
        body: with_outcome(body, &summary),
        lines: summary.lines,
        is_no: summary.is_no,
    })
}

/// *Shape*: PROTOCOL, Messages: `{"action":"unlock","requestId":"<uuid>","requestedAt":1763779512100,"actor":"alice"}`.
fn message(intent: Intent, id: &str, actor: &str, now_ms: u64) -> Value {
    json!({ "action": intent, "requestId": id, "requestedAt": now_ms, "actor": actor })
}

/// The line of the request: the one that commanded, where the same request came before.
fn own(lines: &[Event], id: &str) -> Option<Event> {
    let mut own = lines
        .iter()
        .filter(|line| line.kind == Kind::Request && line.key == id);
    let first = own.clone().next();
    let commanded = own.find(|line| line.decision == Verdict::Command);
    commanded.or(first).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_says_when_it_was_made() {
        assert_eq!(
            message(Intent::Unlock, "r1", "alice", 7),
            json!({"action": "unlock", "requestId": "r1", "requestedAt": 7, "actor": "alice"})
        );
    }
}
