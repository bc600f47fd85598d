//! Faults on demand: messages dropped, duplicated, delayed or reordered; functions killed at a
//! named step; their calls refused or left without an answer. One seed decides all of it.
//!
//! Whether the n-th occurrence on a topic (or of a function's call) is struck depends only on the
//! seed, the fault as it is written, the topic and n, not on other faults, other topics or the
//! order of threads. Every decision is in the [`Journal`]. A counted fault (`@3`) counts everything
//! it selects, in the order of arrival. Faults of devices are only parsed here, for whoever runs
//! devices. Must not know: what the messages mean.

mod form;
mod journal;
mod kind;
pub(crate) mod page;
mod parse;
mod random;
mod reorder;
mod target;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

pub use form::Form;
pub use journal::{Decision, Journal};
pub use kind::{
    Call, CallEffect, DeviceEffect, EventEffect, Fault, MessageEffect, Schedule, Step, When,
};
pub use parse::FaultError;
pub use reorder::{HoldSlot, Released};
pub use target::{Targets, UnknownTarget};

use crate::event::{EventBus, EventKind};
use crate::sync::{lock, read, write};

/// What happens to one event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// How often it is delivered.
    pub copies: u32,
    /// How much later it is delivered.
    pub delay: Duration,
}

/// What happens to one message.
#[derive(Debug)]
pub struct MessageFate {
    /// How often it is delivered.
    pub copies: u32,
    /// How much later it is delivered.
    pub delay: Duration,
    /// Holds it until the next message on its topic has passed, if it is reordered.
    pub hold: Option<HoldSlot>,
    /// Messages that waited for this one; dropping this delivers them.
    pub released: Released,
}

/// A call, as faults select it.
#[derive(Debug, Clone, Copy)]
pub struct ObservedCall<'a> {
    /// The names of the calling function, and of the tables that it calls.
    pub names: &'a [&'a str],
    /// The kind of call.
    pub call: Call,
    /// The operation of a call to the database.
    pub operation: Option<&'a str>,
}

/// All faults of a run, with their counters and the seed.
#[derive(Debug)]
pub struct Faults {
    armed: RwLock<Vec<Arc<Armed>>>,
    /// What a fault can strike; `None` while that is not known.
    targets: RwLock<Option<Targets>>,
    seed: u64,
    journal: Mutex<Journal>,
    events: EventBus,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    /// The fault as it is written, with a number if several are alike; it seeds the decisions.
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
    /// `before` are the faults already armed; one that is alike gets a number in its key.
    fn new(fault: Fault, before: &[Arc<Self>]) -> Arc<Self> {
        let text = fault.to_string();
        let (mut key, mut number) = (text.clone(), 1);
        while before.iter().any(|armed| armed.key == key) {
            number += 1;
            key = format!("{text} ({number})");
        }
        Arc::new(Self {
            key,
            fault,
            seen: Mutex::default(),
            waiting: reorder::Waiting::default(),
        })
    }

    /// Whether everything that it strikes has passed.
    fn is_spent(&self) -> bool {
        let when = match &self.fault {
            Fault::Message { when, .. }
            | Fault::Kill { when, .. }
            | Fault::Event { when, .. }
            | Fault::Call { when, .. } => *when,
            Fault::Device { .. } => return false,
        };
        matches!(when, When::Counted { last, .. } if lock(&self.seen).total >= last)
    }
}

impl Faults {
    /// Arms `faults`. The same seed strikes the same occurrences.
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

    /// Sets what can be struck: a fault armed later must name some of it.
    pub fn aim_at(&self, targets: Targets) {
        *write(&self.targets) = Some(targets);
    }

    /// Arms one more fault; its occurrences count from now.
    ///
    /// # Errors
    /// [`UnknownTarget`] if it could never strike.
    pub fn arm(&self, fault: Fault) -> Result<(), UnknownTarget> {
        if let Some(targets) = &*read(&self.targets) {
            targets.check(&fault)?;
        }
        let mut armed = write(&self.armed);
        let new = Armed::new(fault, &armed);
        armed.push(new);
        Ok(())
    }

    /// Ends a fault, by its text in [`Faults::armed`]. Returns whether it was armed.
    pub fn end(&self, text: &str) -> bool {
        let mut armed = write(&self.armed);
        let before = armed.len();
        armed.retain(|armed| armed.key != text);
        armed.len() < before
    }

    /// The faults that can still strike, as they are written, in the order of arming; the second of
    /// several alike ends in ` (2)`.
    pub fn armed(&self) -> Vec<String> {
        let armed = self.all();
        let can_strike = armed.iter().filter(|armed| !armed.is_spent());
        can_strike.map(|armed| armed.key.clone()).collect()
    }

    /// Every decision so far, in the order of arrival.
    pub fn journal(&self) -> Journal {
        lock(&self.journal).clone()
    }

    fn all(&self) -> Vec<Arc<Armed>> {
        read(&self.armed).clone()
    }

    /// Decides what happens to a message on `topic`.
    pub fn fate_of(&self, topic: &str) -> MessageFate {
        let mut fate = MessageFate {
            copies: 1,
            delay: Duration::ZERO,
            hold: None,
            released: Released::default(),
        };
        for armed in &self.all() {
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
                    fate.hold = Some(armed.waiting.slot(topic, *limit));
                }
            }
        }
        fate
    }

    /// Decides whether the function with these names is killed at this step.
    pub fn kills(&self, names: &[&str], step: Step) -> bool {
        let mut is_killed = false;
        for armed in &self.all() {
            if let Fault::Kill {
                function,
                step: at,
                when,
            } = &armed.fault
                && *at == step
                && names.contains(&function.as_str())
                && self.strikes(armed, *when, function)
            {
                is_killed = true;
            }
        }
        is_killed
    }

    /// Decides what happens to an event for the function with these names.
    pub fn fate_of_event(&self, names: &[&str]) -> Fate {
        let mut fate = Fate {
            copies: 1,
            delay: Duration::ZERO,
        };
        for armed in &self.all() {
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

    /// Decides what happens to a call: the first effect in the order of arming, and the sum of the
    /// delays.
    pub fn fate_of_call(&self, observed: &ObservedCall<'_>) -> (Option<CallEffect>, Duration) {
        let (mut fate, mut delay) = (None, Duration::ZERO);
        for armed in &self.all() {
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
            let is_selected = target.is_none_or(|target| observed.names.contains(&target))
                && effect.concerns(observed.call)
                && call.is_none_or(|only| only == observed.call)
                && operation.is_none_or(|only| observed.operation == Some(only));
            let last = operation.unwrap_or(observed.call.name());
            let parts: Vec<&str> = target.into_iter().chain([last]).collect();
            if !is_selected || !self.strikes(armed, *when, &parts.join(".")) {
                continue;
            }
            match effect {
                CallEffect::Slow(by) => delay += *by,
                effect => fate = fate.or(Some(*effect)),
            }
        }
        (fate, delay)
    }

    /// Decides on the next occurrence for `subject`, and notes the decision.
    fn strikes(&self, armed: &Armed, when: When, subject: &str) -> bool {
        let occurrence = {
            let mut seen = lock(&armed.seen);
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
        lock(&self.journal).note(decision);
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
