//! The memory of a process, whether it stays flat, and on which machine.

use anyhow::{Context, Result};

/// A sample of the resident memory.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Seconds since the quiet time began.
    pub at_s: f64,
    /// Resident memory, in kB.
    pub rss_kb: u64,
}

/// Reads the resident memory of a process, in kB.
pub fn read_resident_kb(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = std::fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    parse_resident_kb(&status).with_context(|| format!("no VmRSS in {path}"))
}

/// The machine: its processor and the number of its cores.
pub fn describe_machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find(|line| line.starts_with("model name"));
    let model = model.and_then(|line| line.split_once(": "));
    let model = model.map_or(std::env::consts::ARCH, |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} x {model}")
}

fn parse_resident_kb(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// Slope of the least-squares line through the samples, in kB per minute; 0 for fewer than two.
pub fn slope_kb_per_min(samples: &[Sample]) -> f64 {
    let at = mean(samples, |s| s.at_s);
    let rss = mean(samples, kb);
    let (mut xy, mut xx) = (0.0, 0.0);
    for sample in samples {
        xy += (sample.at_s - at) * (kb(sample) - rss);
        xx += (sample.at_s - at).powi(2);
    }
    if xx == 0.0 { 0.0 } else { 60.0 * xy / xx }
}

/// Growth along that line over the samples' time, in percent of their mean.
pub fn growth_percent(samples: &[Sample]) -> f64 {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return 0.0;
    };
    let minutes = (last.at_s - first.at_s) / 60.0;
    100.0 * slope_kb_per_min(samples) * minutes / mean(samples, kb)
}

fn mean(samples: &[Sample], of: impl Fn(&Sample) -> f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "samples are few")]
    let count = samples.len() as f64;
    samples.iter().map(of).sum::<f64>() / count
}

#[expect(clippy::cast_precision_loss, reason = "kB of any memory fit")]
fn kb(sample: &Sample) -> f64 {
    sample.rss_kb as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(values: &[u64]) -> Vec<Sample> {
        let at = |(index, rss_kb): (u32, &u64)| Sample {
            at_s: f64::from(index) * 10.0,
            rss_kb: *rss_kb,
        };
        (0..).zip(values).map(at).collect()
    }

    #[test]
    fn growth_differs_from_noise() {
        for (values, slope, growth) in [
            (&[100, 100, 100, 100][..], 0.0, 0.0),
            (&[100, 110, 120, 130], 60.0, 26.0),
            (&[130, 120, 110, 100], -60.0, -26.0),
            (&[100, 120, 120, 100], 0.0, 0.0),
            (&[100], 0.0, 0.0),
        ] {
            let samples = samples(values);
            assert!(
                (slope_kb_per_min(&samples) - slope).abs() < 0.01,
                "{values:?}"
            );
            assert!(
                (growth_percent(&samples) - growth).abs() < 0.2,
                "{values:?}"
            );
        }
    }

    #[test]
    fn resident_memory_is_read_from_a_process_status() {
        let status = "Name:\tx\nVmPeak:\t  9 kB\nVmRSS:\t    1234 kB\nThreads:\t1\n";
        assert_eq!(parse_resident_kb(status), Some(1234));
        assert_eq!(parse_resident_kb("Name:\tx\n"), None);
    }
}
