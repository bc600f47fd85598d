//! Which limits of AWS, and of this design, are reached with how many locks.
//!
//! Must not know: prices.

use anyhow::Result;

use super::count::Counts;
use super::usage::{self, ANNOUNCE_MS, PRESS_MS, REPORT_MS, SHOW_MS};

/// Presses of a lock in a day, on the sheet.
pub const PRESSES: f64 = 10.0;
/// Minutes between two reports of a lock: the firmware's own.
pub const REPORT_MINUTES: f64 = 15.0;
/// Lambda functions of the sweep work on so many records at once, for so long in a run; assumed is
/// the time of one record.
const SWEEP_AT_ONCE: f64 = 8.0;
const SWEEP_S: f64 = 42.0;
const SWEEP_RECORD_S: f64 = 0.03;
/// Assumed: this part of the locks is silent, and each is due again every five minutes.
pub const SILENT: f64 = 0.001;
const DUE_AGAIN_MINUTES: f64 = 5.0;
/// Writes that one partition of a table or index takes in a second.
const PARTITION_WRITES: f64 = 1_000.0;

/// A limit, and what one lock needs of it on average.
pub struct Quota {
    pub what: &'static str,
    pub limit: f64,
    pub for_one_lock: f64,
    /// What to do when it is reached.
    pub remedy: &'static str,
    pub is_verified: bool,
}

impl Quota {
    /// The number of locks that need all of it.
    pub fn locks(&self) -> f64 {
        self.limit / self.for_one_lock
    }
}

/// Every limit, the first to be reached first.
///
/// # Errors
/// A count is missing.
pub fn quotas(counts: &Counts) -> Result<Vec<Quota>> {
    let reports = 1.0 / (REPORT_MINUTES * 60.0);
    let presses = PRESSES / 86_400.0;
    let press = usage::press(counts)?;
    let report = usage::report(counts, "report, unchanged")?;
    // Each report and each press is a line, read twice, and a state; a press is also a binding.
    let report_ms = REPORT_MS + ANNOUNCE_MS + 2.0 * SHOW_MS;
    let press_ms = PRESS_MS + ANNOUNCE_MS + 3.0 * SHOW_MS;
    let busy_s = (reports * report_ms + presses * (press_ms + 2.0 * report_ms)) / 1e3;
    // An update of a shadow counts as four publishes, by an older text of AWS.
    // A state is published twice, a line once.
    let shown = 3.0 * (reports + 3.0 * presses);
    let publishes = 2.0 * reports * 4.0 + presses * (2.0 + 2.0 * 4.0) + shown;
    let writes = reports * report.get("dynamodb-write") + presses * press.get("dynamodb-write");
    let index_writes = 2.0 * (reports + 3.0 * presses);
    let shards = counts.of("sweep, nothing due")?.queries;
    let mut quotas = vec![
        quota("functions at once, new account", 10.0, busy_s)
            .by("ask for 1,000: a new account has fewer"),
        quota("functions at once", 1_000.0, busy_s)
            .by("Service Quotas")
            .verified(),
        quota("connections", 500_000.0, 2.0).by("Service Quotas"),
        quota(
            "connects a second, all back within 15 min",
            100.0,
            2.0 / 900.0,
        )
        .by("Service Quotas; the devices wait longer after each failure"),
        quota("inbound publishes a second", 20_000.0, publishes).by("Service Quotas"),
        quota(
            "rules evaluated a second",
            20_000.0,
            reports + 3.0 * presses,
        )
        .by("Service Quotas"),
        quota("write units of the table a second", 40_000.0, writes)
            .by("Service Quotas, and warm throughput before a launch")
            .verified(),
        quota(
            "writes of the due index a second",
            shards * PARTITION_WRITES,
            index_writes,
        )
        .by("more shards: a change of the code")
        .verified(),
        quota(
            "due records of a sweep",
            SWEEP_AT_ONCE * SWEEP_S / SWEEP_RECORD_S,
            SILENT / DUE_AGAIN_MINUTES,
        )
        .by("more at once, or a sweep for each shard: a change of the code"),
        quota("e-mails a second, every unlock announced", 10.0, presses)
            .by("another subscription than e-mail"),
    ];
    quotas.sort_by(|a, b| a.locks().total_cmp(&b.locks()));
    Ok(quotas)
}

fn quota(what: &'static str, limit: f64, for_one_lock: f64) -> Quota {
    Quota {
        what,
        limit,
        for_one_lock,
        remedy: "",
        is_verified: false,
    }
}

impl Quota {
    fn by(self, remedy: &'static str) -> Self {
        Self { remedy, ..self }
    }

    fn verified(self) -> Self {
        Self {
            is_verified: true,
            ..self
        }
    }
}
