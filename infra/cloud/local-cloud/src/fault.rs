//! Faults on demand: messages dropped, doubled, delayed or out of order, functions killed at a named step, their calls
//! refused or left without an answer, all from one seed.
//!
//! Whether the n-th occurrence on a topic (or of a function's call) is struck follows from the seed, the fault as it is
//! written, the topic and n alone: not from other faults, other topics, or the order in which threads come. Every decision
//! is in the [`Journal`]. A counted fault (`@3`) counts all that it selects, in the order of arrival.
//! Must not know what the messages mean. Faults of devices are parsed here too, and handed to whoever runs devices.

mod journal;
mod kind;
mod parse;
mod random;
mod reorder;
mod target;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

pub use journal::{Decision, Journal};
pub use kind::{
    Call, CallEffect, DeviceEffect, EventEffect, Fault, MessageEffect, Schedule, Step, When,
};
pub use parse::FaultError;
pub use reorder::{Place, Released};
pub use target::{Targets, UnknownTarget};

use crate::event::{EventBus, EventKind};

/// What becomes of one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// How often it is delivered.
    pub copies: u32,
    /// How much later.
    pub delay: Duration,
}

/// What becomes of one message.
#[derive(Debug)]
pub struct MessageFate {
    /// How often it is delivered.
    pub copies: u32,
    /// How much later.
    pub delay: Duration,
    /// Where it waits for the next message on its topic, if it is to change places with it.
    pub place: Option<Place>,
    /// Messages that waited for this one; they go when this is dropped.
    pub released: Released,
}

/// A call, as faults select it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The names of the function that calls, and of the tables that are asked.
    pub names: &'a [&'a str],
    /// The kind of call.
    pub call: Call,
    /// The operation of the database.
    pub operation: Option<&'a str>,
}

/// All faults of a run, with their counters and the seed.
#[derive(Debug)]
pub struct Faults {
    armed: RwLock<Vec<Arc<Armed>>>,
    /// What can be struck; none while that is not known.
    targets: RwLock<Option<Targets>>,
    seed: u64,
    journal: Mutex<Journal>,
    events: EventBus,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// As it is written, and which of those written alike: what its decisions are drawn from.
    key: String,
    seen: Mutex<Seen>,
    waiting: reorder::Waiting,
}

#[derive(Debug, Default)]
struct Seen {
    total: u64,
    by_subject: BTreeMap<String, u64>,
}

impl Armed {
    /// Of those armed `before`, as many as are written alike are counted.
    fn new(fault: Fault, before: &[Arc<Self>]) -> Arc<Self> {
        let alike = before.iter().filter(|armed| armed.fault == fault).count();
        Arc::new(Self {
            key: match alike {
                0 => fault.to_string(),
                n => format!("{fault} ({})", n + 1),
            },
            fault,
            seen: Mutex::default(),
            waiting: reorder::Waiting::default(),
        })
    }
}

impl Faults {
    /// Arms `faults`; the same seed strikes the same occurrences.
    pub fn new(faults: Vec<Fault>, seed: u64, events: EventBus) -> Self {
        let mut armed = Vec::new();
        for fault in faults {
            armed.push(Armed::new(fault, &armed));
        }
        Self {
            armed: RwLock::new(armed),
            targets: RwLock::default(),
            seed,
            journal: Mutex::default(),
            events,
        }
    }

    /// Says what can be struck from now on: what is armed next must name some of it.
    pub fn aim_at(&self, targets: Targets) {
        let mut known = self.targets.write().unwrap_or_else(PoisonError::into_inner);
        *known = Some(targets);
    }

    /// Arms one more; its occurrences are counted from now.
    ///
    /// *Errors*: [`UnknownTarget`], where it could never strike.
    pub fn arm(&self, fault: Fault) -> Result<(), UnknownTarget> {
        if let Some(targets) = &*self.targets.read().unwrap_or_else(PoisonError::into_inner) {
            targets.check(&fault)?;
        }
        let armed = self.armed.write();
        let mut armed = armed.unwrap_or_else(PoisonError::into_inner);
        let new = Armed::new(fault, &armed);
        armed.push(new);
        Ok(())
    }

