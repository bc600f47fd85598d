//! CloudWatch alarms of one metric: each is evaluated once per period, and notifies topics when its
//! state changes.
//!
//! Must not know: who writes a metric, and what an alarm is for. Source: CloudWatch user guide,
//! "Using Amazon CloudWatch alarms".

mod datapoint;
mod evaluate;
mod message;
mod page;
mod reason;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde::Serialize;
use tokio::time::{Instant, MissedTickBehavior};

use crate::account::Account;
use crate::clock::Clock;
use crate::event::{EventBus, EventKind};
use crate::metric::Key;
use crate::notification::{Publisher, Topics};
use crate::sync::lock;
pub(crate) use datapoint::value_of;
use datapoint::{Datapoint, Window};
pub use evaluate::State;
use message::Change;
pub(crate) use page::router as page;
use sam_template::Alarm;

const CLOUDWATCH: &str = "cloudwatch.amazonaws.com";
/// Shortest scaled period, so that the timer does not spin.
const PERIOD_MS_MIN: u64 = 10;

/// An alarm as it is now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AlarmStatus {
    /// The alarm's name.
    pub name: String,
    /// What a person should know about it.
    pub description: Option<String>,
    /// Its state.
    pub state: State,
    /// Why, in CloudWatch's words.
    pub reason: String,
    /// When the state began, milliseconds since the Unix epoch.
    pub since_ms: u64,
}

/// The state of every alarm; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Alarms {
    by_name: Arc<Mutex<BTreeMap<String, Entry>>>,
}

/// An alarm as the template declares it, and as it is now.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub alarm: Alarm,
    /// When this declaration came into force, milliseconds since the Unix epoch.
    pub declared_ms: u64,
    pub status: AlarmStatus,
}

impl Alarms {
    /// All alarms in the order of their names.
    pub fn all(&self) -> Vec<AlarmStatus> {
        let by_name = lock(&self.by_name);
        by_name.values().map(|entry| entry.status.clone()).collect()
    }

    /// All alarms with their declarations, in the order of their names.
    pub fn entries(&self) -> Vec<Entry> {
        lock(&self.by_name).values().cloned().collect()
    }

    /// Adds new alarms, and forgets those that are gone. A known alarm keeps its state, as in AWS.
    pub fn admit(&self, alarms: &[Alarm], now_ms: u64) {
        let mut by_name = lock(&self.by_name);
        by_name.retain(|name, _| alarms.iter().any(|alarm| &alarm.name == name));
        for alarm in alarms {
            let new = || Entry {
                alarm: alarm.clone(),
                declared_ms: now_ms,
                status: AlarmStatus {
                    name: alarm.name.clone(),
                    description: None,
                    state: State::InsufficientData,
                    reason: "Unchecked: Initial alarm creation".to_owned(),
                    since_ms: now_ms,
                },
            };
            let entry = by_name.entry(alarm.name.clone()).or_insert_with(new);
            if entry.alarm != *alarm {
                entry.alarm = alarm.clone();
                entry.declared_ms = now_ms;
            }
            entry.status.description.clone_from(&alarm.description);
        }
    }

    fn state_of(&self, name: &str) -> Option<State> {
        lock(&self.by_name)
            .get(name)
            .map(|entry| entry.status.state)
    }

    fn set(&self, name: &str, state: State, reason: &str, now_ms: u64) {
        if let Some(entry) = lock(&self.by_name).get_mut(name) {
            entry.status.state = state;
            reason.clone_into(&mut entry.status.reason);
            entry.status.since_ms = now_ms;
        }
    }
}

/// The services that an alarm uses.
#[derive(Clone)]
pub struct AlarmRunner {
    pub alarms: Alarms,
    pub topics: Topics,
    pub events: EventBus,
    pub clock: Clock,
    pub account: Account,
    /// Multiplies each period: 1.0 is real time.
    pub time_scale: f64,
}

/// Evaluates one alarm until the future is dropped.
pub async fn run(alarm: Alarm, runner: AlarmRunner) {
    let scaled = Duration::from_secs(alarm.period_s).mul_f64(runner.time_scale);
    let period_ms = u64::try_from(scaled.as_millis()).unwrap_or(u64::MAX);
    let period_ms = period_ms.max(PERIOD_MS_MIN);
    let now_ms = runner.clock.now_ms();
    let window = Window {
        begin_ms: now_ms,
        period_ms,
    };
    // Shortly after the end of each period, so that its last values are there.
    let first_ms = period_ms - now_ms % period_ms + period_ms / 8;
    let first = Instant::now() + Duration::from_millis(first_ms);
    let mut ticks = tokio::time::interval_at(first, Duration::from_millis(period_ms));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        runner.evaluate(&alarm, window);
    }
}

impl AlarmRunner {
    fn evaluate(&self, alarm: &Alarm, window: Window) {
        let now_ms = self.clock.now_ms();
        let Some(current) = self.alarms.state_of(&alarm.name) else {
            return;
        };
        let points = self.datapoints(alarm, window, now_ms);
        let Some(points) = points else {
            return;
        };
        let values: Vec<Option<f64>> = points.iter().map(|point| point.value).collect();
        let state = evaluate::evaluate(&values, alarm, current);
        if state == current {
            return;
        }
        let reason = reason::reason(&points, alarm, current, state);
        self.alarms.set(&alarm.name, state, &reason, now_ms);
        let (from, to) = (current.name().to_owned(), state.name().to_owned());
        self.events.emit(EventKind::AlarmChanged {
            alarm: alarm.name.clone(),
            from,
            to,
            reason: reason.clone(),
        });
        self.act(
            alarm,
            &Change {
                from: current,
                to: state,
                reason: &reason,
                at_ms: now_ms,
            },
        );
    }

    fn datapoints(&self, alarm: &Alarm, window: Window, now_ms: u64) -> Option<Vec<Datapoint>> {
        let range = window.range(alarm.evaluation_periods, now_ms)?;
        let key = Key {
            namespace: alarm.namespace.clone(),
            name: alarm.metric.clone(),
            dimensions: alarm.dimensions.clone(),
        };
        let metrics = self.events.metrics();
        let values = metrics.values(&key, alarm.unit.as_deref(), &range);
        Some(datapoint::datapoints(
            &values,
            alarm.statistic,
            &range,
            window.period_ms,
        ))
    }

    /// Notifies the topics of the alarm's new state.
    fn act(&self, alarm: &Alarm, change: &Change<'_>) {
        let topics = match change.to {
            State::Alarm => &alarm.alarm_actions,
            State::Ok => &alarm.ok_actions,
            State::InsufficientData => &alarm.insufficient_data_actions,
        };
        for topic in topics.iter().filter(|_| alarm.actions_enabled) {
            let content = message::content(alarm, change, &self.account);
            let publisher = Publisher::Service {
                name: CLOUDWATCH,
                source_arn: &alarm.arn,
            };
            if let Err(error) = self.topics.publish(topic, content, publisher) {
                let error = error.to_string();
                tracing::warn!(alarm = alarm.name, topic, error, "alarm action failed");
                self.events.emit(EventKind::AlarmActionFailed {
                    alarm: alarm.name.clone(),
                    topic: topic.clone(),
                    error,
                });
            }
        }
    }
}
