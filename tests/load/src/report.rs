//! The result of a run, as a table and as JSON, and whether every bound holds.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Options;
use crate::judge::Judgement;
use crate::memory::{Sample, growth_percent, slope_kb_per_min};

/// Largest growth of memory over the second half of the quiet time, when all caches are filled.
const GROWTH_PERCENT_MAX: f64 = 5.0;
/// Largest share of messages about health still in transit at its end, in percent.
const IN_TRANSIT_PERCENT_MAX: u64 = 1;

/// The figures of a run.
pub struct Report {
    pub options: Value,
    pub faults: Vec<String>,
    pub machine: String,
    /// Memory of the cloud without connections, in kB.
    pub before_kb: u64,
    /// Samples of the quiet time, in which all connections are held.
    pub quiet: Vec<Sample>,
    /// Samples from the first press to the last.
    pub pressed: Vec<Sample>,
    pub connections: u64,
    /// Messages about health: acknowledged, answered.
    pub health: (u64, u64),
    /// Presses that the broker acknowledged.
    pub acknowledged: u64,
    /// Seconds from the first press to the last.
    pub pressed_s: f64,
    pub relocks: u64,
    pub reports: u64,
    pub repeated_commands: u64,
    pub refused_commands: u64,
    pub offline: u64,
    pub judged: Judgement,
}

/// A bound, as a line of the table.
struct Bound {
    what: &'static str,
    value: String,
    wanted: &'static str,
    holds: bool,
}

impl Report {
    /// The second half of the quiet time.
    fn second_half(&self) -> &[Sample] {
        &self.quiet[self.quiet.len() / 2..]
    }

    fn bounds(&self) -> Vec<Bound> {
        let bound = |what, value: String, wanted, holds| Bound {
            what,
            value,
            wanted,
            holds,
        };
        let zero = |what, count: u64| bound(what, count.to_string(), "0", count == 0);
        let judged = &self.judged;
        let (sent, answered) = self.health;
        let growth = growth_percent(self.second_half());
        let in_transit = sent.abs_diff(answered) * 100 <= sent * IN_TRANSIT_PERCENT_MAX;
        let has_pressed = judged.effective > 0;
        let mut bounds = vec![
            bound(
                "presses with effect",
                judged.effective.to_string(),
                "some",
                has_pressed,
            ),
            zero("presses lost", judged.lost()),
            zero("presses doubled", judged.doubled()),
            zero("records not settled", judged.unsettled),
            zero(
                "presses not acknowledged",
                judged.sent.saturating_sub(self.acknowledged),
            ),
        ];
        if self.faults.is_empty() {
            bounds.push(zero("unlocks too late without a fault", judged.expired));
        }
        if !self.quiet.is_empty() {
            let text = format!("{growth:.2} %");
            let holds = growth < GROWTH_PERCENT_MAX;
            bounds.push(bound("growth of memory while quiet", text, "< 5 %", holds));
            let text = format!("{sent} of which {answered}");
            let holds = sent > 0 && in_transit;
            bounds.push(bound("health sent, answered", text, "all but 1 %", holds));
        }
        bounds
    }

    /// Whether every bound holds.
    pub fn is_good(&self) -> bool {
        self.bounds().iter().all(|bound| bound.holds)
    }

    fn max_kb(samples: &[Sample]) -> u64 {
        samples.iter().map(|s| s.rss_kb).max().unwrap_or(0)
    }

    fn percentile_ms(&self, part: f64) -> f64 {
        let latency = self.judged.percentile(part);
        latency.map_or(f64::NAN, |latency| latency.as_secs_f64() * 1000.0)
    }

    fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "numbers of presses are small")]
        let sent = self.judged.sent as f64;
        sent / self.pressed_s
    }

    /// Writes the figures and the samples as JSON, and makes the folder of the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let list = |samples: &[Sample]| -> Vec<Value> {
            let pairs = samples.iter().map(|s| json!([s.at_s.round(), s.rss_kb]));
            pairs.collect()
        };
        let judged = &self.judged;
        let figures = json!({
            "options": self.options,
            "faults": self.faults,
            "machine": self.machine,
            "good": self.is_good(),
            "sent": judged.sent,
            "perSecond": self.per_second(),
            "effective": judged.effective,
            "refused": judged.refused,
            "lost": { "presses": judged.lost_presses, "commands": judged.lost_commands },
            "doubled": {
                "presses": judged.doubled_presses,
                "commands": judged.doubled_commands,
                "moves": judged.unexplained_moves,
            },
            "executed": judged.executed,
            "overtaken": judged.overtaken,
            "expired": judged.expired,
            "unsettled": judged.unsettled,
            "latencyMs": {
                "p50": self.percentile_ms(0.5),
                "p95": self.percentile_ms(0.95),
                "p99": self.percentile_ms(0.99),
                "max": self.percentile_ms(1.0),
            },
            "locks": {
                "reports": self.reports,
                "relocks": self.relocks,
                "repeatedCommands": self.repeated_commands,
                "refusedCommands": self.refused_commands,
                "connectionsLost": self.offline,
            },
            "memoryKb": {
                "before": self.before_kb,
                "quietGrowthPercent": growth_percent(self.second_half()),
                "quietSlopePerMinute": slope_kb_per_min(self.second_half()),
                "quiet": list(&self.quiet),
                "pressed": list(&self.pressed),
            },
        });
        let folder = path.parent().unwrap_or(Path::new(""));
        std::fs::create_dir_all(folder)
            .with_context(|| format!("make the folder {}", folder.display()))?;
        std::fs::write(path, format!("{figures:#}\n"))
            .with_context(|| format!("write {}", path.display()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let judged = &self.judged;
        writeln!(
            f,
            "sent       {} presses in {:.0} s, {:.1} per second",
            judged.sent,
            self.pressed_s,
            self.per_second()
        )?;
        writeln!(
            f,
            "effective  {}: {} executed, {} overtaken by a later press, {} expired",
            judged.effective, judged.executed, judged.overtaken, judged.expired
        )?;
        let refused = judged.refused.iter().map(|(why, n)| format!("{n} {why}"));
        let refused: Vec<String> = refused.collect();
        writeln!(f, "refused    {}", refused.join(", "))?;
        writeln!(
            f,
            "latency    p50 {:.0}, p95 {:.0}, p99 {:.0}, most {:.0} ms",
            self.percentile_ms(0.5),
            self.percentile_ms(0.95),
            self.percentile_ms(0.99),
            self.percentile_ms(1.0)
        )?;
        writeln!(
            f,
            "locks      {} reports, {} relocks, {} commands twice, {} refused, {} connections lost",
            self.reports, self.relocks, self.repeated_commands, self.refused_commands, self.offline
        )?;
        let per_connection = Self::max_kb(&self.quiet).saturating_sub(self.before_kb);
        writeln!(
            f,
            "memory     {} kB before, {} kB per connection, {} kB at most, {:.0} kB a minute quiet",
            self.before_kb,
            per_connection / self.connections.max(1),
            Self::max_kb(&self.pressed),
            slope_kb_per_min(self.second_half())
        )?;
        for bound in self.bounds() {
            let verdict = if bound.holds { "good" } else { "BROKEN" };
            let (what, value, wanted) = (bound.what, bound.value, bound.wanted);
            writeln!(f, "{verdict:<10} {what}: {value} (wanted {wanted})")?;
        }
        Ok(())
    }
}

/// The options as they are kept with the result.
pub fn describe(options: &Options) -> Value {
    json!({
        "locks": options.locks,
        "buttons": options.buttons,
        "rate": options.rate,
        "minutes": options.minutes,
        "quietMinutes": options.quiet,
        "seed": options.seed,
        "timeScale": options.time_scale,
        "relockSeconds": options.relock_s,
        "programs": options.programs.file_name().map(|name| name.to_string_lossy()),
    })
}
