//! Decisions as tables: one row `given => decided` per case.

mod battery;
mod kept;
mod request;
mod same_wish;
mod whole;

use super::*;
use crate::action::ClickType;
use crate::binding::{Actions, Binding, LastPress};
use crate::limits::Limits;
use crate::name::ButtonSerial;
use crate::press::Press;
use crate::record::{Due, Status};
use crate::report::Latch;
use crate::request::Request;
use crate::write::RecordWrite;

/// The time of every decision here.
pub(super) const NOW: UnixMillis = UnixMillis(5_000_000);
/// Versions are relative to this, which is past the clock: `v7` is 10,000,007.
pub(super) const BASE: u64 = 10_000_000;

pub(super) fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").unwrap()
}

/// `settled/locked`, `pending-unlock/locked`, `unresponsive-lock/unknown`: a record at v7, its
/// command made 5 s ago and sent once.
pub(super) fn record(text: &str) -> Option<Record> {
    if text == "none" {
        return None;
    }
    let (status, state) = text.split_once('/').unwrap();
    let (status, action) = status.split_once('-').unwrap_or((status, "lock"));
    let action: Action = action.parse().unwrap();
    let made = NOW.minus(5_000);
    let expires_at = (action == Action::Unlock).then(|| made.plus(30_000));
    let cause = Cause::Button { button: button() };
    let command = Command::new(
        CommandId::from_text("current"),
        action,
        cause,
        made,
        expires_at,
    );
    Some(Record {
        version: Version(BASE + 7),
        status: status.parse().unwrap(),
        state: state.parse().unwrap(),
        command: Some(command),
        ..Record::created(lock(), UnixMillis(0))
    })
}

/// `+28000ms` from now, or `never`.
fn relative(at: Option<UnixMillis>) -> String {
    at.map_or("never".to_owned(), |at| {
        format!("{:+}ms", at.0 as i64 - NOW.0 as i64)
    })
}

/// A decision in short: `command unlock v8 expires=+28000ms`, `resend lock v7 send=2`, `ignored:
/// stale`.
pub(super) fn outcome(decision: &Decision) -> String {
    let reason = decision.reason.code();
    whole::check(decision);
    if let (Verdict::Command, None) = (decision.verdict, &decision.publish) {
        return unsent(decision);
    }
    let Some(publish) = &decision.publish else {
        let detail = match &decision.writes.event.detail {
            Some(detail) if decision.reason == Reason::STALE => format!(" ({detail})"),
            _ => String::new(),
        };
        return format!("{}: {reason}{detail}", decision.verdict.as_str());
    };
    let Some(RecordWrite::Update(update)) = &decision.writes.record else {
        panic!("published without a change of the record: {decision:?}");
    };
    let command = update.command.as_ref().unwrap();
    let action = publish.command.action.as_str();
    let version = publish.command.version.0 - BASE;
    match decision.verdict {
        Verdict::Command => format!(
            "command {action} v{version} expires={}",
            relative(command.expires_at)
        ),
        _ => format!(
            "{} {action} v{version} send={}",
            decision.verdict.as_str(),
            command.attempts
        ),
    }
}

/// The outcome of an operator's command, which the sweep sends.
fn unsent(decision: &Decision) -> String {
    let Some(RecordWrite::Update(update)) = &decision.writes.record else {
        panic!("a command without a change of the record: {decision:?}");
    };
    let command = update.command.as_ref().unwrap();
    assert_eq!(
        (command.attempts, command.next_send_at, &update.due.due_at),
        (0, NOW, &NOW),
        "{decision:?}"
    );
    let version = update.version.unwrap().0 - BASE;
    let (action, expires) = (command.action.as_str(), relative(command.expires_at));
    format!("unsent {action} v{version} expires={expires}")
}

fn number<T: std::str::FromStr>(text: &str) -> T
where
    T::Err: std::fmt::Debug,
{
    text.trim_end_matches("ms").parse().unwrap()
}

/// A binding of `button-1` to `lock-1` with default actions, after two changes.
pub(super) fn binding() -> Binding {
    Binding {
        lock: Some(lock()),
        ..Binding::new(button(), 3)
    }
}

