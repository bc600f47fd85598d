//! A link of the way between a button and its door, and the verdict about it.

use lock_core::label::Names;
use lock_core::name::{ButtonSerial, LockName};
use serde_json::{Value, json};

/// A link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Its name: `rule button`.
    pub name: String,
    /// The device that it belongs to; `None` for a link of all.
    pub device: Option<String>,
    /// What people call that device, with its name.
    shown: Option<String>,
    /// What was found.
    pub verdict: Verdict,
}

/// What was found about a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds; the text says what was seen.
    Ok(String),
    /// It does not hold.
    Broken {
        /// What is wrong.
        what: String,
        /// The command or action that fixes it.
        fix: String,
    },
    /// It could not be judged; the text says why.
    Unknown(String),
}

impl Verdict {
    /// A broken link.
    pub fn broken(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Broken {
            what: what.into(),
            fix: fix.into(),
        }
    }

    /// The word for people and scripts.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Ok(_) => "ok",
            Self::Broken { .. } => "broken",
            Self::Unknown(_) => "unknown",
        }
    }
}

impl Link {
    /// A link of all.
    pub fn new(name: impl Into<String>, verdict: Verdict) -> Self {
        Self {
            name: name.into(),
            device: None,
            shown: None,
            verdict,
        }
    }

    /// A link of a device.
    pub fn of_device(device: &str, name: &str, verdict: Verdict) -> Self {
        Self {
            name: name.to_owned(),
            device: Some(device.to_owned()),
            shown: None,
            verdict,
        }
    }

    /// The same link with the labels of its device.
    pub fn with_names(mut self, names: &Names) -> Self {
        let device = self.device.as_deref();
        self.shown = device.map(|device| match LockName::new(device) {
            Ok(lock) if !names.of_lock(&lock).is_empty() => names.lock(&lock),
            _ => ButtonSerial::new(device)
                .map_or_else(|_| device.to_owned(), |button| names.button(&button)),
        });
        self
    }

    /// `Front door (lock-1) connected`, or `rule button`.
    pub fn title(&self) -> String {
        match self.shown.as_ref().or(self.device.as_ref()) {
            Some(device) => format!("{device} {}", self.name),
            None => self.name.clone(),
        }
    }

    /// Whether it is broken.
    pub fn is_broken(&self) -> bool {
        matches!(self.verdict, Verdict::Broken { .. })
    }

    /// Its lines for people.
    pub fn lines(&self) -> Vec<String> {
        let (word, title) = (self.verdict.word(), self.title());
        match &self.verdict {
            Verdict::Ok(seen) => vec![format!("{word:<8} {title}: {seen}")],
            Verdict::Unknown(why) => vec![format!("{word:<8} {title}: {why}")],
            Verdict::Broken { what, fix } => vec![
                format!("{:<8} {title}: {what}", word.to_uppercase()),
                format!("         fix it: {fix}"),
            ],
        }
    }

    /// Itself for scripts.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "link": self.name, "device": self.device, "state": self.verdict.word(),
        });
        match &self.verdict {
            Verdict::Ok(seen) => body["seen"] = json!(seen),
            Verdict::Unknown(why) => body["why"] = json!(why),
            Verdict::Broken { what, fix } => {
                body["what"] = json!(what);
                body["fix"] = json!(fix);
            }
        }
        body
    }
}
