//! EventBridge schedules, of the Scheduler and of rules: invokes a function asynchronously, each time its schedule's period has passed.
//!
//! *Source*: EventBridge Scheduler user guide, "Schedule types" and "Adding context attributes"; EventBridge
//! user guide, "Creating a rule that runs on a schedule". Unlike there, the first
//! invocation comes after one period, not at once: a stack that starts here is one that was there before.
//! Must not know what a function does with it.

use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior};

use crate::account::Account;
use crate::clock::{Clock, iso_8601};
use crate::event::{EventBus, EventKind};
use crate::iam::{Iam, Need};
use lambda_host::Functions;
use sam_template::{Schedule, ScheduleKind};

/// Shortest scaled period: a timer must not spin.
const PERIOD_MIN: Duration = Duration::from_millis(10);

/// What a running schedule needs.
#[derive(Clone)]
pub struct Ringer {
    /// Where invocations go.
    pub functions: Functions,
    /// What the roles of schedules may do.
    pub iam: Iam,
    /// For telling.
    pub events: EventBus,
    /// The time that payloads name.
    pub clock: Clock,
    /// Account and region that payloads name.
    pub account: Account,
    /// Factor on the period.
    pub time_scale: f64,
}

/// Runs one schedule for ever.
pub async fn run(schedule: Schedule, ringer: Ringer) {
    let period = schedule.period.mul_f64(ringer.time_scale).max(PERIOD_MIN);
    let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        ringer.events.emit(EventKind::Scheduled {
            schedule: schedule.name.clone(),
            function: schedule.function_arn.clone(),
        });
        if let Some(role) = &schedule.role_arn {
            let need = Need::new("lambda:InvokeFunction", &schedule.function_arn);
            if let Err(denial) = ringer.iam.check_role(role, &schedule.name, &need) {
                tracing::error!(schedule = schedule.name, %denial, "invoke on schedule");
                continue;
            }
        }
        let payload = ringer.payload(&schedule);
        let invoked = ringer
            .functions
            .invoke_async(&schedule.function_arn, payload.into_bytes());
        if let Err(error) = invoked {
            tracing::error!(schedule = schedule.name, %error, "invoke on schedule");
        }
    }
}

impl Ringer {
    /// The schedule's input with its keywords replaced, or the event that AWS sends where there is none.
    fn payload(&self, schedule: &Schedule) -> String {
        let time = to_the_second(&iso_8601(self.clock.now_ms()));
        let id = uuid::Uuid::new_v4().to_string();
        match (&schedule.input, schedule.kind) {
            (Some(input), ScheduleKind::Scheduler) => input
                .replace("<aws.scheduler.schedule-arn>", &schedule.arn)
                .replace("<aws.scheduler.scheduled-time>", &time)
                .replace("<aws.scheduler.execution-id>", &id)
                .replace("<aws.scheduler.attempt-number>", "1"),
            (Some(input), ScheduleKind::Rule) => input.clone(),
            (None, kind) => {
                let (source, detail) = match kind {
                    ScheduleKind::Scheduler => ("aws.scheduler", json!("{}")),
                    ScheduleKind::Rule => ("aws.events", json!({})),
                };
                json!({
                    "version": "0",
                    "id": id,
                    "detail-type": "Scheduled Event",
                    "source": source,
                    "account": self.account.id,
                    "time": time,
                    "region": self.account.region,
                    "resources": [schedule.arn],
                    "detail": detail,
                })
                .to_string()
            }
        }
    }
}

/// `2026-03-01T12:00:00Z` of `2026-03-01T12:00:00.000Z`.
fn to_the_second(time: &str) -> String {
    time.split_once('.')
        .map_or_else(|| time.to_owned(), |(whole, _)| format!("{whole}Z"))
}
