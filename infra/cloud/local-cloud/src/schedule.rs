//! Runs EventBridge schedules, from the Scheduler or from rules: each invokes a function
//! asynchronously once per period.
//!
//! The first invocation follows after one period. AWS invokes at deployment, but this stack counts
//! as already deployed when it starts. Must not know: what the function does. Source: EventBridge
//! Scheduler user guide, "Schedule types" and "Adding context attributes"; EventBridge user guide,
//! "Creating a rule that runs on a schedule"; EventBridge Scheduler user guide, "Monitoring Amazon
//! EventBridge Scheduler with Amazon CloudWatch" (metrics).
use std::time::Duration;

use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior};

use crate::account::Account;
use crate::clock::{Clock, iso_8601};
use crate::event::{EventBus, EventKind};
use crate::iam::{Iam, Need};
use crate::metric::Key;
use lambda_host::Functions;
use sam_template::{Schedule, ScheduleKind};

/// Shortest scaled period, so that the timer does not spin.
const PERIOD_MIN: Duration = Duration::from_millis(10);

/// The services that a schedule uses when it fires.
#[derive(Clone)]
pub struct ScheduleRunner {
    pub functions: Functions,
    pub iam: Iam,
    pub events: EventBus,
    pub clock: Clock,
    /// Account and region that payloads name.
    pub account: Account,
    /// Multiplies each period: 1.0 is real time.
    pub time_scale: f64,
}

/// Runs one schedule until the future is dropped.
pub async fn run(schedule: Schedule, runner: ScheduleRunner) {
    let period = schedule.period.mul_f64(runner.time_scale).max(PERIOD_MIN);
    let mut ticks = tokio::time::interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        runner.events.emit(EventKind::Scheduled {
            schedule: schedule.name.clone(),
            function: schedule.function_arn.clone(),
        });
        runner.count(&schedule, "InvocationAttemptCount");
        if let Err(error) = runner.invoke(&schedule) {
            tracing::error!(schedule = schedule.name, error, "invoke scheduled function");
            runner.count(&schedule, "TargetErrorCount");
        }
    }
}

impl ScheduleRunner {
    fn invoke(&self, schedule: &Schedule) -> Result<(), String> {
        if let Some(role) = &schedule.role_arn {
            let need = Need::new("lambda:InvokeFunction", &schedule.function_arn);
            let checked = self.iam.check_role(role, &schedule.name, &need);
            checked.map_err(|denial| denial.to_string())?;
        }
        let payload = self.payload(schedule).into_bytes();
        let invoked = self.functions.invoke_async(&schedule.function_arn, payload);
        invoked.map(drop).map_err(|error| error.to_string())
    }

    /// Counts for the group of the schedule. Rules of EventBridge have other metrics.
    fn count(&self, schedule: &Schedule, metric: &str) {
        if schedule.kind == ScheduleKind::Scheduler {
            let key = Key::new(
                "AWS/Scheduler",
                metric,
                &[("ScheduleGroup", &schedule.group)],
            );
            self.events.metrics().count(key, self.clock.now_ms());
        }
    }

    /// The schedule's input with its keywords replaced, or AWS's event if it has no input.
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

/// Turns `2026-03-01T12:00:00.000Z` into `2026-03-01T12:00:00Z`.
fn to_the_second(time: &str) -> String {
    time.split_once('.')
        .map_or_else(|| time.to_owned(), |(whole, _)| format!("{whole}Z"))
}
