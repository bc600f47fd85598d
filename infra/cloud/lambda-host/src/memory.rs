//! The memory that a process uses, as the system reports it. On systems without it (macOS) no
//! memory is reported and no limit enforced; a warning is logged once.
//!
//! Source: proc(5), `/proc/<pid>/status`: `VmHWM` is the peak of the resident set, `VmRSS` its
//! current size.

use std::sync::Once;
use std::time::Duration;

/// Interval between two checks of a running process. A peak in between goes unnoticed.
const PERIOD: Duration = Duration::from_millis(20);

static UNKNOWN: Once = Once::new();

/// Peak memory of a process so far, MB, rounded up.
pub(super) fn peak_mb(pid: u32) -> Option<u64> {
    match field_kb(pid, "VmHWM:") {
        Some(kb) => Some(kb.div_ceil(1024)),
        None if cfg!(target_os = "linux") => None, // The process has ended.
        None => {
            UNKNOWN.call_once(|| {
                tracing::warn!(
                    "this system does not report the memory of processes: MemorySize is not \
                     enforced"
                );
            });
            None
        }
    }
}

/// Completes when the process uses more than `limit_mb`; never, if memory use is unavailable.
pub(super) async fn exceeded(pid: u32, limit_mb: u64) {
    let mut looks = tokio::time::interval(PERIOD);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick completes at once; a process that responds quickly is not checked.
    looks.tick().await;
    loop {
        looks.tick().await;
        match field_kb(pid, "VmRSS:") {
            Some(kb) if kb > limit_mb * 1024 => return,
            _ => {}
        }
    }
}

fn field_kb(pid: u32, name: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}