/// One row about a press: `settled/locked SINGLE age=2000ms => command unlock v8 expires=+28000ms`.
fn press_row(row: &str) -> String {
    let mut words = row.split_whitespace();
    let mut record = record(words.next().unwrap());
    let mut press = Press {
        button: button(),
        click: words.next().unwrap().parse().unwrap(),
        sequence: None,
        pressed_at: None,
        good_for_ms: None,
        received_at: NOW,
        press_id: "p2".to_owned(),
        principal: None,
        battery_mv: None,
    };
    let mut last: Option<LastPress> = None;
    let mut binding = binding();
    let mut bound = true;
    let mut caused = false;
    for word in words {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let made = NOW.minus(5_000);
        let last_of = |last: Option<LastPress>| {
            last.unwrap_or(LastPress {
                press_id: "p1".into(),
                at: made,
                sequence: None,
                command: None,
            })
        };
        match name {
            "age" => press.received_at = NOW.minus(number(value)),
            "early" => press.received_at = NOW.plus(number(value)),
            "good-for" => press.good_for_ms = Some(number(value)),
            "bound" => binding.bound_at = Some(NOW.minus(number(value))),
            "not-bound" => binding.lock = None,
            "other-button" => {
                let other = ButtonSerial::new("button-2").unwrap();
                let command = record.as_mut().unwrap().command.as_mut().unwrap();
                command.cause = Cause::Button { button: other };
            }
            "over" => {
                let command = record.as_mut().unwrap().command.as_mut().unwrap();
                command.expires_at = Some(NOW);
            }
            "pressed" => press.pressed_at = Some(NOW.minus(number(value))),
            "seq" => press.sequence = Some(number(value)),
            "last-seq" => {
                last = Some(LastPress {
                    sequence: Some(number(value)),
                    ..last_of(last)
                })
            }
            "last-age" => {
                last = Some(LastPress {
                    at: NOW.minus(number(value)),
                    ..last_of(last)
                })
            }
            "last-id" => {
                last = Some(LastPress {
                    press_id: value.to_owned(),
                    ..last_of(last)
                })
            }
            "unbound" => bound = false,
            "no-clicks" => binding.actions = Actions([(ClickType::Double, Intent::Lock)].into()),
            "disabled" => binding.enabled = false,
            "caused-it" => caused = true,
            "sent" => {
                let command = record.as_mut().unwrap().command.as_mut().unwrap();
                for _ in 1..number::<u32>(value) {
                    *command = command.with_next_send(NOW.minus(1_000));
                }
            }
            _ => panic!("unknown word {word:?}"),
        }
    }
    if caused {
        record.as_mut().unwrap().command.as_mut().unwrap().id = press.command_id();
    }
    binding.last_press = last;
    let binding = bound.then_some(binding);
    let decision = decide_press(
        record.as_ref(),
        binding.as_ref(),
        &press,
        NOW,
        &Limits::default(),
    );
    if let Some(write) = &decision.writes.binding {
        assert!(
            write.apply(binding.as_ref()).is_some(),
            "its condition holds on the binding it was decided on: {row}"
        );
    }
    outcome(&decision)
}

/// Checks each row `given => wanted` of a table. A line that begins with an arrow continues a row.
pub(super) fn check(table: &str, decide: impl Fn(&str) -> String) {
    let mut rows: Vec<String> = Vec::new();
    for line in table.lines().map(str::trim) {
        match rows.last_mut() {
            Some(row) if line.starts_with("=>") || line.starts_with("->") => {
                row.extend([" ", line]);
            }
            _ if line.is_empty() || line.starts_with('#') => {}
            _ => rows.push(line.to_owned()),
        }
    }
    for row in rows {
        let (given, wanted) = row.split_once("=>").unwrap();
        assert_eq!(decide(given.trim()), wanted.trim(), "{given}");
    }
}

#[test]
fn a_press_means_what_the_state_makes_of_it() {
    check(
        "
        # C6: only from settled and locked does a toggle unlock
        settled/locked           SINGLE age=2000ms => command unlock v8 expires=+28000ms
        settled/locked SINGLE age=2000ms pressed=5000ms => command unlock v8 expires=+25000ms
        settled/locked SINGLE age=5000ms pressed=2000ms => command unlock v8 expires=+25000ms
        settled/locked SINGLE age=10ms pressed=30000ms => ignored: stale (made 30 s before)
        settled/unlocked         SINGLE            => command lock v8 expires=never
        settled/jammed           SINGLE            => command lock v8 expires=never
        settled/unknown          SINGLE            => command lock v8 expires=never
        pending-lock/locked      SINGLE            => command lock v8 expires=never
        unresponsive-lock/locked SINGLE            => command lock v8 expires=never
        # explicit clicks, from every status
        settled/locked           DOUBLE            => command lock v8 expires=never
        pending-unlock/locked    DOUBLE            => command lock v8 expires=never
        settled/unlocked         LONG              => command unlock v8 expires=+30000ms
        pending-lock/unlocked    LONG              => command unlock v8 expires=+30000ms
        unresponsive-lock/locked LONG              => command unlock v8 expires=+30000ms
        # C4: the life counts from the press; a stale one neither unlocks nor toggles, but locks
        settled/locked           LONG   age=29999ms => command unlock v8 expires=+1ms
        settled/locked           LONG   age=30000ms => ignored: stale (made 30 s before)
        settled/locked           SINGLE age=30000ms => ignored: stale (made 30 s before)
        settled/unlocked         SINGLE age=30000ms => ignored: stale (made 30 s before)
        settled/unlocked         DOUBLE age=90000ms => command lock v8 expires=never
        # a clock that runs ahead does not lengthen the life
        settled/locked           LONG   early=60000ms => command unlock v8 expires=+30000ms
        # not allowed
        settled/locked           LONG   unbound             => ignored: unknown-button
        settled/locked           LONG   disabled            => ignored: revoked
        settled/locked           SINGLE no-clicks           => ignored: unbound-click
        settled/locked           LONG   not-bound           => ignored: not-bound
        none                     LONG                       => ignored: unknown-lock
        none                     LONG   disabled            => ignored: unknown-lock
        # C4: given up by its button
        settled/locked LONG pressed=5001ms good-for=3000ms
            => ignored: stale (made 5 s before, given up by its button)
        settled/locked LONG pressed=5000ms good-for=3000ms => command unlock v8 expires=+25000ms
        settled/locked SINGLE pressed=15900ms good-for=3600ms
            => ignored: stale (made 15 s before, given up by its button)
        settled/unlocked DOUBLE pressed=15900ms good-for=3600ms => command lock v8 expires=never
        settled/locked LONG pressed=9000ms good-for=3000ms age=5000ms
            => command unlock v8 expires=+21000ms
        # C3: made before its button was bound
        settled/locked           LONG   age=10ms bound=9ms                    => ignored: superseded
        settled/locked           LONG   age=9ms bound=9ms                     => ignored: superseded
        settled/locked LONG age=8ms bound=9ms => command unlock v8 expires=+29992ms
        settled/locked           LONG   pressed=10ms bound=9ms                => ignored: superseded
        settled/locked           LONG   age=10ms bound=9ms seq=5              => ignored: superseded
        settled/locked           DOUBLE age=10ms bound=9ms                    => ignored: superseded
        ",
        press_row,
    );
}

