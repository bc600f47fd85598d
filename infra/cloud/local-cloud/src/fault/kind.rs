//! The kinds of faults, and which occurrences one strikes.

use std::time::Duration;

/// One configured fault.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    /// Affects messages in the broker.
    Message {
        /// What happens to them.
        effect: MessageEffect,
        /// Selects the topics.
        filter: String,
        /// Which occurrences.
        when: When,
    },
    /// Kills a function's process.
    Kill {
        /// Its name, logical id or binary.
        function: String,
        /// The step of its work.
        step: Step,
        /// Which occurrences of this step it strikes, counted from 1.
        when: When,
    },
    /// Affects events in a function's asynchronous queue.
    Event {
        /// What happens to them.
        effect: EventEffect,
        /// The function's name, logical id or binary.
        function: String,
        /// Which occurrences.
        when: When,
    },
    /// Affects the calls of a function, or the calls to a table.
    Call {
        /// What happens to them.
        effect: CallEffect,
        /// The function's name, logical id or binary, or the table's name; `None` selects any.
        target: Option<String>,
        /// The kind of call; `None` selects every kind that the effect concerns.
        call: Option<Call>,
        /// The operation of the database, if only one is selected.
        operation: Option<&'static str>,
        /// Which occurrences.
        when: When,
    },
    /// Affects a device, outside the cloud.
    Device {
        /// What happens to it.
        effect: DeviceEffect,
        /// Name of the device.
        target: String,
        /// When it begins and ends.
        when: Schedule,
    },
}

/// What happens to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MessageEffect {
    /// It is lost; its publisher still gets the acknowledgement.
    Drop,
    /// It is delivered twice.
    Duplicate,
    /// It is delivered later, after newer messages.
    Delay(Duration),
    /// It swaps places with the next message on its topic; if none follows within this time, it is
    /// delivered anyway.
    Reorder(Duration),
}

/// What happens to an event for a function; Lambda's asynchronous invocation permits both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventEffect {
    /// It waits in the queue, as when the function is throttled.
    Late(Duration),
    /// It is delivered twice, though nothing failed.
    Twice,
}

/// What happens to a call. The caller cannot tell a lost request from a lost answer.
/// Source: DynamoDB's error codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallEffect {
    /// The database refuses to change an item that another transaction holds; nothing is carried
    /// out.
    Conflict,
    /// The service refuses because of load; nothing is carried out.
    Throttle,
    /// The database refuses more than the provisioned throughput; nothing is carried out.
    Exceed,
    /// It is carried out after this time.
    Slow(Duration),
    /// The request is lost: nothing is carried out, and there is no answer.
    LostRequest,
    /// It is carried out, and the answer is lost.
    LostAnswer,
    /// The connection breaks before anything is carried out.
    CutRequest,
    /// It is carried out, and the connection breaks before the answer.
    CutAnswer,
}

/// A kind of call that a function makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Reads from the database.
    Read,
    /// Writes to the database.
    Commit,
    /// Publishes a message.
    Publish,
    /// Reads a shadow.
    Shadow,
}

impl Call {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Read, Self::Commit, Self::Publish, Self::Shadow];

    /// Operations of the database on items, by the names in its API.
    pub const OPERATIONS: [(&'static str, Self); 10] = [
        ("GetItem", Self::Read),
        ("BatchGetItem", Self::Read),
        ("TransactGetItems", Self::Read),
        ("Query", Self::Read),
        ("Scan", Self::Read),
        ("PutItem", Self::Commit),
        ("UpdateItem", Self::Commit),
        ("DeleteItem", Self::Commit),
        ("BatchWriteItem", Self::Commit),
        ("TransactWriteItems", Self::Commit),
    ];

    /// The kind of an operation of the database on items.
    pub fn of_operation(operation: &str) -> Option<Self> {
        let mut operations = Self::OPERATIONS.iter();
        operations
            .find(|(name, _)| *name == operation)
            .map(|(_, call)| *call)
    }

    /// Its name in fault specifications.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Commit => "commit",
            Self::Publish => "publish",
            Self::Shadow => "shadow",
        }
    }
}

impl CallEffect {
    /// The effects without a duration.
    pub const TIMELESS: [Self; 7] = [
        Self::Conflict,
        Self::Throttle,
        Self::Exceed,
        Self::LostRequest,
        Self::LostAnswer,
        Self::CutRequest,
        Self::CutAnswer,
    ];

    /// Its name in fault specifications.
    pub fn name(self) -> &'static str {
        match self {
            Self::Conflict => "conflict",
            Self::Throttle => "throttle",
            Self::Exceed => "exceed",
            Self::Slow(_) => "slow",
            Self::LostRequest => "lost-request",
            Self::LostAnswer => "lost-answer",
            Self::CutRequest => "cut-request",
            Self::CutAnswer => "cut-answer",
        }
    }

    /// Whether a fault with this effect must name a kind of call.
    pub fn needs_call(self) -> bool {
        matches!(
            self,
            Self::LostRequest | Self::LostAnswer | Self::CutRequest | Self::CutAnswer
        )
    }

    /// Whether it can happen to this kind of call.
    pub fn concerns(self, call: Call) -> bool {
        match self {
            Self::Conflict => call == Call::Commit,
            Self::Throttle => call != Call::Publish,
            Self::Exceed => matches!(call, Call::Read | Call::Commit),
            Self::Slow(_)
            | Self::LostRequest
            | Self::LostAnswer
            | Self::CutRequest
            | Self::CutAnswer => true,
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

/// What happens to a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceEffect {
    /// It loses its power.
    Power,
    /// It loses its network.
    Network,
    /// It receives no time of day: messages with the time arrive without it.
    Clock,
    /// Its uptime runs fast (+) or slow (−) by this many parts per million, for good.
    Drift(i32),
}

impl DeviceEffect {
    /// All effects, with a drift of 0 for every drift.
    pub(super) const ALL: [Self; 4] = [Self::Power, Self::Network, Self::Clock, Self::Drift(0)];

    /// Its name in fault specifications.
    pub fn name(self) -> &'static str {
        match self {
            Self::Power => "power",
            Self::Network => "network",
            Self::Clock => "clock",
            Self::Drift(_) => "drift",
        }
    }
}

/// When a fault begins, and how long it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Time after the start.
    pub at: Duration,
    /// How long it lasts; `None` is for good.
    pub lasts: Option<Duration>,
}

/// A step of a function's work, recognised from outside by its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It reads from the database; the request is not carried out.
    BeforeRead,
    /// It writes to the database; the request is not carried out.
    BeforeCommit,
    /// The write is carried out, the answer is withheld.
    AfterCommit,
    /// It publishes; the request is not carried out.
    BeforePublish,
    /// The message is published, the answer is withheld.
    AfterPublish,
}

impl Step {
    /// All steps.
    pub const ALL: [Self; 5] = [
        Self::BeforeRead,
        Self::BeforeCommit,
        Self::AfterCommit,
        Self::BeforePublish,
        Self::AfterPublish,
    ];

    /// Its name in fault specifications.
    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeRead => "before-read",
            Self::BeforeCommit => "before-commit",
            Self::AfterCommit => "after-commit",
            Self::BeforePublish => "before-publish",
            Self::AfterPublish => "after-publish",
        }
    }
}
