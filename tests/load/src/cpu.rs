//! The CPU that each program of a run has used, from the kernel's account.
//!
//! Must not know: what the programs do.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};

/// Ticks of the kernel's account per second. Source: proc(5): `sysconf(_SC_CLK_TCK)`, which Linux
/// fixes at 100 for every program.
const TICKS_PER_SECOND: f64 = 100.0;
/// What the cloud's ended processes used: the functions that a fault killed.
const ENDED: &str = "ended functions";

/// CPU by program, in seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cpu(pub BTreeMap<String, f64>);

/// A process, as `/proc/<pid>/stat` has it.
#[derive(Debug, PartialEq, Eq)]
struct Process {
    name: String,
    parent: u32,
    used: u64,
    /// Used by its children that have ended.
    ended: u64,
}

impl Cpu {
    /// What the cloud, its functions and this program have used since their start.
    ///
    /// # Errors
    /// `/proc` cannot be read.
    pub fn read(cloud: u32) -> Result<Self> {
        let mut cpu = Self::default();
        for entry in fs::read_dir("/proc").context("read /proc")? {
            let name = entry.context("read /proc")?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse::<u32>().ok()) else {
                continue;
            };
            // A process may end between the list and this read.
            let Ok(text) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
                continue;
            };
            let process = parse(&text).with_context(|| format!("read /proc/{pid}/stat"))?;
            if pid == cloud {
                cpu.add(ENDED, process.ended);
            }
            if pid == cloud || pid == std::process::id() || process.parent == cloud {
                cpu.add(&process.name, process.used);
            }
        }
        Ok(cpu)
    }

    /// What was used since `earlier`.
    pub fn since(&self, earlier: &Self) -> Self {
        let used = self.0.iter().map(|(name, seconds)| {
            let before = earlier.0.get(name).copied().unwrap_or_default();
            (name.clone(), (seconds - before).max(0.0))
        });
        Self(used.collect())
    }

    /// Of all programs.
    pub fn total_s(&self) -> f64 {
        self.0.values().sum()
    }

    #[expect(clippy::cast_precision_loss, reason = "ticks of one run fit")]
    fn add(&mut self, name: &str, ticks: u64) {
        *self.0.entry(name.to_owned()).or_default() += ticks as f64 / TICKS_PER_SECOND;
    }
}

/// The name is between parentheses and may hold anything; the 4th field is the parent, the 14th to
/// 17th are the account.
fn parse(stat: &str) -> Option<Process> {
    let (head, tail) = stat.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let fields: Vec<&str> = tail.split_whitespace().collect();
    let ticks = |place: usize| fields.get(place)?.parse::<u64>().ok();
    Some(Process {
        name: name.to_owned(),
        parent: fields.get(1)?.parse().ok()?,
        used: ticks(11)? + ticks(12)?,
        ended: ticks(13)? + ticks(14)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_process_is_read_whatever_its_name() {
        let stat = "7 (a b) c) S 5 7 7 0 -1 4194560 1 2 3 4 150 50 30 20 20 0 1 0 99";
        let wanted = Process {
            name: "a b) c".to_owned(),
            parent: 5,
            used: 200,
            ended: 50,
        };
        assert_eq!(parse(stat), Some(wanted));
        assert_eq!(parse("7 (short) S 5"), None);
    }

    #[test]
    fn this_process_is_in_the_account_of_its_own_cloud() {
        let cpu = Cpu::read(std::process::id()).expect("an account");
        assert!(cpu.0.contains_key(ENDED) && cpu.0.len() > 1, "{cpu:?}");
        let used = Cpu([("a".to_owned(), 3.0)].into()).since(&Cpu([("a".to_owned(), 1.0)].into()));
        assert!((used.total_s() - 2.0).abs() < 1e-9);
    }
}
