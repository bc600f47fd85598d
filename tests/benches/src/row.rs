//! The result of a run: where, when, and a row for each figure. It is kept as JSON.
//!
//! Must not know: how a figure is measured.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::spread::Samples;

/// One run on one machine.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// Name of the file, and of the machine in the README.
    pub machine: String,
    pub processor: String,
    pub cores: usize,
    /// Day, `2026-11-29`.
    pub day: String,
    /// Load average before the run; above 1, other programs were running and times mean little.
    pub load: f64,
    /// A short run: its figures are not published.
    pub quick: bool,
    /// Calls of a warm press of our function.
    pub calls: Option<u64>,
    pub rows: Vec<Row>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// `functions`, `laptop`, `broker`, `growth`, `units` or `firmware`.
    pub section: String,
    /// Who or in which situation: `ours`, `raw`, `10 locks`.
    pub who: String,
    /// What: `cold`, `warm p50`.
    pub what: String,
    pub unit: String,
    /// The median.
    pub value: f64,
    /// The median absolute deviation.
    pub spread: f64,
    pub samples: usize,
}

impl Row {
    /// The row of these samples.
    pub fn new(section: &str, who: &str, what: &str, unit: &str, samples: &Samples) -> Self {
        let round = |value: f64| (value * 1e4).round() / 1e4;
        Self {
            section: section.to_owned(),
            who: who.to_owned(),
            what: what.to_owned(),
            unit: unit.to_owned(),
            value: round(samples.median()),
            spread: round(samples.spread()),
            samples: samples.count(),
        }
    }

    /// The row of a figure that does not vary.
    pub fn fixed(section: &str, who: &str, what: &str, unit: &str, value: f64) -> Self {
        let mut samples = Samples::default();
        samples.add(value);
        Self::new(section, who, what, unit, &samples)
    }
}

impl Run {
    /// A figure, if it was measured.
    pub fn value(&self, section: &str, who: &str, what: &str) -> Option<f64> {
        let mut rows = self.rows.iter();
        let row = rows.find(|r| r.section == section && r.who == who && r.what == what);
        row.map(|row| row.value)
    }

    /// One figure over another.
    pub fn ratio(&self, section: &str, what: &str, over: &str, under: &str) -> Option<f64> {
        let under = self
            .value(section, under, what)
            .filter(|under| *under > 0.0)?;
        Some(self.value(section, over, what)? / under)
    }

    /// Takes the sections that this run did not measure from an earlier one.
    pub fn complete_from(&mut self, earlier: &Self) {
        let sections: BTreeSet<String> = self.rows.iter().map(|row| row.section.clone()).collect();
        let kept = earlier
            .rows
            .iter()
            .filter(|row| !sections.contains(&row.section));
        self.rows.extend(kept.cloned());
        self.calls = self.calls.or(earlier.calls);
    }

    /// Reads a run.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read(path).with_context(|| format!("read {}", path.display()))?;
        serde_json::from_slice(&text).with_context(|| format!("{} is not a run", path.display()))
    }

    /// Writes it, one row a line.
    pub fn write(&self, path: &Path) -> Result<()> {
        let head = Self {
            rows: Vec::new(),
            ..self.clone()
        };
        let head = serde_json::to_string_pretty(&head)?;
        let rows = self.rows.iter().map(serde_json::to_string);
        let rows: Vec<String> = rows.collect::<Result<_, _>>()?;
        let rows = format!("\"rows\": [\n    {}\n  ]", rows.join(",\n    "));
        let text = head.replace("\"rows\": []", &rows);
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory).context("make the directory of results")?;
        }
        fs::write(path, text + "\n").with_context(|| format!("write {}", path.display()))
    }
}
