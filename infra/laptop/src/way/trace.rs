//! One way, with what tells its messages, writes and reports from those of other ways.
//!
//! Must not know: the events of the cloud.

use lock_core::id::CommandId;
use lock_core::name::ButtonSerial;

use super::sign::PressMessage;
use super::{End, EndKind, LOST_AFTER_MS, Place, Step, Way};

/// Reports kept of one way.
const REPORTS_MAX: usize = 8;
/// Time by which a button's clock may be wrong.
const CLOCK_DOUBT_MS: u64 = 2_000;
/// Time by which a clock may be read later than the event that it is about.
const SLACK_MS: u64 = 2;

/// What the lock has said about the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It obeyed.
    Executed,
    /// It came too late.
    Expired,
    /// It did not obey, for this reason.
    Refused(String),
}

/// The command of a way.
#[derive(Debug)]
pub struct Sent {
    /// Its version.
    pub version: u64,
    /// The latch that it wants.
    pub latch: &'static str,
    at: u64,
    text: String,
    times: u32,
}

/// A way and its signs.
#[derive(Debug)]
pub struct Trace {
    pub way: Way,
    pub has_grown: bool,
    /// When something last happened.
    pub moved_at: u64,
    /// The press's number, if its button has one.
    pub sequence: Option<u64>,
    /// Times that its message was published, matched by the rule, and given to the function.
    pub published: u32,
    pub matched: u32,
    pub handed: u32,
    /// When it was published first, and matched last.
    published_at: u64,
    matched_at: Option<u64>,
    /// Its invocations.
    pub requests: Vec<String>,
    /// Its identity from the rule, once it is written.
    pub press_id: Option<String>,
    command_id: Option<CommandId>,
    pub sent: Option<Sent>,
    pub answer: Option<Answer>,
    /// Versions of the shadow with that answer.
    reports: Vec<u64>,
    /// The last failure of its function.
    pub failure: Option<String>,
    /// The fault that struck it last.
    pub fault: Option<String>,
}

impl Trace {
    /// The way of a press whose message was published at `at`.
    pub fn new(id: String, button: &str, at: u64, client: &str, message: &PressMessage) -> Self {
        let way = Way {
            id,
            button: button.to_owned(),
            lock: None,
            at,
            steps: Vec::new(),
            end: None,
        };
        let command_id = message.sequence.and_then(|_| {
            let button = ButtonSerial::new(button).ok()?;
            // The press id does not count if there is a sequence.
            Some(CommandId::of_press(&button, "", message.sequence))
        });
        let mut trace = Self {
            way,
            has_grown: true,
            moved_at: at,
            sequence: message.sequence,
            published: 1,
            matched: 0,
            handed: 0,
            published_at: at,
            matched_at: None,
            requests: Vec::new(),
            press_id: None,
            command_id,
            sent: None,
            answer: None,
            reports: Vec::new(),
            failure: None,
            fault: None,
        };
        // A button's clock is not exact: only a press that waited to be sent is clearly older.
        let is_older = |pressed_at: &u64| pressed_at.saturating_add(CLOCK_DOUBT_MS) <= at;
        let pressed_at = message.pressed_at.filter(is_older);
        let number = message.sequence.map(|number| format!(", number {number}"));
        let click = format!("{}{}", message.click, number.unwrap_or_default());
        trace.pass(Place::Button, pressed_at.unwrap_or(at), click);
        trace.pass(Place::Broker, at, format!("from {client}"));
        trace.way.at = pressed_at.unwrap_or(at);
        trace.moved_at = at;
        trace
    }

    pub fn is_open(&self) -> bool {
        self.way.end.is_none()
    }

    /// Whether nothing is known of a decision about it.
    pub fn is_undecided(&self) -> bool {
        self.is_open() && !self.has(Place::Transaction) && self.sent.is_none()
    }

    pub fn has(&self, place: Place) -> bool {
        self.step(place).is_some()
    }

    pub fn step(&self, place: Place) -> Option<&Step> {
        self.way.steps.iter().find(|step| step.name == place)
    }

    /// Notes a step. A repeated one keeps its time. A way that was lost goes on.
    pub fn pass(&mut self, name: Place, at: u64, detail: String) {
        self.touch(at);
        match self.way.steps.binary_search_by_key(&name, |it| it.name) {
            Ok(found) => self.way.steps[found].detail = detail,
            Err(place) => self.way.steps.insert(place, Step { name, at, detail }),
        }
    }

    /// Notes that it is alive.
    pub fn touch(&mut self, at: u64) {
        self.moved_at = self.moved_at.max(at);
        self.has_grown = true;
        let is_lost = |end: &End| end.kind == EndKind::Lost;
        self.way.end = self.way.end.take().filter(|end| !is_lost(end));
    }

    /// Adds to the detail of a step.
    pub fn remark(&mut self, place: Place, remark: &str) {
        let mut steps = self.way.steps.iter_mut();
        if let Some(step) = steps.find(|step| step.name == place) {
            if !step.detail.contains(remark) {
                step.detail = format!("{}; {remark}", step.detail);
            }
            self.has_grown = true;
        }
    }

    /// Notes the end, unless it has ended.
    pub fn end(&mut self, kind: EndKind, place: Place, why: String) {
        if self.is_open() {
            self.way.end = Some(End { kind, place, why });
            self.has_grown = true;
        }
    }

    /// Where it was seen last.
    pub fn last_place(&self) -> Place {
        let last = self.way.steps.last();
        last.map_or(Place::Button, |step| step.name)
    }

