//! What the kernel has on a process: CPU, memory.
//!
//! Must not know: what the process is.

use std::fs;

use anyhow::{Context, Result};

/// CPU of all threads of a process that are alive, in ns, as the scheduler counted it.
///
/// Source: Linux, "Scheduler Statistics" (`/proc/<pid>/schedstat`): the first number.
pub fn read_cpu_ns(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/task");
    let mut total = 0;
    for thread in fs::read_dir(&path).with_context(|| format!("read {path}"))? {
        // A thread may end between the list and this read.
        let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else {
            continue;
        };
        let first = text
            .split_whitespace()
            .next()
            .context("schedstat is empty")?;
        total += first.parse::<u64>().context("read schedstat")?;
    }
    Ok(total)
}

/// Resident memory of a process, in KiB.
pub fn read_resident_kib(pid: u32) -> Result<u64> {
    let path = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&path).with_context(|| format!("read {path}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    let number = number.with_context(|| format!("no VmRSS in {path}"))?;
    number.parse().context("read VmRSS")
}

/// The load average of the last minute.
pub fn read_load() -> Result<f64> {
    let text = fs::read_to_string("/proc/loadavg").context("read /proc/loadavg")?;
    let first = text.split_whitespace().next().context("loadavg is empty")?;
    first.parse().context("read loadavg")
}

/// The name of the processor.
pub fn read_processor() -> Result<String> {
    let text = fs::read_to_string("/proc/cpuinfo").context("read /proc/cpuinfo")?;
    let line = text.lines().find(|line| line.starts_with("model name"));
    let name = line.and_then(|line| line.split_once(':'));
    Ok(name.map_or("unknown", |(_, name)| name.trim()).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_an_account() {
        let pid = std::process::id();
        assert!(read_cpu_ns(pid).unwrap() > 0);
        assert!(read_resident_kib(pid).unwrap() > 0);
        assert!(read_load().unwrap() >= 0.0);
    }
}
