//! `lockctl failures`: what the functions gave up, and what nobody could record. Sends the latter
//! back to be recorded.

use anyhow::{Context, Result, bail};
use lock_aws::Registry;
use lock_aws::registry::{Depth, QueuedMessage};
use lock_core::event::{Event, Subject};
use lock_core::reason::Verdict;
use lock_core::time::UnixMillis;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::cli::FailuresArgs;
use crate::sentence::{self, Names};
use crate::target::Target;

/// How far back lines of the history are read.
const HISTORY_MS: u64 = 24 * 60 * 60_000;
/// How long a message is hidden from others while it is looked at, in s.
const LOOK_S: i32 = 10;
/// How long a message is hidden while it is sent back, in s.
const MOVE_S: i32 = 60;
/// Most messages that are read.
const MESSAGES_MAX: usize = 100;
/// Characters of a message that are shown.
const SHOWN_CHARS: usize = 160;

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The failure queue, whose messages become lines in the history.
    pub failure_queue: Depth,
    /// The poison queue, whose messages a person must look at.
    pub poison_queue: Depth,
    /// The messages of the poison queue that could be received.
    pub messages: Vec<QueuedMessage>,
    /// The lines `given up` of the last day, newest first.
    pub given_up: Vec<Event>,
    /// What people call locks and buttons.
    pub names: Names,
}

/// Runs `lockctl failures`.
pub async fn run(target: &Target, args: &FailuresArgs) -> Result<Answer> {
    let registry = target.registry();
    let stack = registry.find_stack(&target.stack).await?;
    let Some(stack) = stack else {
        bail!(
            "there is no stack {} in {}: name it with --stack",
            target.stack,
            target.region()
        );
    };
    let url = |name: &str| {
        let url = stack.outputs.get(name);
        url.with_context(|| {
            format!("the stack has no output {name}: deploy the template of this lockctl")
        })
    };
    let (failure, poison) = (url("FailureQueueUrl")?, url("PoisonQueueUrl")?);
    if args.redrive {
        return redrive(&registry, poison, failure).await;
    }
    let (given_up, names) = read_given_up(target).await?;
    let found = Found {
        failure_queue: registry.measure_queue(failure).await?,
        poison_queue: registry.measure_queue(poison).await?,
        messages: receive_all(&registry, poison, LOOK_S).await?,
        given_up,
        names,
    };
    Ok(found_answer(&found))
}

/// The messages of a queue, until it gives no more.
async fn receive_all(registry: &Registry, url: &str, hidden_s: i32) -> Result<Vec<QueuedMessage>> {
    let mut messages: Vec<QueuedMessage> = Vec::new();
    while messages.len() < MESSAGES_MAX {
        let batch = registry.receive(url, hidden_s).await?;
        if batch.is_empty() {
            break;
        }
        // A queue may deliver a message twice.
        let is_new = |message: &QueuedMessage| messages.iter().all(|known| known.id != message.id);
        let batch: Vec<_> = batch.into_iter().filter(is_new).collect();
        messages.extend(batch);
    }
    Ok(messages)
}

async fn read_given_up(target: &Target) -> Result<(Vec<Event>, Names)> {
    let store = &target.cloud.store;
    let register = store.read_register().await?;
    let locks = register.locks.into_iter().map(Subject::Lock);
    let buttons = register.buttons.into_iter().map(Subject::Button);
    let since: UnixMillis = target.now().minus(HISTORY_MS);
    let mut lines = Vec::new();
    for subject in locks.chain(buttons) {
        let all = store.read_history_since(&subject, since).await?;
        lines.extend(
            all.into_iter()
                .filter(|event| event.decision == Verdict::GivenUp),
        );
    }
    lines.sort_by_key(|event| std::cmp::Reverse(event.at));
    Ok((lines, register.names))
}

/// Whether a message names changes of the table's stream. The failure function cannot read those.
fn is_of_stream(message: &QueuedMessage) -> bool {
    message.body.contains("DDBStreamBatchInfo")
}

async fn redrive(registry: &Registry, poison: &str, failure: &str) -> Result<Answer> {
    let messages = receive_all(registry, poison, MOVE_S).await?;
    let (mut lines, mut moved, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for message in &messages {
        if is_of_stream(message) {
            kept.push(message.id.as_str());
            continue;
        }
        let sent = registry.move_message(message, poison, failure).await;
        sent.with_context(|| {
            format!(
                "sent back before it: {}; repeat `lockctl failures --redrive` after {MOVE_S} s",
                moved.len()
            )
        })?;
        moved.push(message.id.as_str());
    }
    lines.push(match moved.len() {
        0 => "no message to send back".to_owned(),
        count => format!("sent back to the failure queue: {count}; `lockctl history` shows them"),
    });
    if !kept.is_empty() {
        lines.push(format!(
            "left in the poison queue: {} about alerts that were not sent; read `lockctl history` \
             of each door, then delete them: aws sqs purge-queue --queue-url {poison}",
            kept.len()
        ));
    }
    Ok(Answer::new(
        lines,
        json!({ "sentBack": moved, "left": kept }),
    ))
}

/// The answer about what was found.
pub fn found_answer(found: &Found) -> Answer {
    let (failure, poison) = (found.failure_queue.total(), found.poison_queue.total());
    let mut lines = vec![
        format!("failure queue: {failure} (each becomes a line in the history)"),
        format!("poison queue: {poison}"),
    ];
    lines.extend(found.messages.iter().map(message_line));
    if poison > 0 {
        lines.push("once the cause is fixed: lockctl failures --redrive".to_owned());
    }
    lines.push(match found.given_up.len() {
        0 => "given up in the last 24 hours: nothing".to_owned(),
        count => format!("given up in the last 24 hours: {count}"),
    });
    let given_up = found.given_up.iter();
    lines.extend(given_up.map(|event| sentence::event_line(event, &found.names)));
    let messages = found.messages.iter().map(|message| {
        json!({
            "id": message.id, "sentAt": message.sent_at, "body": message.body,
            "ofStream": is_of_stream(message),
        })
    });
    let messages: Vec<Value> = messages.collect();
    let depth = |depth: Depth| json!({ "waiting": depth.waiting, "inFlight": depth.in_flight });
    let given_up = found.given_up.iter();
    let given_up = given_up.map(|event| laptop::view::event(event, &found.names));
    Answer::new(
        lines,
        json!({
            "failureQueue": depth(found.failure_queue),
            "poisonQueue": depth(found.poison_queue),
            "messages": messages,
            "givenUp": given_up.collect::<Vec<_>>(),
        }),
    )
}

/// `  2026-11-22 14:03:21  {"version":"1.0",…`.
fn message_line(message: &QueuedMessage) -> String {
    let sent = message.sent_at;
    let sent = sent.map_or_else(|| "?".to_owned(), |at| laptop::when::date(at.0));
    let text = message
        .body
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let mut shown: String = text.chars().take(SHOWN_CHARS).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    format!("  {sent}  {shown}")
}
