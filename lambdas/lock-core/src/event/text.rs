//! `Display` of an event: one line for a person, in logs and in `lockctl history`.

use std::fmt;

use super::{Event, Kind};
use crate::reason::Verdict;
use crate::report::Source;

/// Examples: `button-1 SINGLE: unlock v1763779512345`, `alice requests lock: ignored: duplicate`,
/// `reports locked (boot): settled: confirmed`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (actor, kind) = (self.actor.as_deref().unwrap_or("someone"), self.kind);
        match (&self.button, &self.click, &self.latch, &self.intent) {
            _ if matches!(kind, Kind::Register | Kind::Forget) => {
                write!(f, "{actor} {kind}s {}", self.subject.name())?
            }
            _ if kind == Kind::Recover => write!(f, "{actor} {kind}s")?,
            (Some(button), ..) if matches!(kind, Kind::Revoke | Kind::Bind | Kind::Unbind) => {
                write!(f, "{actor} {kind}s {button}")?
            }
            (Some(button), Some(click), ..) => write!(f, "{button} {click}")?,
            (_, _, Some(latch), _) => {
                let source = self.source.map_or("", Source::as_str);
                write!(f, "reports {latch} ({source})")?;
            }
            (_, _, _, Some(intent)) => write!(f, "{actor} requests {intent}")?,
            _ => write!(f, "{kind}")?,
        }
        match (self.decision, self.action, self.version) {
            (Verdict::Command, Some(action), Some(version)) => {
                write!(f, ": {action} {version} ({})", self.reason.text())?
            }
            _ => write!(f, ": {}: {}", self.decision.text(), self.reason.text())?,
        }
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        if let Some(count) = self.count.filter(|count| *count > 1) {
            write!(f, " ({count} times)")?;
        }
        if self.alerts.is_empty() {
            return Ok(());
        }
        let codes: Vec<&str> = self.alerts.iter().map(|alert| alert.as_str()).collect();
        write!(f, " [alert: {}]", codes.join(", "))
    }
}
