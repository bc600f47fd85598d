//! The asynchronous queue of a function: retries, event age, and the record of an event given up.
//!
//! Source: AWS Lambda developer guide, "Asynchronous invocation". Must not know: how an attempt is run.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::pool::Pool;
use super::{Notice, Outcome};
use crate::clock::iso_8601;

/// Waits before the second and the third attempt.
const WAITS: [Duration; 2] = [Duration::from_secs(60), Duration::from_secs(120)];

/// Age of an event: real time, with each wait counted as long as it is in AWS even where it was shortened.
struct Age {
    since: Instant,
    scale: f64,
    saved: Duration,
    limit: Duration,
}

impl Age {
    fn left(&self) -> Duration {
        self.limit.saturating_sub(self.since.elapsed() + self.saved)
    }

    async fn wait(&mut self, wait: Duration) {
        let real = wait.mul_f64(self.scale);
        tokio::time::sleep(real).await;
        self.saved += wait.saturating_sub(real);
    }
}

/// Delivers one event to the end: success, or given up. It waits in the queue for `delay` first.
pub(super) async fn deliver(
    pool: Arc<Pool>,
    request_id: String,
    payload: Vec<u8>,
    delay: Duration,
) {
    let payload = Bytes::from(payload);
    let mut age = Age {
        since: Instant::now(),
        scale: pool.wiring.tuning.time_scale,
        saved: Duration::ZERO,
        limit: Duration::from_secs(pool.function.max_event_age_s),
    };
    tokio::time::sleep(delay).await;
    let mut attempts = 0;
    let mut last = None;
    let condition = loop {
        let patience = age.left();
        if patience.is_zero() {
            break "EventAgeExceeded";
        }
        match pool.attempt(&request_id, payload.clone(), patience).await {
            None => break "EventAgeExceeded",
            Some(Outcome::Success(_)) => return,
            Some(failure) => last = Some(failure),
        }
        attempts += 1;
        let wait = match WAITS.get(attempts as usize - 1) {
            Some(wait) if attempts <= pool.function.max_retries => (*wait).min(age.left()),
            _ => break "RetriesExhausted",
        };
        pool.tell(Notice::Retrying {
            function: pool.function.name.clone(),
            request_id: request_id.clone(),
            attempts,
            wait_ms: u64::try_from(wait.as_millis()).expect("at most two minutes"),
        });
        age.wait(wait).await;
    };
    let record = record(&pool, &request_id, &payload, condition, attempts, last);
    pool.tell(Notice::GivenUp {
        function: pool.function.name.clone(),
        request_id,
        destination: pool.function.on_failure.clone(),
        record,
    });
}

/// The record that AWS sends to an on-failure destination.
fn record(
    pool: &Pool,
    request_id: &str,
    payload: &[u8],
    condition: &str,
    attempts: u32,
    last: Option<Outcome>,
) -> Value {
    let payload = serde_json::from_slice(payload)
        .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(payload).into_owned()));
    let mut record = json!({
        "version": "1.0",
        "timestamp": iso_8601((pool.wiring.now_ms)()),
        "requestContext": {
            "requestId": request_id,
            "functionArn": format!("{}:$LATEST", pool.function.arn),
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": payload,
    });
    if let Some(Outcome::Failure {
        error_type,
        message,
    }) = last
    {
        record["responseContext"] = json!({
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        });
        record["responsePayload"] = json!({"errorType": error_type, "errorMessage": message});
    }
    record
}
