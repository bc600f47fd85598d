//! The faults of a run: those of the cloud, and cuts of the locks' power and network.
//!
//! Must not know: how a fault is carried out.

use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The word for [`USUAL`].
const USUAL_WORD: &str = "usual";

/// Faults after which no press may be lost: messages that AWS may lose, repeat or delay, functions
/// that are killed, calls that fail, and locks without power or network.
pub const USUAL: [&str; 17] = [
    "duplicate:iotbutton/+@2%",
    "drop:remote-lock/+@2%",
    "duplicate:remote-lock/+@2%",
    "delay:remote-lock/+@1%+3s",
    "drop:$aws/things/+/shadow/update/accepted@1%",
    "twice:press@1%",
    "twice:report@1%",
    "late:report@1%+2s",
    "kill:press.after-commit@0.1%",
    "kill:press.before-commit@0.1%",
    "conflict:press@1%",
    "throttle:press.read@1%",
    "throttle:report.read@1%",
    "cut-answer:press.commit@0.2%",
    "cut-request:press.publish@0.2%",
    "power@4",
    "network@4",
];

/// The faults of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Faults of the cloud, as its own option `--fault` takes them.
    pub cloud: Vec<String>,
    /// Locks that lose their power, per minute.
    pub power_cuts: u32,
    /// Locks that lose their network, per minute.
    pub network_cuts: u32,
}

impl Faults {
    /// Reads a list with commas: `usual`, `power@N`, `network@N`, or a fault of the cloud.
    ///
    /// # Errors
    /// A number of cuts cannot be read, or a fault has no target.
    pub fn parse(list: &str) -> Result<Self> {
        let mut faults = Self::default();
        for word in list.split(',').filter(|word| !word.is_empty()) {
            if word == USUAL_WORD {
                for fault in USUAL {
                    faults.add(fault)?;
                }
            } else {
                faults.add(word)?;
            }
        }
        Ok(faults)
    }

    fn add(&mut self, fault: &str) -> Result<()> {
        let cuts = |count: &str| -> Result<u32> {
            count
                .parse()
                .with_context(|| format!("--faults {fault}: write the cuts per minute as a number"))
        };
        if let Some(count) = fault.strip_prefix("power@") {
            self.power_cuts = cuts(count)?;
        } else if let Some(count) = fault.strip_prefix("network@") {
            self.network_cuts = cuts(count)?;
        } else {
            ensure!(
                fault.contains(':'),
                "--faults {fault}: neither {USUAL_WORD}, power@N, network@N nor what:target@when"
            );
            self.cloud.push(fault.to_owned());
        }
        Ok(())
    }

    /// How long the fault `delay` holds a command, if there is one.
    pub fn delay(&self) -> Option<Duration> {
        let delay = self
            .cloud
            .iter()
            .find(|f| f.starts_with("delay:remote-lock"))?;
        let (_, time) = delay.rsplit_once('+')?;
        time.strip_suffix('s')?
            .parse()
            .ok()
            .map(Duration::from_secs)
    }

    /// Whether functions are killed or fail, so that their events come again.
    pub fn kills(&self) -> bool {
        let kinds = ["kill:press", "throttle:press", "conflict:press", "cut-"];
        let mut faults = self.cloud.iter();
        faults.any(|fault| kinds.iter().any(|kind| fault.starts_with(kind)))
    }

    /// All of them, as they are written.
    pub fn list(&self) -> Vec<String> {
        let cuts = [("power", self.power_cuts), ("network", self.network_cuts)];
        let cuts = cuts.into_iter().filter(|(_, count)| *count > 0);
        let cuts = cuts.map(|(what, count)| format!("{what}@{count}"));
        self.cloud.iter().cloned().chain(cuts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_split_between_cloud_and_locks() {
        let faults = Faults::parse("drop:remote-lock/+@5%,power@3,network@1").expect("a list");
        assert_eq!(faults.cloud, ["drop:remote-lock/+@5%"]);
        assert_eq!((faults.power_cuts, faults.network_cuts), (3, 1));
        let usual = Faults::parse("usual,power@9").expect("a list");
        assert_eq!(usual.cloud.len(), USUAL.len() - 2);
        assert_eq!((usual.power_cuts, usual.network_cuts), (9, 4));
        assert_eq!(Faults::parse("usual").expect("a list").list(), USUAL);
        let none = Faults::parse("").expect("no faults");
        assert!(none.list().is_empty());
        assert_eq!((none.delay(), none.kills()), (None, false));
        assert_eq!(usual.delay(), Some(Duration::from_secs(3)));
        assert!(usual.kills());
        for wrong in ["power@many", "everything"] {
            Faults::parse(wrong).expect_err(wrong);
        }
    }
}
