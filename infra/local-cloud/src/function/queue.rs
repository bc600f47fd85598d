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

/// `2026-03-01T12:00:00.000Z` from epoch milliseconds.
pub(super) fn iso_8601(ms: u64) -> String {
    let (days, in_day) = (ms / 86_400_000, ms % 86_400_000);
    // Civil date from days, in years that begin in March (Howard Hinnant, "chrono-compatible date algorithms").
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let day_of_era = shifted % 146_097;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (seconds, millis) = (in_day / 1000, in_day % 1000);
    format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
        seconds / 3600,
        seconds / 60 % 60,
        seconds % 60
    )
}
