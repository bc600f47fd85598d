//! The asynchronous queue of a function: retries, event age, and the record of a discarded event.
//!
//! Must not know: how an attempt is run.
//!
//! Source: AWS Lambda developer guide, "Asynchronous invocation".

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::pool::{Attempt, Event, Pool};
use super::{Failure, Notice, Outcome};
use crate::log::iso_8601;

/// Delays before the second and the third attempt.
const RETRY_DELAYS: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// Back-off of a throttled event: doubled from the first value up to the second.
const BACK_OFF: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(300)];

/// Age of an event in AWS's time: a wait that `scale` shortens counts in full.
struct Age {
    since: Instant,
    scale: f64,
    skipped: Duration,
    limit: Duration,
}

impl Age {
    fn elapsed(&self) -> Duration {
        self.since.elapsed() + self.skipped
    }

    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.elapsed())
    }

    async fn wait(&mut self, wait: Duration) {
        let real = wait.mul_f64(self.scale);
        tokio::time::sleep(real).await;
        self.skipped += wait.saturating_sub(real);
    }
}

/// How long and how often an event is tried, and where it goes then.
struct Handling {
    retries: u32,
    age_s: u64,
    destination: Option<String>,
}

impl Handling {
    /// The function's setting applies to events for the qualifier that it names; others are handled
    /// by Lambda's defaults.
    fn of(pool: &Pool, qualifier: &str) -> Self {
        let function = &pool.function;
        if function.event_qualifier.as_deref().unwrap_or_default() == qualifier {
            return Self {
                retries: function.max_retries,
                age_s: function.max_event_age_s,
                destination: function.on_failure.clone(),
            };
        }
        Self {
            retries: 2,
            age_s: 21_600,
            destination: None,
        }
    }
}

/// Delivers one event after `delay`, with retries until it succeeds or is given up.
pub(super) async fn deliver(pool: Arc<Pool>, event: Event, delay: Duration) {
    let request_id = event.request_id.clone();
    let handling = Handling::of(&pool, &event.qualifier);
    let mut age = Age {
        since: Instant::now(),
        scale: pool.wiring.tuning.time_scale,
        skipped: Duration::ZERO,
        limit: Duration::from_secs(handling.age_s),
    };
    tokio::time::sleep(delay).await;
    let (mut attempts, mut back_off) = (0, BACK_OFF[0]);
    let mut last = None;
    let condition = loop {
        let time_left = age.left();
        if time_left.is_zero() {
            break "EventAgeExceeded";
        }
        let age_ms = (attempts == 0).then(|| milliseconds(age.elapsed()));
        match pool.attempt(&event, age_ms, time_left).await {
            Attempt::Disabled => break "ZeroReservedConcurrency",
            Attempt::NoProcess => break "EventAgeExceeded",
            Attempt::Throttled => {
                let wait = back_off.min(age.left());
                back_off = (back_off * 2).min(BACK_OFF[1]);
                pool.notify(Notice::Throttled {
                    function: pool.function.name.clone(),
                    request_id: request_id.clone(),
                    wait_ms: Some(milliseconds(wait)),
                });
                age.wait(wait).await;
                continue;
            }
            Attempt::Ended(Outcome::Success(_)) => return,
            Attempt::Ended(Outcome::Failure(failure)) => last = Some(failure),
        }
        attempts += 1;
        let wait = match RETRY_DELAYS.get(attempts as usize - 1) {
            Some(wait) if attempts <= handling.retries => (*wait).min(age.left()),
            _ => break "RetriesExhausted",
        };
        pool.notify(Notice::Retrying {
            function: pool.function.name.clone(),
            request_id: request_id.clone(),
            attempts,
            wait_ms: milliseconds(wait),
        });
        age.wait(wait).await;
    };
    let record = record(&pool, &event, condition, attempts, last);
    pool.notify(Notice::GivenUp {
        function: pool.function.name.clone(),
        request_id,
        destination: handling.destination,
        record,
    });
}

/// The record that AWS sends to an on-failure destination.
fn record(
    pool: &Pool,
    event: &Event,
    condition: &str,
    attempts: u32,
    last: Option<Failure>,
) -> Value {
    let payload = &event.payload;
    let version = pool.version(&event.qualifier);
    let arn = match event.qualifier.as_str() {
        "" => pool.arn(version),
        alias => pool.arn(alias),
    };
    let payload = serde_json::from_slice(payload)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(payload).into_owned()));
    let mut record = json!({
        "version": "1.0",
        "timestamp": iso_8601(pool.wiring.surroundings.now_ms()),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": arn,
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": payload,
    });
    if let Some(failure) = last {
        record["responseContext"] = json!({
            "statusCode": 200,
            "executedVersion": version,
            "functionError": "Unhandled",
        });
        record["responsePayload"] = failure.payload;
    }
    record
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