    /// Every decision so far, in the order of arrival.
    pub fn journal(&self) -> Journal {
        let journal = self.journal.lock();
        journal.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn armed(&self) -> Vec<Arc<Armed>> {
        let armed = self.armed.read();
        armed.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What becomes of a message on `topic`.
    pub fn fate_of(&self, topic: &str) -> MessageFate {
        let mut fate = MessageFate {
            copies: 1,
            delay: Duration::ZERO,
            place: None,
            released: Released::default(),
        };
        for armed in &self.armed() {
            let Fault::Message {
                effect,
                filter,
                when,
            } = &armed.fault
            else {
                continue;
            };
            if !iot_topic::matches(filter, topic) {
                continue;
            }
            fate.released.take(&armed.waiting, topic);
            if !self.strikes(armed, *when, topic) {
                continue;
            }
            match effect {
                MessageEffect::Drop => fate.copies = 0,
                MessageEffect::Duplicate => fate.copies *= 2,
                MessageEffect::Delay(by) => fate.delay += *by,
                MessageEffect::Reorder(limit) => {
                    fate.place = Some(armed.waiting.place(topic, *limit));
                }
            }
        }
        fate
    }

    /// Whether the function known by any of `names` dies at this step.
    pub fn kills(&self, names: &[&str], step: Step) -> bool {
        let mut dies = false;
        for armed in &self.armed() {
            if let Fault::Kill {
                function,
                step: at,
                when,
            } = &armed.fault
                && *at == step
                && names.contains(&function.as_str())
                && self.strikes(armed, *when, function)
            {
                dies = true;
            }
        }
        dies
    }

    /// What becomes of an event for the function known by any of `names`: how long it waits, and how often it comes.
    pub fn fate_of_event(&self, names: &[&str]) -> Fate {
        let mut fate = Fate {
            copies: 1,
            delay: Duration::ZERO,
        };
        for armed in &self.armed() {
            if let Fault::Event {
                effect,
                function,
                when,
            } = &armed.fault
                && names.contains(&function.as_str())
                && self.strikes(armed, *when, function)
            {
                match effect {
                    EventEffect::Late(by) => fate.delay += *by,
                    EventEffect::Twice => fate.copies *= 2,
                }
            }
        }
        fate
    }

    /// What becomes of a call; of several effects, the first that was armed, and the sum of the times.
    pub fn fate_of_call(&self, asked: &Asked<'_>) -> (Option<CallEffect>, Duration) {
        let (mut fate, mut delay) = (None, Duration::ZERO);
        for armed in &self.armed() {
            let Fault::Call {
                effect,
                target,
                call,
                operation,
                when,
            } = &armed.fault
            else {
                continue;
            };
            let target = target.as_deref();
            let is_meant = target.is_none_or(|target| asked.names.contains(&target))
                && effect.concerns(asked.call)
                && call.is_none_or(|only| only == asked.call)
                && operation.is_none_or(|only| asked.operation == Some(only));
            let last = operation.unwrap_or(asked.call.name());
            let parts: Vec<&str> = target.into_iter().chain([last]).collect();
            if !is_meant || !self.strikes(armed, *when, &parts.join(".")) {
                continue;
            }
            match effect {
                CallEffect::Slow(by) => delay += *by,
                effect => fate = fate.or(Some(*effect)),
            }
        }
        (fate, delay)
    }

    /// Decides on the next occurrence for `subject`, and writes the decision down.
    fn strikes(&self, armed: &Armed, when: When, subject: &str) -> bool {
        let occurrence = {
            let mut seen = armed.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.total += 1;
            match when {
                When::Counted { .. } => seen.total,
                When::Chance(_) => {
                    let of_subject = seen.by_subject.entry(subject.to_owned()).or_default();
                    *of_subject += 1;
                    *of_subject
                }
            }
        };
        let struck = match when {
            When::Counted { first, last } => (first..=last).contains(&occurrence),
            When::Chance(probability) => {
                random::unit(self.seed, &armed.key, subject, occurrence) < probability
            }
        };
        let decision = Decision {
            fault: armed.key.clone(),
            subject: subject.to_owned(),
            occurrence,
            struck,
        };
        let journal = self.journal.lock();
        journal
            .unwrap_or_else(PoisonError::into_inner)
            .note(decision);
        if struck {
            self.events.emit(EventKind::FaultInjected {
                fault: armed.fault.to_string(),
                target: subject.to_owned(),
                occurrence,
            });
        }
        struck
    }
}

#[cfg(test)]
mod tests;
