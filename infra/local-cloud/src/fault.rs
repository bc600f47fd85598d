//! Faults on demand: messages dropped, doubled or delayed, functions killed at a named step, their calls refused or left
//! without an answer, all from one seed.
//!
//! This file parses faults and decides when each strikes; the places that carry messages and requests ask it.
//! Must not know what the messages mean. Faults of devices are parsed here too, and handed to whoever runs devices.

mod parse;
mod random;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

pub use parse::FaultError;

use crate::broker::topic;
use crate::event::{EventBus, EventKind};
use random::Random;

/// One configured fault.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Something happens to messages on their way through the broker.
    Message {
        /// What.
        effect: MessageEffect,
        /// To messages on topics that this filter selects.
        filter: String,
        /// To which of them.
        when: When,
    },
    /// A function's process dies.
    Kill {
        /// Its name, logical id or binary.
        function: String,
        /// Where in its work.
        step: Step,
        /// The how manyeth time it gets there.
        when: When,
    },
    /// Something happens to events in a function's asynchronous queue.
    Event {
        /// What.
        effect: EventEffect,
        /// The function's name, logical id or binary.
        function: String,
        /// To which of its events.
        when: When,
    },
    /// Something happens to the calls that a function makes.
    Call {
        /// What.
        effect: CallEffect,
        /// The function's name, logical id or binary.
        function: String,
        /// To which kind of call; none: to every kind that the effect can have.
        call: Option<Call>,
        /// To which of them.
        when: When,
    },
    /// A fault outside the cloud, such as a device's power.
    Other {
        /// `power`, `network` or `clock`.
        what: String,
        /// Name of the device.
        target: String,
        /// When.
        when: Schedule,
    },
}

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageEffect {
    /// It is gone; its publisher still gets the acknowledgement.
    Drop,
    /// It comes twice.
    Duplicate,
    /// It comes later, after messages that were published after it.
    Delay(Duration),
}

/// What happens to an event on its way to a function. *Source*: both are allowed of Lambda's asynchronous invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventEffect {
    /// It waits in the queue, as when the function is throttled.
    Late(Duration),
    /// It is delivered twice, though nothing failed.
    Twice,
}

/// What happens to a call. *Source*: DynamoDB's error codes; whoever waits for a lost answer cannot know which was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEffect {
    /// The database refuses to change an item that another transaction holds; nothing is carried out.
    Conflict,
    /// The service refuses for load; nothing is carried out.
    Throttle,
    /// The request never arrives: nothing is carried out, and no answer comes.
    LostRequest,
    /// It is carried out, and no answer comes.
    LostAnswer,
}

/// A kind of call that a function makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// It asks the database for something.
    Read,
    /// It asks the database to change something.
    Commit,
    /// It publishes a message.
    Publish,
    /// It asks for a shadow.
    Shadow,
}

impl Call {
    /// All kinds, by the names that fault specifications use.
    pub const ALL: [(Call, &'static str); 4] = [
        (Call::Read, "read"),
        (Call::Commit, "commit"),
        (Call::Publish, "publish"),
        (Call::Shadow, "shadow"),
    ];
}

impl CallEffect {
    /// All effects, by the names that fault specifications use.
    pub const ALL: [(CallEffect, &'static str); 4] = [
        (CallEffect::Conflict, "conflict"),
        (CallEffect::Throttle, "throttle"),
        (CallEffect::LostRequest, "lost-request"),
        (CallEffect::LostAnswer, "lost-answer"),
    ];

    /// Whether it can happen to such a call.
    pub fn concerns(self, call: Call) -> bool {
        match self {
            CallEffect::Conflict => call == Call::Commit,
            CallEffect::Throttle => call != Call::Publish,
            CallEffect::LostRequest | CallEffect::LostAnswer => true,
        }
    }
}

/// Which occurrences a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// Each with this probability, 0 to 1.
    Chance(f64),
    /// From the first number to the last, counted from 1.
    Counted {
        /// First one struck.
        first: u64,
        /// Last one struck.
        last: u64,
    },
}

/// A moment after the start, and what the fault adds to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Time after the start.
    pub at: Duration,
    /// `power`, `network`: how long (none: for good). `clock`: how many milliseconds ahead (+) or behind (−).
    pub plus_ms: Option<i64>,
}

