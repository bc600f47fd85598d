//! What is bought for a press, a report, a lock, a button and a stack, in pieces of the price list.
//!
//! Source of what counts as a message: AWS IoT Core pricing, "additional details".
//!
//! Must not know: prices.

use std::collections::BTreeMap;

use anyhow::Result;

use super::count::{Counts, Step};
use super::price::Prices;

/// Pieces by the name of their price.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Usage(pub BTreeMap<&'static str, f64>);

/// Days of a month on the sheet.
pub const DAYS: f64 = 30.0;
const MINUTES: f64 = DAYS * 24.0 * 60.0;
const MEMORY_GB: f64 = 0.25;

/// Assumed, not measured in AWS: billed milliseconds of an invocation.
pub const PRESS_MS: f64 = 60.0;
pub const REPORT_MS: f64 = 20.0;
pub const SWEEP_MS: f64 = 60.0;
pub const ANNOUNCE_MS: f64 = 10.0;
pub const SHOW_MS: f64 = 10.0;
/// Assumed: bytes of an invocation's log lines, and of an event in the table.
pub const LOG_BYTES: f64 = 1_000.0;
pub const EVENT_BYTES: f64 = 600.0;
/// The template's default for how long an event stays.
pub const EVENT_DAYS: f64 = 90.0;
/// Lambda's pollers of an idle queue: five, each asking three times a minute.
pub const POLLS: f64 = 15.0 * MINUTES;

/// Assumed: metrics of each level of the template's parameter. One counts for each function that
/// sends it, and for each value of its dimensions; a month without any costs nothing.
pub const METRICS: &[(&str, f64)] = &[("none", 0.0), ("few", 8.0), ("all", 20.0)];

