//! `Display` of an event: one line for a person, in logs and in `lockctl history`.

use std::fmt;

use super::{Event, Kind};
use crate::label::Names;
use crate::reason::Verdict;
use crate::report::Source;

/// Examples: `button-1 SINGLE: unlock v1763779512345`, `alice requests lock: ignored: duplicate`,
/// `reports locked (boot): settled: confirmed`.
impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, &Names::default())
    }
}

/// An event with the labels of its names: `hall (button-1) SINGLE: unlock v1763779512345`.
struct Named<'a> {
    event: &'a Event,
    names: &'a Names,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.event.write(f, self.names)
    }
}

impl Event {
    /// The line for a person, with the labels of the lock and the button.
    pub fn with_names<'a>(&'a self, names: &'a Names) -> impl fmt::Display + 'a {
        Named { event: self, names }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, names: &Names) -> fmt::Result {
        let (actor, kind) = (self.actor.as_deref().unwrap_or("someone"), self.kind);
        let button = self.button.as_ref().map(|button| names.button(button));
        match (button, &self.click, &self.latch, &self.intent) {
            _ if matches!(kind, Kind::Register | Kind::Forget) => {
                write!(f, "{actor} {kind}s {}", names.subject(&self.subject))?
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