    /// Ends it where it was seen last.
    pub fn give_up(&mut self) {
        if let Some(Answer::Refused(reason)) = &self.answer {
            let why = format!("the lock refused it: {reason}");
            return self.end(EndKind::Refused, Place::Latch, why);
        }
        let place = self.last_place();
        let lock = self.way.lock.as_deref().unwrap_or("the lock");
        let what = match place {
            Place::Button | Place::Broker => "no rule matched the message".to_owned(),
            Place::Rule => "no process took the invocation".to_owned(),
            Place::Function => "the function wrote no decision".to_owned(),
            Place::Transaction => "no command was published".to_owned(),
            Place::Command => format!("{lock} neither moved nor reported"),
            Place::Latch => format!("no report of {lock} reached its shadow"),
            Place::Shadow => "no rule matched the report".to_owned(),
            Place::ReportRule | Place::Record => "the record was not settled".to_owned(),
        };
        let failure = self.failure.as_ref();
        let failure = failure.map(|failure| format!("; the function failed: {failure}"));
        let fault = self.fault.as_ref();
        let fault = fault.map(|fault| format!("; the fault {fault} had struck"));
        let seconds = LOST_AFTER_MS / 1000;
        let (failure, fault) = (failure.unwrap_or_default(), fault.unwrap_or_default());
        self.end(
            EndKind::Lost,
            place,
            format!("{what} for {seconds} s{failure}{fault}"),
        );
    }

    /// Its message was published again.
    pub fn publish_again(&mut self, at: u64, client: &str) {
        self.published += 1;
        let detail = repeated(format!("from {client}"), "sent", self.published);
        self.pass(Place::Broker, at, detail);
    }

    /// The rule has matched its message.
    pub fn match_rule(&mut self, at: u64, rule: &str) {
        self.matched += 1;
        self.matched_at = Some(at);
        let detail = repeated(rule.to_owned(), "matched", self.matched);
        self.pass(Place::Rule, at, detail);
    }

    /// Whether a press that the rule received at `at` may be this one.
    pub fn was_received_at(&self, at: u64) -> bool {
        let is_early = at + SLACK_MS < self.published_at;
        let is_late = |matched_at| at > matched_at + SLACK_MS;
        !is_early && !self.matched_at.is_some_and(is_late)
    }

    /// Its decision was written as an act on a lock.
    pub fn commit(&mut self, at: u64, lock: &str, press_id: &str) {
        self.press_id = Some(press_id.to_owned());
        self.way.lock = Some(lock.to_owned());
        if let (None, Ok(button)) = (self.sequence, ButtonSerial::new(&self.way.button)) {
            self.command_id = Some(CommandId::of_press(&button, press_id, None));
        }
        let detail = format!("record and event of {lock}, binding of {}", self.way.button);
        self.pass(Place::Transaction, at, detail);
    }

    /// Whether a command is its own.
    pub fn is_cause_of(&self, command_id: &str) -> bool {
        let own = self.command_id.as_ref().map(CommandId::as_str);
        own == Some(command_id)
    }

    /// Its command was published.
    pub fn send(&mut self, at: u64, lock: &str, version: u64, action: &str) {
        self.way.lock = Some(lock.to_owned());
        let times = self.sent.as_ref().map_or(1, |sent| sent.times + 1);
        let text = format!("{action} v{version}");
        self.pass(Place::Command, at, repeated(text.clone(), "sent", times));
        let at = self.sent.as_ref().map_or(at, |sent| sent.at);
        let latch = match action {
            "unlock" => "unlocked",
            _ => "locked",
        };
        self.sent = Some(Sent {
            version,
            latch,
            at,
            text,
            times,
        });
    }

    /// What the command says: `unlock v1763779512345`.
    pub fn command_text(&self) -> Option<&str> {
        self.sent.as_ref().map(|sent| sent.text.as_str())
    }

    /// Whether the latch can have moved at `at` by its command.
    pub fn may_move(&self, latch: &str, at: u64) -> bool {
        let sent = self.sent.as_ref();
        let is_wanted = sent.is_some_and(|sent| sent.latch == latch && at + SLACK_MS >= sent.at);
        is_wanted && !self.has(Place::Latch)
    }

    /// The shadow took a report that answers its command.
    pub fn report(&mut self, at: u64, version: u64, detail: String, answer: Answer) {
        if self.reports.len() < REPORTS_MAX {
            self.reports.push(version);
        }
        self.answer = Some(answer);
        self.pass(Place::Shadow, at, detail);
    }

    /// Whether it was reported in this version of the shadow.
    pub fn has_report(&self, version: u64) -> bool {
        self.reports.contains(&version)
    }

    /// The record was written with its report, or with the shadow by a sweep.
    pub fn settle(&mut self, at: u64, by: &str) {
        match self.answer.clone() {
            Some(Answer::Executed) => {
                self.pass(Place::Record, at, format!("settled{by}"));
                self.end(EndKind::Done, Place::Record, "settled: executed".to_owned());
            }
            Some(Answer::Expired) => {
                self.pass(Place::Record, at, format!("settled{by}"));
                let why = "the command came too late: settled: expired";
                self.end(EndKind::Refused, Place::Latch, why.to_owned());
            }
            // The command may be sent again.
            Some(Answer::Refused(_)) | None => self.touch(at),
        }
    }
}

/// `text`, and how often it happened if that is more than once.
fn repeated(text: String, verb: &str, times: u32) -> String {
    match times {
        1 => text,
        _ => format!("{text}, {verb} {times} times"),
    }
}
