//! What kinds of faults there are, and which occurrences one strikes.
//!
//! Must not know how a fault is written, nor what decides.

use std::time::Duration;

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
    /// Something happens to the calls that a function makes, or that a table gets.
    Call {
        /// What.
        effect: CallEffect,
        /// The function's name, logical id or binary, or the name of the table that is asked; none: to anybody's.
        target: Option<String>,
        /// To which kind of call; none: to every kind that the effect can have.
        call: Option<Call>,
        /// To which operation of the database, if only to one.
        operation: Option<&'static str>,
        /// To which of them.
        when: When,
    },
    /// Something happens to a device, outside the cloud.
    Device {
        /// What.
        effect: DeviceEffect,
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
    /// It changes places with the next message on its topic; if none comes within this time, it goes alone.
    Reorder(Duration),
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
    /// The database refuses for more than the provisioned throughput; nothing is carried out.
    Exceed,
    /// It is carried out after this time.
    Slow(Duration),
    /// The request never arrives: nothing is carried out, and no answer comes.
    LostRequest,
    /// It is carried out, and no answer comes.
    LostAnswer,
    /// The connection breaks before anything is carried out.
    CutRequest,
    /// It is carried out, then the connection breaks instead of an answer.
    CutAnswer,
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
    pub const ALL: [(Self, &'static str); 4] = [
        (Self::Read, "read"),
        (Self::Commit, "commit"),
        (Self::Publish, "publish"),
        (Self::Shadow, "shadow"),
    ];

    /// Operations of the database on items, by the names that its API has for them.
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

    /// Whether an operation of the database reads or changes something.
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
    /// Those that need no time.
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

    /// Whether it must be said to which calls it happens.
    pub fn needs_call(self) -> bool {
        matches!(
            self,
            Self::LostRequest | Self::LostAnswer | Self::CutRequest | Self::CutAnswer
        )
    }

    /// Whether it can happen to such a call.
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
    /// It hears no time of day: what tells it the time arrives without it.
    Clock,
    /// Its uptime runs fast (+) or slow (−) by so many parts in a million, for good.
    Drift(i32),
}

impl DeviceEffect {
    /// Those that may end, and a drift of nothing, which stands for every drift.
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

/// A moment after the start, and how long the fault lasts from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Time after the start.
    pub at: Duration,
    /// How long; none: for good.
    pub lasts: Option<Duration>,
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
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::BeforeRead, "before-read"),
        (Self::BeforeCommit, "before-commit"),
        (Self::AfterCommit, "after-commit"),
        (Self::BeforePublish, "before-publish"),
        (Self::AfterPublish, "after-publish"),
    ];
}
