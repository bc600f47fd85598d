//! Small histories, and what is judged lost or doubled in each.

use lock_core::command::Version;
use lock_core::limits::Limits;
use lock_core::name::Subject;
use lock_core::time::UnixMillis;

use std::time::Duration;

use super::*;
use crate::latency::Way;

/// One lock, one button, and what each test changes.
struct Story {
    presses: Vec<Press>,
    lines: Vec<Event>,
    watched: Watched,
    version: u64,
}

fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").expect("a name")
}

fn lock() -> LockName {
    LockName::new("lock-1").expect("a name")
}

impl Story {
    /// As many presses, of which nothing is known.
    fn of(presses: u64) -> Self {
        let at = Instant::now();
        let press = |sequence| Press {
            button: 0,
            lock: 0,
            sequence,
            at,
        };
        Self {
            presses: (1..=presses).map(press).collect(),
            lines: Vec::new(),
            watched: Watched::default(),
            version: 0,
        }
    }

    fn line(&mut self, decision: Verdict, reason: Reason, sequence: u64) -> &mut Event {
        let subject = Subject::Lock(lock());
        let (at, key) = (UnixMillis(1), format!("p-{}", self.lines.len()));
        let line = Event::new(subject, Kind::Press, at, key, &Limits::longest());
        self.lines.push(Event {
            button: Some(button()),
            sequence: Some(sequence),
            ..line.with_decision(decision, reason)
        });
        self.lines.last_mut().expect("a line was added")
    }

    fn command(&mut self, sequence: u64, version: u64, action: Action) {
        self.version = version;
        let line = self.line(Verdict::Command, Reason::PRESSED, sequence);
        line.version = Some(Version(version));
        line.action = Some(action);
    }

    fn execute(&mut self, sequence: u64) {
        let id = CommandId::of_press(&button(), "other", Some(sequence)).to_string();
        let at = self.presses[0].at + Duration::from_millis(20);
        let executed = self.watched.executed.entry(id).or_insert((0, at));
        executed.0 += 1;
        self.watched.moves += 1;
        self.watched.explained += 1;
    }

    fn judge(&self) -> Judgement {
        let mut record = Record::created(lock(), UnixMillis(1));
        record.version = Version(self.version);
        record.status = Status::Settled;
        judge(&Evidence {
            presses: &self.presses,
            buttons: &[button()],
            locks: &[lock()],
            lines: &self.lines,
            records: &[record],
            watched: std::slice::from_ref(&self.watched),
            anchor: Anchor {
                at: self.presses[0].at,
                unix_ms: 1,
            },
            explained: Explained::default(),
        })
    }
}

#[test]
fn an_executed_press_is_effective_once() {
    let mut story = Story::of(1);
    story.command(1, 7, Action::Unlock);
    story.execute(1);
    let judged = story.judge();
    assert_eq!((judged.effective, judged.executed), (1, 1));
    assert_eq!((judged.lost(), judged.doubled()), (0, 0));
    let straight = judged.latencies.of(Way::Straight);
    assert_eq!(straight.percentile(0.5), Some(Duration::from_millis(20)));
}

#[test]
fn a_press_whose_command_was_sent_again_says_so() {
    let mut story = Story::of(1);
    story.command(1, 7, Action::Unlock);
    story.execute(1);
    let id = CommandId::of_press(&button(), "", Some(1));
    let line = story.line(Verdict::Resend, Reason::NOT_ANSWERED, 1);
    (line.kind, line.command_id) = (Kind::Sweep, Some(id));
    let judged = story.judge();
    assert_eq!(judged.latencies.of(Way::Again).count(), 1);
    assert_eq!((judged.executed, judged.lost()), (1, 0));
}

#[test]
fn only_presses_that_came_too_late_count_as_late() {
    let mut story = Story::of(3);
    story.line(Verdict::Ignored, Reason::EVENT_AGE, 1);
    story.line(Verdict::Ignored, Reason::STALE, 2);
    story.line(Verdict::Ignored, Reason::SAME_WISH, 3);
    assert_eq!(story.judge().late(), 2);
}

#[test]
fn a_press_without_a_line_is_lost_and_a_copy_does_not_hide_it() {
    let mut story = Story::of(2);
    story.command(1, 7, Action::Unlock);
    story.execute(1);
    story.line(Verdict::Ignored, Reason::DUPLICATE, 1).count = Some(2);
    assert_eq!(story.judge().lost_presses, 1);
    story.line(Verdict::Ignored, Reason::STALE, 2);
    let judged = story.judge();
    assert_eq!((judged.lost(), judged.refused["stale"]), (0, 1));
}

#[test]
fn a_shared_line_answers_as_many_presses_as_it_counts() {
    let mut story = Story::of(3);
    story.line(Verdict::Ignored, Reason::SAME_WISH, 1).count = Some(2);
    let judged = story.judge();
    assert_eq!((judged.lost_presses, judged.refused["same-wish"]), (1, 2));
}

#[test]
fn a_lock_command_that_never_acts_is_lost_unless_a_later_press_decides() {
    let mut story = Story::of(2);
    story.command(1, 7, Action::Lock);
    story.line(Verdict::Ignored, Reason::STALE, 2);
    assert_eq!(story.judge().lost_commands, 1);
    story.lines.pop();
    story.command(2, 8, Action::Unlock);
    story.execute(2);
    let judged = story.judge();
    assert_eq!((judged.lost(), judged.overtaken), (0, 1));
}

#[test]
fn an_unlock_that_never_acts_has_expired() {
    let mut story = Story::of(1);
    story.command(1, 7, Action::Unlock);
    story.version = 8;
    let judged = story.judge();
    assert_eq!((judged.expired, judged.lost()), (1, 0));
}

#[test]
fn two_commands_two_executions_and_moves_without_reason_are_doubled() {
    let mut story = Story::of(1);
    story.command(1, 7, Action::Unlock);
    story.execute(1);
    story.execute(1);
    assert_eq!(story.judge().doubled_commands, 1);
    story.command(1, 8, Action::Unlock);
    assert_eq!(story.judge().doubled_presses, 1);
    story.watched.moves += 1;
    let judged = story.judge();
    assert_eq!((judged.unexplained_moves, judged.doubled()), (1, 3));
}
