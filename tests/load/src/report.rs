//! The result of a run, as a table and as JSON, and whether every bound holds.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::Options;
use crate::bound;
use crate::cpu::Cpu;
use crate::drain::Progress;
use crate::judge::Judgement;
use crate::latency::{Latencies, Way};
use crate::memory::{Sample, growth_percent, slope_kb_per_min};

/// The figures of a run.
#[derive(Default)]
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
    /// CPU while buttons were pressed.
    pub cpu: Cpu,
    /// Seconds from the last press until nothing changed any more.
    pub drained_s: f64,
    /// Memory of the cloud then, in kB.
    pub after_kb: u64,
    /// What still changed when the wait ended.
    pub late: Option<Progress>,
    /// Events that nobody could handle.
    pub poison: u64,
    pub judged: Judgement,
}

/// What each reason for a refusal means. `late`: the system was too slow.
const REASONS: [(&str, &str); 6] = [
    (
        "duplicate",
        "a copy of a press: faults `duplicate`, `twice` and retries",
    ),
    (
        "event-age",
        "late: the event waited too long for its function",
    ),
    (
        "stale",
        "late: the press was received after the time that its button waits",
    ),
    (
        "superseded",
        "a later press of the same button was decided first",
    ),
    (
        "same-wish",
        "the same wish again, while the first was on its way",
    ),
    ("not-newer", "an older press of the same button"),
];

impl Report {
    /// The second half of the quiet time.
    pub fn second_half(&self) -> &[Sample] {
        &self.quiet[self.quiet.len() / 2..]
    }

    /// Whether every bound holds.
    pub fn is_good(&self) -> bool {
        bound::judge(self).iter().all(|bound| bound.holds)
    }

    fn max_kb(samples: &[Sample]) -> u64 {
        samples.iter().map(|s| s.rss_kb).max().unwrap_or(0)
    }

    /// CPU of a press, in ms, by program.
    fn cpu_ms(&self) -> Vec<(&str, f64)> {
        #[expect(clippy::cast_precision_loss, reason = "numbers of presses are small")]
        let presses = self.judged.sent.max(1) as f64;
        let each = self.cpu.0.iter();
        each.map(|(name, seconds)| (name.as_str(), seconds * 1000.0 / presses))
            .collect()
    }

    fn per_second(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "numbers of presses are small")]
        let sent = self.judged.sent as f64;
        sent / self.pressed_s
    }

    /// Writes the figures and the samples as JSON, and the table. Makes the folder of the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let list = |samples: &[Sample]| -> Vec<Value> {
            let pairs = samples.iter().map(|s| json!([s.at_s.round(), s.rss_kb]));
            pairs.collect()
        };
        let judged = &self.judged;
        let mut latencies = json!({ "all": describe_latencies(&judged.latencies) });
        for way in Way::ALL {
            latencies[way.name()] = describe_latencies(&judged.latencies.of(way));
        }
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
            "latencyMs": latencies,
            "late": self.late.as_ref().map(ToString::to_string),
            "poison": self.poison,
            "drainedSeconds": self.drained_s.round(),
            "cpuMsPerPress": self.cpu_ms().into_iter().collect::<BTreeMap<_, _>>(),
            "cpuCores": self.cpu.total_s() / self.pressed_s,
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
                "after": self.after_kb,
            },
        });
        write_result(path, &figures, &self.to_string())
    }
}

/// Writes a result, and next to it the table that a person reads. Makes the folder of the file.
///
/// # Errors
/// A file cannot be written.
pub fn write_result(path: &Path, result: &Value, table: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    std::fs::create_dir_all(folder)
        .with_context(|| format!("make the folder {}", folder.display()))?;
    let text = path.with_extension("txt");
    for (path, content) in [(path, &format!("{result:#}\n")), (&text, &table.to_owned())] {
        std::fs::write(path, content).with_context(|| format!("write {}", path.display()))?;
    }
    Ok(())
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
        writeln!(f, "effective  {}", judged.effective)?;
        for (count, what) in [
            (judged.executed, "executed"),
            (
                judged.overtaken,
                "overtaken: a later press of that lock decided otherwise first",
            ),
            (
                judged.expired,
                "expired: an unlock that was lost, or came after its life",
            ),
        ] {
            writeln!(f, "{count:>10} {what}")?;
        }
        writeln!(f, "refused    {}", judged.refused.values().sum::<u64>())?;
        for (reason, count) in &judged.refused {
            let known = REASONS.iter().find(|(name, _)| name == reason);
            let meaning = known.map_or("see PROTOCOL", |(_, meaning)| meaning);
            writeln!(f, "{count:>10} {reason}: {meaning}")?;
        }
        write_latencies(f, "all", &judged.latencies, "ms from press to movement")?;
        for way in Way::ALL {
            write_latencies(f, way.name(), &judged.latencies.of(way), way.meaning())?;
        }
        let cpu = self.cpu_ms().into_iter();
        let cpu: Vec<String> = cpu.map(|(name, ms)| format!("{name} {ms:.2}")).collect();
        let cores = self.cpu.total_s() / self.pressed_s;
        writeln!(
            f,
            "CPU        {} ms per press; {cores:.2} cores in all",
            cpu.join(", ")
        )?;
        writeln!(
            f,
            "locks      {} reports, {} relocks, {} commands twice, {} refused, {} connections lost",
            self.reports, self.relocks, self.repeated_commands, self.refused_commands, self.offline
        )?;
        let per_connection = Self::max_kb(&self.quiet).saturating_sub(self.before_kb);
        writeln!(
            f,
            "memory     {} kB before, {} kB per connection, {:.0} kB a minute quiet; \
             {} kB at most while pressed, {} kB when nothing was under way",
            self.before_kb,
            per_connection / self.connections.max(1),
            slope_kb_per_min(self.second_half()),
            Self::max_kb(&self.pressed),
            self.after_kb
        )?;
        writeln!(f, "end        {:.0} s after the last press", self.drained_s)?;
        for bound in bound::judge(self) {
            let verdict = if bound.holds { "good" } else { "BROKEN" };
            let (what, value, wanted) = (bound.what, bound.value, bound.wanted);
            writeln!(f, "{verdict:<10} {what}: {value} (wanted {wanted})")?;
        }
        Ok(())
    }
}

fn describe_latencies(latencies: &Latencies) -> Value {
    let at = |part| latencies.percentile_ms(part);
    json!({
        "presses": latencies.count(),
        "p50": at(0.5),
        "p95": at(0.95),
        "p99": at(0.99),
        "max": at(1.0),
    })
}

fn write_latencies(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    latencies: &Latencies,
    meaning: &str,
) -> fmt::Result {
    if latencies.count() == 0 {
        return Ok(());
    }
    let [p50, p95, p99, most] = [0.5, 0.95, 0.99, 1.0].map(|part| latencies.percentile_ms(part));
    let count = latencies.count();
    writeln!(
        f,
        "latency    {name:<8} {count:>7} presses: p50 {p50:.0}, p95 {p95:.0}, p99 {p99:.0}, \
         most {most:.0} ms ({meaning})"
    )
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
        "dataIn": options.data_in,
        "timeScale": options.time_scale,
        "relockSeconds": options.relock_s,
        "programs": options.programs.file_name().map(|name| name.to_string_lossy()),
    })
}
