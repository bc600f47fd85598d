//! `lockctl press`, `lock` and `unlock`: publish what a button or an app would publish, and tell what came of it.
//! The functions decide; this only asks and watches.

use std::time::Duration;

use anyhow::Result;
use lock_aws::clock;
use lock_core::action::Intent;
use lock_core::event::{Event, Kind};
use lock_core::reason::Verdict;
use lock_core::record::{Record, Status};
use serde_json::{Value, json};
use tokio::time::{Instant, interval, timeout};
use uuid::Uuid;

use crate::answer::Answer;
use crate::cli::{PressArgs, RequestArgs};
use crate::target::Target;
use crate::view;

/// How long the outcome of a request is watched for: the life of an unlock, and a little more.
const PATIENCE: Duration = Duration::from_secs(40);
/// How often to look.
const GLANCE: Duration = Duration::from_millis(150);
/// Events looked through for the request's own line.
const EVENTS: u16 = 30;

/// Answers `press`.
pub async fn press(target: &Target, args: &PressArgs) -> Result<Answer> {
    target.press(&args.button, args.click.wire()).await?;
    let line = format!(
        "pressed {} {}: `lockctl status` shows what came of it, `lockctl history` why",
        args.button,
        args.click.wire()
    );
    let body = json!({ "button": args.button, "clickType": args.click.wire() });
    Ok(Answer {
        target: target.name().to_owned(),
        lines: vec![line],
        body,
        no: None,
    })
}

/// Answers `lock`.
pub async fn lock(target: &Target, args: &RequestArgs) -> Result<Answer> {
    request(target, args, Intent::Lock).await
}

/// Answers `unlock`.
pub async fn unlock(target: &Target, args: &RequestArgs) -> Result<Answer> {
    request(target, args, Intent::Unlock).await
}

async fn request(target: &Target, args: &RequestArgs, intent: Intent) -> Result<Answer> {
    let id = args
        .request_id
        .clone()
        .unwrap_or_else(|| Uuid::new_v4().to_string());
    let since = Instant::now();
    target.request(&args.lock, intent, &id, &args.actor).await?;
    let body = |outcome: &str, record: Value| json!({ "lock": args.lock, "action": intent.to_string(), "requestId": id, "outcome": outcome, "record": record });
    let answer = |line: String, body: Value, no: Option<String>| Answer {
        target: target.name().to_owned(),
        lines: vec![line],
        body,
        no,
    };
    if args.no_wait {
        return Ok(answer(
            format!("asked {} to {intent} (request {id})", args.lock),
            body("asked", Value::Null),
            None,
        ));
    }
    match timeout(PATIENCE, outcome(target, &args.lock, &id)).await {
        Ok(outcome) => match outcome? {
            Outcome::Settled(record) => {
                let line = format!(
                    "{} is {} after {:.1} s",
                    args.lock,
                    view::word(record.state),
                    since.elapsed().as_secs_f64()
                );
                Ok(answer(
                    line,
                    body("settled", view::record(&record, clock::now())),
                    None,
                ))
            }
            Outcome::Declined(event) => {
                let no = format!("{} did not {intent}: {event}", args.lock);
                Ok(answer(
                    no.clone(),
                    body(event.decision.as_str(), Value::Null),
                    Some(no),
                ))
            }
        },
        Err(_) => {
            let record = target.record(&args.lock).await?;
            let known = record.as_ref().map_or_else(
                || "nothing is known of it".to_owned(),
                |record| view::sentence(record, clock::now()),
            );
            let no = format!(
                "no answer from {} within {} s; a timeout is not a no: {known}",
                args.lock,
                PATIENCE.as_secs()
            );
            let shown = record
                .as_ref()
                .map(|record| view::record(record, clock::now()))
                .unwrap_or_default();
            Ok(answer(no.clone(), body("timeout", shown), Some(no)))
        }
    }
}

enum Outcome {
    Settled(Box<Record>),
    Declined(Box<Event>),
}

/// Watches for the request's own event line, and then for its command to settle.
async fn outcome(target: &Target, lock: &str, id: &str) -> Result<Outcome> {
    let mut glances = interval(GLANCE);
    let version = loop {
        glances.tick().await;
        let events = target.events_of_lock(lock, EVENTS).await?;
        let Some(own) = events
            .into_iter()
            .find(|event| event.kind == Kind::Request && event.key == id)
        else {
            continue;
        };
        match (own.decision, own.version) {
            (Verdict::Command, Some(version)) => break version,
            _ => return Ok(Outcome::Declined(Box::new(own))),
        }
    };
    loop {
        if let Some(record) = target.record(lock).await?
            && record.status == Status::Settled
            && record.version >= version
        {
            return Ok(Outcome::Settled(Box::new(record)));
        }
        glances.tick().await;
    }
}
