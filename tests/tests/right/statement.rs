//! The statements of the functions' roles, and the calls that each is for.
//!
//! Must not know: how a call is made.

use crate::call::Call;

/// A statement of the template: function, name, and the calls it decides.
pub type Row = (&'static str, &'static str, &'static [Call]);

pub const RECORD: &[Call] = &[Call::Get("a"), Call::Put("a"), Call::Update];
pub const COMMAND: &[Call] = &[Call::Publish("remote-lock/lock-1")];
pub const REQUEST: &[Call] = &[Call::Publish("remote-lock/lock-1/request")];

pub const SHADOW: &[Call] = &[Call::Shadow];
pub const GIVE_UP: &[Call] = &[Call::Queue("sqs:SendMessage", "FailureQueue")];
pub const POISON: &[Call] = &[Call::Queue("sqs:SendMessage", "PoisonQueue")];
pub const QUEUE: &[Call] = &[
    Call::Queue("sqs:ReceiveMessage", "FailureQueue"),
    Call::Queue("sqs:DeleteMessage", "FailureQueue"),
    Call::Queue("sqs:GetQueueAttributes", "FailureQueue"),
];
pub const STREAM: &[Call] = &[
    Call::Stream("dynamodb:DescribeStream"),
    Call::Stream("dynamodb:GetRecords"),
    Call::Stream("dynamodb:GetShardIterator"),
    Call::Stream("dynamodb:ListStreams"),
];
pub const MARK: &[Call] = &[Call::Get("announced#a"), Call::Put("announced#a")];
pub const SHOWN: &[Call] = &[Call::Get("shown#a"), Call::Put("shown#a")];
pub const LABEL: &[Call] = &[Call::BatchGet("things")];
pub const STATE: &[Call] = &[
    Call::Publish("remote-lock-state/lock-1"),
    Call::Retain("remote-lock-state/lock-1"),
];
pub const LINE: &[Call] = &[
    Call::Publish("remote-lock-live/lock-1"),
    Call::Publish("remote-lock-event/lock-1"),
];
/// What the conditions of the statements `Mark`, `Shown` and `Label` forbid.
pub const FORBIDDEN: [Call; 8] = [
    Call::Get("a"),
    Call::Put("a"),
    Call::Put("lock#announced#a"),
    Call::Put("lock#shown#a"),
    Call::Get("things"),
    Call::Put("things"),
    Call::BatchGet("a"),
    Call::BatchGet("lock#things"),
];
pub const LOGS: &[Call] = &[
    Call::Log("logs:CreateLogStream"),
    Call::Log("logs:PutLogEvents"),
];

/// The only statement that denies.
pub const DENIAL: &str = "NoRequest";
/// The statement about a function's own log. Without it nothing is refused, and lines are lost.
pub const LOG: &str = "Log";
/// The statements that Lambda needs at set-up; without one of them nothing starts.
pub const SET_UP: [&str; 3] = ["GiveUp", "Queue", "Stream"];

pub const FUNCTIONS: [&str; 6] = ["press", "report", "sweep", "failure", "announce", "show"];

pub const STATEMENTS: [Row; 35] = [
    ("press", "Record", RECORD),
    ("press", "Command", COMMAND),
    ("press", DENIAL, REQUEST),
    ("press", "GiveUp", GIVE_UP),
    ("press", LOG, LOGS),
    ("report", "Record", RECORD),
    ("report", "Command", COMMAND),
    ("report", DENIAL, REQUEST),
    ("report", "Shadow", SHADOW),
    ("report", "GiveUp", GIVE_UP),
    ("report", LOG, LOGS),
    ("sweep", "Record", RECORD),
    ("sweep", "Due", &[Call::Query]),
    ("sweep", "Command", COMMAND),
    ("sweep", DENIAL, REQUEST),
    ("sweep", "Shadow", SHADOW),
    ("sweep", "GiveUp", GIVE_UP),
    ("sweep", LOG, LOGS),
    ("failure", "Line", &[Call::Get("a"), Call::Put("a")]),
    ("failure", "Queue", QUEUE),
    ("failure", LOG, LOGS),
    ("announce", "Stream", STREAM),
    ("announce", "Mark", MARK),
    ("announce", "Label", LABEL),
    ("announce", "Announce", &[Call::Notify]),
    ("announce", "GiveUp", POISON),
    ("announce", LOG, LOGS),
    ("show", "Stream", STREAM),
    ("show", "Shown", SHOWN),
    ("show", "Label", LABEL),
    ("show", "State", STATE),
    ("show", "Kept", &[Call::Kept("remote-lock-state/lock-1")]),
    ("show", "Line", LINE),
    ("show", "GiveUp", POISON),
    ("show", LOG, LOGS),
];
