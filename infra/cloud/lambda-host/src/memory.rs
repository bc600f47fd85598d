//! How much memory a process uses, as the system tells it.
//!
//! *Source*: proc(5), `/proc/<pid>/status`: `VmHWM` is the peak of the resident set, `VmRSS` its size now. Systems without
//! it (macOS) tell nothing: then no memory is reported and no limit holds, which is said once.
//! Must not know what is done about it.

use std::sync::Once;
use std::time::Duration;

/// How often a process at work is looked at. One that grows past its limit and shrinks again in between is not noticed.
const PERIOD: Duration = Duration::from_millis(20);

static UNKNOWN: Once = Once::new();

/// Most memory that a process has used so far, MB rounded up.
pub(super) fn peak_mb(pid: u32) -> Option<u64> {
    match field_kb(pid, "VmHWM:") {
        Some(kb) => Some(kb.div_ceil(1024)),
        None if cfg!(target_os = "linux") => None, // It has ended.
        None => {
            UNKNOWN.call_once(|| {
                tracing::warn!(
                    "this system does not tell a process's memory: MemorySize is not enforced"
                );
            });
            None
        }
    }
}

/// Ends when the process uses more than `limit_mb`; never, where nothing is told of it.
pub(super) async fn exceeded(pid: u32, limit_mb: u64) {
    let mut looks = tokio::time::interval(PERIOD);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick comes at once; a process that answers quickly is not looked at.
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
