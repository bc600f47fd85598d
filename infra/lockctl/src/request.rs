//! `lockctl lock` and `unlock`: publish what an app publishes, and report the outcome.
//!
//! Must not know: what a request means; the functions decide that.

use anyhow::{Context, Result};
use laptop::{unknown, view};
use lock_core::action::Intent;
use lock_core::event::{Event, Kind, Subject};
use lock_core::reason::Verdict;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::answer::Answer;
use crate::cli::RequestArgs;
use crate::outcome::Watch;
use crate::target::Target;

/// Runs `lockctl lock`.
pub async fn lock(target: &Target, args: &RequestArgs) -> Result<Answer> {
    request(target, args, Intent::Lock).await
}

/// Runs `lockctl unlock`.
pub async fn unlock(target: &Target, args: &RequestArgs) -> Result<Answer> {
    request(target, args, Intent::Unlock).await
}

async fn request(target: &Target, args: &RequestArgs, intent: Intent) -> Result<Answer> {
    let (lock, cloud) = (&args.lock, &target.cloud);
    // The functions write nothing about a lock that is not registered, so no outcome would follow.
    if cloud.store.read_record(lock).await?.is_none() {
        return Err(unknown::lock(cloud, lock).await?);
    }
    let id = args.request_id.clone();
    let id = id.unwrap_or_else(|| Uuid::new_v4().to_string());
    let mut watch = Watch::start(target).await;
    let request = new_request(intent, &id, &args.actor.name, target.now().0);
    let topic = lock.request_topic();
    let published = cloud.publisher.publish(topic, &request).await;
    published.with_context(|| format!("ask {lock} to {intent}"))?;
    let body = json!({ "lock": lock, "action": intent, "requestId": id });
    let mut body = view::lock(body, &watch.names, lock);
    if args.no_wait {
        body["outcome"] = json!("asked");
        let title = watch.names.lock(lock);
        let line = format!("asked {title} to {intent} (request {id})");
        return Ok(Answer::new(vec![line], body));
    }
    let subjects = [Subject::Lock(lock.clone())];
    let find_own = |events: &[Event]| own_event(events, &id);
    let outcome = Box::pin(watch.outcome(&subjects, find_own)).await?;
    Ok(outcome.answer(&watch, "the request", body))
}

/// `{"action":"unlock","requestId":"<uuid>","requestedAt":1763779512100,"actor":"alice"}`, as in
/// PROTOCOL, Messages.
fn new_request(intent: Intent, id: &str, actor: &str, now_ms: u64) -> Value {
    json!({ "action": intent, "requestId": id, "requestedAt": now_ms, "actor": actor })
}

/// The event of the request. If the request was delivered more than once, the one with a command.
fn own_event(events: &[Event], id: &str) -> Option<Event> {
    let mut own = events
        .iter()
        .filter(|event| event.kind == Kind::Request && event.key == id);
    let first = own.clone().next();
    let command = own.find(|event| event.decision == Verdict::Command);
    command.or(first).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_states_when_it_was_made() {
        assert_eq!(
            new_request(Intent::Unlock, "r1", "alice", 7),
            json!({"action": "unlock", "requestId": "r1", "requestedAt": 7, "actor": "alice"})
        );
    }
}