#[test]
fn a_press_acts_once() {
    check(
        "
        # C2: the quiet window, for buttons without a sequence; it never swallows a lock
        settled/unlocked DOUBLE last-age=1ms           => command lock v8 expires=never
        settled/unlocked DOUBLE last-age=0ms           => ignored: superseded
        settled/unlocked DOUBLE age=2ms last-age=1ms   => ignored: superseded
        settled/locked LONG last-age=1499ms            => ignored: quiet-window
        settled/locked LONG last-age=1500ms            => command unlock v8 expires=+30000ms
        settled/locked LONG last-age=1499ms seq=5      => command unlock v8 expires=+30000ms
        settled/locked LONG age=1000ms last-age=1000ms => ignored: superseded
        settled/locked LONG age=2000ms last-age=1000ms => ignored: superseded
        # C1, C3: the sequence, if any
        settled/locked LONG seq=5 last-seq=4           => command unlock v8 expires=+30000ms
        settled/locked LONG seq=5 last-seq=6           => ignored: superseded
        settled/locked LONG seq=5 last-seq=5           => ignored: duplicate
        # a sequence that was used is still known after a press without one
        settled/locked LONG last-seq=5 last-age=9000ms => command unlock v8 expires=+30000ms
        # C7: already recorded; published again only while it is still to be executed
        pending-unlock/locked  LONG last-id=p2 caused-it           => resend unlock v7 send=2
        pending-unlock/locked  LONG seq=5 last-seq=5 caused-it     => resend unlock v7 send=2
        pending-lock/unlocked  DOUBLE last-id=p2 caused-it         => resend lock v7 send=2
        pending-unlock/locked  LONG last-id=p2                     => ignored: duplicate
        settled/unlocked       LONG last-id=p2 caused-it           => ignored: duplicate
        unresponsive-lock/locked DOUBLE last-id=p2 caused-it       => ignored: duplicate
        pending-unlock/locked  LONG last-id=p2 caused-it disabled  => ignored: revoked
        none                   LONG last-id=p2                     => ignored: unknown-lock
        # … and from the second time on within the back-off
        pending-lock/unlocked  DOUBLE last-id=p2 caused-it sent=2  => ignored: duplicate
        # a binding may have forgotten the last press; the record has not
        pending-unlock/locked  LONG seq=5 caused-it                => resend unlock v7 send=2
        settled/unlocked       LONG seq=5 caused-it                => ignored: duplicate
        ",
        press_row,
    );
}

#[test]
fn a_lock_without_a_version_left_is_left_alone_and_a_person_alerted() {
    let mut record = record("settled/locked").unwrap();
    record.version = Version(crate::limits::VERSION_MAX);
    let request = Request {
        lock: lock(),
        intent: Intent::Unlock,
        request_id: "r1".to_owned(),
        requested_at: Some(NOW),
        actor: None,
        received_at: NOW,
        principal: None,
    };
    let decision = decide_request(Some(&record), false, &request, NOW, &Limits::default())
        .expect("a registered lock");
    assert_eq!(outcome(&decision), "ignored: no-version-left");
    assert_eq!(decision.alerts, [Alert::NoVersionLeft]);
}

#[test]
fn the_rest_of_a_commands_life_is_in_whole_seconds() {
    let publish = |expires_at| Publish {
        expires_at,
        ..Publish::of(
            &lock(),
            Version(1),
            record("settled/locked").unwrap().command.as_ref().unwrap(),
        )
    };
    let life = |left: Option<u64>| publish(left.map(|ms| NOW.plus(ms))).life(NOW);
    assert_eq!(life(None), Life::Endless);
    assert_eq!(life(Some(29_999)), Life::Seconds(29));
    assert_eq!(life(Some(400)), Life::Seconds(1));
    assert_eq!(life(Some(0)), Life::Over);
}
