//! The result of a run, as a table and as JSON.

use std::fmt;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::json;

use crate::Options;
use crate::device::Tally;
use crate::memory::{Sample, growth_percent, slope_kb_per_min};

/// Largest growth over the second half of a run, when all caches are filled.
const GROWTH_PERCENT_MAX: f64 = 5.0;
/// Largest share of messages still in transit at the end, in percent.
const IN_TRANSIT_PERCENT_MAX: u64 = 1;

/// The figures of a run.
pub struct Report {
    connections: u64,
    minutes: f64,
    before_kb: u64,
    samples: Vec<Sample>,
    sent: u64,
    received: u64,
}

impl Report {
    /// The report of a completed run.
    pub fn new(options: &Options, before_kb: u64, samples: Vec<Sample>, tally: &Tally) -> Self {
        Self {
            connections: options.connections,
            minutes: options.minutes,
            before_kb,
            samples,
            sent: tally.sent(),
            received: tally.received(),
        }
    }

    fn second_half(&self) -> &[Sample] {
        &self.samples[self.samples.len() / 2..]
    }

    fn max_kb(&self) -> u64 {
        self.samples.iter().map(|s| s.rss_kb).max().unwrap_or(0)
    }

    fn growth(&self) -> f64 {
        growth_percent(self.second_half())
    }

    fn is_flat(&self) -> bool {
        self.growth() < GROWTH_PERCENT_MAX
    }

    fn have_arrived(&self) -> bool {
        self.sent > 0
            && self.sent.abs_diff(self.received) * 100 <= self.sent * IN_TRANSIT_PERCENT_MAX
    }

    /// Whether every bound holds.
    pub fn is_good(&self) -> bool {
        self.is_flat() && self.have_arrived()
    }

    /// Writes the figures and the samples as JSON.
    pub fn write(&self, path: &Path) -> Result<()> {
        let samples = self.samples.iter().map(|s| json!([s.at_s, s.rss_kb]));
        let samples: Vec<_> = samples.collect();
        let figures = json!({
            "connections": self.connections,
            "minutes": self.minutes,
            "beforeKb": self.before_kb,
            "maxKb": self.max_kb(),
            "slopeKbPerMinute": slope_kb_per_min(self.second_half()),
            "growthPercentOfSecondHalf": self.growth(),
            "sent": self.sent,
            "received": self.received,
            "good": self.is_good(),
            "samplesSecondsAndKb": samples,
        });
        std::fs::write(path, format!("{figures:#}\n"))
            .with_context(|| format!("write {}", path.display()))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = |good| if good { "good" } else { "BROKEN" };
        let per_connection = self.max_kb().saturating_sub(self.before_kb) / self.connections;
        writeln!(
            f,
            "connections held        {:>10}   for {} min",
            self.connections, self.minutes
        )?;
        writeln!(f, "memory before           {:>10} kB", self.before_kb)?;
        writeln!(
            f,
            "memory at most          {:>10} kB   {per_connection} kB per connection",
            self.max_kb()
        )?;
        writeln!(
            f,
            "slope of second half    {:>10.1} kB per minute",
            slope_kb_per_min(self.second_half())
        )?;
        writeln!(
            f,
            "growth of second half   {:>10.2} %    below {GROWTH_PERCENT_MAX} %: {}",
            self.growth(),
            verdict(self.is_flat())
        )?;
        write!(
            f,
            "messages sent, received {:>10} {}   all but those in transit: {}",
            self.sent,
            self.received,
            verdict(self.have_arrived())
        )
    }
}