impl Usage {
    fn of(pieces: &[(&'static str, f64)]) -> Self {
        Self(pieces.iter().copied().collect())
    }

    /// Both together.
    pub fn plus(mut self, other: &Self) -> Self {
        for (name, count) in &other.0 {
            *self.0.entry(name).or_default() += count;
        }
        self
    }

    /// So many times as much.
    pub fn times(mut self, factor: f64) -> Self {
        self.0.values_mut().for_each(|count| *count *= factor);
        self
    }

    /// Pieces of that name.
    pub fn get(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// USD for all of it.
    ///
    /// # Errors
    /// A price is missing.
    pub fn usd(&self, prices: &Prices) -> Result<f64> {
        let each = self
            .0
            .iter()
            .map(|(name, count)| Ok(prices.of(name)? * count));
        each.sum()
    }
}

/// One invocation, with its log and its calls of the table.
fn invocation(milliseconds: f64, step: Option<Step>) -> Usage {
    Usage::of(&[
        ("lambda-request", 1.0),
        ("lambda-gbs", milliseconds / 1000.0 * MEMORY_GB),
        ("log-gb", LOG_BYTES / 1e9),
        ("dynamodb-read", step.map_or(0.0, |step| step.reads)),
        ("dynamodb-write", step.map_or(0.0, |step| step.writes)),
    ])
}

/// An event line: kept in the table, read once by the announce function, and once by the show
/// function, which tells it.
fn event(counts: &Counts) -> Result<Usage> {
    let gb_months = EVENT_BYTES / 1e9 * EVENT_DAYS / DAYS;
    let kept = Usage::of(&[
        ("dynamodb-storage", gb_months),
        ("dynamodb-backup", gb_months),
    ]);
    let read = kept.plus(&invocation(ANNOUNCE_MS, None));
    Ok(read.plus(&shown(counts, "line")?))
}

/// A change that the show function reads and publishes for readers. Their own messages are not in
/// it.
fn shown(counts: &Counts, name: &str) -> Result<Usage> {
    let step = counts.of(name)?;
    let published = Usage::of(&[("iot-message", step.publishes)]);
    Ok(published.plus(&invocation(SHOW_MS, Some(step))))
}

/// A report: the update, its answer, the answer's PUBACK, a rule, and the report function.
pub fn report(counts: &Counts, name: &str) -> Result<Usage> {
    let wire = Usage::of(&[
        ("iot-message", 3.0),
        ("iot-shadow", 1.0),
        ("iot-rule", 1.0),
        ("iot-action", 1.0),
    ]);
    let function = invocation(REPORT_MS, Some(counts.of(name)?));
    let state = match name {
        "report, unchanged" => "state, unchanged",
        _ => "state, changed",
    };
    let shown = event(counts)?.plus(&shown(counts, state)?);
    Ok(wire.plus(&function).plus(&shown))
}

/// A press as a process does it that has just started, the command, its report, and the report of
/// the automatic relock. A command is published, delivered and acknowledged.
pub fn press(counts: &Counts) -> Result<Usage> {
    let step = counts.of("press, cold")?;
    let wire = Usage::of(&[
        ("iot-message", 1.0 + 3.0 * step.publishes),
        ("iot-rule", 1.0),
        ("iot-action", 1.0),
    ]);
    // The show function also looks for a new battery in the binding.
    let shown = event(counts)?
        .plus(&shown(counts, "state, unchanged")?)
        .plus(&invocation(SHOW_MS, None));
    let pressed = wire.plus(&invocation(PRESS_MS, Some(step))).plus(&shown);
    Ok(pressed.plus(&report(counts, "report, settling")?.times(2.0)))
}

/// A month of a connected lock that reports at this interval and is never opened.
pub fn lock_month(counts: &Counts, report_minutes: f64) -> Result<Usage> {
    let report = report(counts, "report, unchanged")?;
    let connected = Usage::of(&[("iot-minute", MINUTES)]);
    Ok(connected.plus(&report.times(MINUTES / report_minutes)))
}

/// A month of a connected button of ours that tells its health every 15 minutes.
pub fn button_month() -> Usage {
    let health = Usage::of(&[("iot-message", 3.0), ("iot-shadow", 1.0)]);
    Usage::of(&[("iot-minute", MINUTES)]).plus(&health.times(MINUTES / 15.0))
}

/// An announced unlock: the mark is read and written, the labels of lock and button are read, and
/// the topic sends one e-mail.
pub fn announced() -> Usage {
    Usage::of(&[
        ("sns-publish", 1.0),
        ("sns-email", 1.0),
        ("dynamodb-read", 3.0),
        ("dynamodb-write", 1.0),
    ])
}

/// A month of sweeps that find nothing due.
pub fn sweeps(counts: &Counts) -> Result<Usage> {
    let sweep = invocation(SWEEP_MS, Some(counts.of("sweep, nothing due")?));
    let run = sweep.plus(&Usage::of(&[("schedule", 1.0)]));
    Ok(run.times(MINUTES))
}

/// So many pieces of one price.
pub fn pieces(name: &'static str, count: f64) -> Usage {
    Usage::of(&[(name, count)])
}

/// What a stack costs in a month without any lock.
pub fn stack_month(counts: &Counts, alarms: f64, metrics: f64) -> Result<Usage> {
    Ok(sweeps(counts)?
        .plus(&pieces("sqs-request", POLLS))
        .plus(&pieces("alarm", alarms))
        .plus(&pieces("metric", metrics)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_adds_up_by_name() {
        let two = pieces("alarm", 2.0).plus(&pieces("metric", 1.0));
        let sum = two.plus(&pieces("alarm", 3.0)).times(2.0);
        assert_eq!((sum.get("alarm"), sum.get("metric")), (10.0, 2.0));
        assert_eq!(sum.get("dashboard"), 0.0);
    }

    #[test]
    fn a_press_contains_two_reports() {
        let step = r#"{"calls": {}, "readUnits": 1, "writeUnits": 5, "publishes": 1}"#;
        let states = ["state, unchanged", "state, changed"];
        let names = [
            "press, cold",
            "report, settling",
            "line",
            states[0],
            states[1],
        ];
        let steps: Vec<String> = names.map(|name| format!("{name:?}: {step}")).to_vec();
        let counts = Counts::parse(&format!("{{{}}}", steps.join(", "))).expect("the counts");
        let press = press(&counts).expect("every step is there");
        // Press and two reports, and of each a line and a state.
        assert_eq!(press.get("dynamodb-write"), 3.0 * 15.0);
        assert_eq!(press.get("iot-message"), 4.0 + 2.0 * 3.0 + 3.0 * 2.0);
        // Each line is also read for its alerts. And the binding.
        assert_eq!(press.get("lambda-request"), 13.0);
    }
}