/// A step of a function's work, seen from outside by its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It asks the database for something; the request is not carried out.
    BeforeRead,
    /// It asks the database to change something; the request is not carried out.
    BeforeCommit,
    /// The change is made, the answer withheld.
    AfterCommit,
    /// It asks to publish; nothing is published.
    BeforePublish,
    /// Published, the answer withheld.
    AfterPublish,
}

impl Step {
    /// All steps, by the names that fault specifications use.
    pub const ALL: [(Step, &'static str); 5] = [
        (Step::BeforeRead, "before-read"),
        (Step::BeforeCommit, "before-commit"),
        (Step::AfterCommit, "after-commit"),
        (Step::BeforePublish, "before-publish"),
        (Step::AfterPublish, "after-publish"),
    ];
}

/// What becomes of one message or event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    /// How often it is delivered.
    pub copies: u32,
    /// How much later.
    pub delay: Duration,
}

/// All faults of a run, with their counters and the seeded randomness.
#[derive(Debug)]
pub struct Faults {
    armed: RwLock<Vec<Arc<Armed>>>,
    random: Mutex<Random>,
    events: EventBus,
}

#[derive(Debug)]
struct Armed {
    fault: Fault,
    seen: AtomicU64,
}

impl Armed {
    fn new(fault: Fault) -> Arc<Armed> {
        Arc::new(Armed {
            fault,
            seen: AtomicU64::new(0),
        })
    }
}

impl Faults {
    /// Arms `faults`; the same seed strikes the same occurrences.
    pub fn new(faults: Vec<Fault>, seed: u64, events: EventBus) -> Faults {
        Faults {
            armed: RwLock::new(faults.into_iter().map(Armed::new).collect()),
            random: Mutex::new(Random::new(seed)),
            events,
        }
    }

    /// Arms one more; its occurrences are counted from now.
    pub fn arm(&self, fault: Fault) {
        let armed = self.armed.write();
        let mut armed = armed.unwrap_or_else(PoisonError::into_inner);
        armed.push(Armed::new(fault));
    }

    fn armed(&self) -> Vec<Arc<Armed>> {
        let armed = self.armed.read();
        armed.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What becomes of a message on `topic`.
    pub fn fate_of(&self, topic: &str) -> Fate {
        let mut fate = Fate {
            copies: 1,
            delay: Duration::ZERO,
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
            if !topic::matches(filter, topic) || !self.strikes(armed, *when) {
                continue;
            }
            match effect {
                MessageEffect::Drop => fate.copies = 0,
                MessageEffect::Duplicate => fate.copies *= 2,
                MessageEffect::Delay(by) => fate.delay += *by,
            }
            self.tell(armed, topic);
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
                && self.strikes(armed, *when)
            {
                dies = true;
                self.tell(armed, function);
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
                && self.strikes(armed, *when)
            {
                match effect {
                    EventEffect::Late(by) => fate.delay += *by,
                    EventEffect::Twice => fate.copies *= 2,
                }
                self.tell(armed, function);
            }
        }
        fate
    }

    /// What becomes of a call of the function known by any of `names`; of several effects, the first that was armed.
    pub fn fate_of_call(&self, names: &[&str], call: Call) -> Option<CallEffect> {
        let mut fate = None;
        for armed in &self.armed() {
            if let Fault::Call {
                effect,
                function,
                call: only,
                when,
            } = &armed.fault
                && names.contains(&function.as_str())
                && effect.concerns(call)
                && only.is_none_or(|only| only == call)
                && self.strikes(armed, *when)
            {
                fate = fate.or(Some(*effect));
                self.tell(armed, function);
            }
        }
        fate
    }

    fn strikes(&self, armed: &Armed, when: When) -> bool {
        let occurrence = armed.seen.fetch_add(1, Ordering::Relaxed) + 1;
        match when {
            When::Counted { first, last } => (first..=last).contains(&occurrence),
            When::Chance(probability) => {
                let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
                random.next_unit() < probability
            }
        }
    }

    fn tell(&self, armed: &Armed, target: &str) {
        self.events.emit(EventKind::FaultInjected {
            fault: armed.fault.to_string(),
            target: target.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests;
