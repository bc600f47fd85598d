//! Every value of the core, at random. Large parts are boxed, since a test's stack is small.

use lock_core::action::{Action, ClickType, Intent};
use lock_core::binding::{Actions, Binding, CausedCommand, LastPress};
use lock_core::command::Version;
use lock_core::event::{Event, Kind, Subject};
use lock_core::id::CommandId;
use lock_core::limits::{Limits, VERSION_MAX};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::reason::{Reason, Verdict};
use lock_core::record::{Cause, Command, Due, Record, Reported, Status};
use lock_core::report::{
    Clock, Door, Latch, Outcome, RefusedCommand, Report, ReportId, Settings, Source,
};
use lock_core::time::{UnixMillis, UnixSeconds};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(VERSION_MAX), 0..=VERSION_MAX]
}

fn millis() -> impl Strategy<Value = UnixMillis> {
    number().prop_map(UnixMillis)
}

fn lock() -> impl Strategy<Value = LockName> {
    "[a-zA-Z0-9:_-]{1,20}"
        .prop_map(|name| LockName::new(name).expect("made of what a name may hold"))
}

fn button() -> impl Strategy<Value = ButtonSerial> {
    "[a-zA-Z0-9:_-]{1,20}"
        .prop_map(|name| ButtonSerial::new(name).expect("made of what a name may hold"))
}

fn id() -> impl Strategy<Value = CommandId> {
    ".{0,30}".prop_map(CommandId::from_text)
}

fn latch() -> impl Strategy<Value = Latch> {
    prop_oneof![
        Just(Latch::Locked),
        Just(Latch::Unlocked),
        Just(Latch::Jammed),
        Just(Latch::Unknown)
    ]
}

fn source() -> impl Strategy<Value = Source> {
    prop_oneof![
        Just(Source::Remote),
        Just(Source::Auto),
        Just(Source::Manual),
        Just(Source::Boot)
    ]
}

prop_compose! {
    fn report()(
        (lock, source, version, boot_count) in (latch(), source(), number(), number()),
        command_id in option::of(id()),
        result in prop_oneof![Just(Outcome::Executed), Just(Outcome::Expired), Just(Outcome::None)],
        refused in option::of((option::of(id()), ".{0,30}")),
        clock in prop_oneof![Just(Clock::Synced), Just(Clock::Unsynced)],
        (firmware, rssi) in (option::of(".{0,10}"), option::of(-1_000..1_000_i64)),
        door in option::of(prop_oneof![Just(Door::Open), Just(Door::Closed)]),
        report_id in option::of((number(), number(), option::of(any::<u32>()))),
        (clock_uncertainty_ms, relock_ms) in (option::of(number()), option::of(number())),
        pulse_ms in option::of(number()),
        settings in option::of(select(&["stated", "kept", "of a later release"])),
    ) -> Report {
        let report_id = report_id
            .map(|(boot_count, counter, checksum)| ReportId { boot_count, counter, checksum });
        let refused = refused.map(|(command_id, reason)| RefusedCommand { command_id, reason });
        let settings = settings.map(|word| Settings::from(word.to_owned()));
        Report {
            lock, version: Version(version), command_id, result, source, refused, boot_count, clock,
            clock_uncertainty_ms,
            firmware, rssi, door, settings, relock_ms, pulse_ms, report_id,
        }
    }
}

prop_compose! {
    fn command()(
        id in id(),
        action in prop_oneof![Just(Action::Lock), Just(Action::Unlock)],
        cause in prop_oneof![
            button().prop_map(|button| Cause::Button { button }),
            option::of(".{0,20}").prop_map(|actor| Cause::Request { actor }),
            "[a-z-]{0,20}".prop_map(|reason| Cause::System { reason }),
        ],
        (created_at, expires_at, next_send_at) in (millis(), option::of(millis()), millis()),
        (attempts, system_locks, jams) in (any::<u32>(), any::<u32>(), 0..4_u32),
    ) -> Command {
        Command {
            id, action, cause, created_at, expires_at, attempts, next_send_at, system_locks, jams,
        }
    }
}

prop_compose! {
    pub fn record()(
        (lock, version, state, due_at) in (lock(), number(), latch(), millis()),
        [bound_at, door_since, left_open_alerted] in
            proptest::array::uniform(option::of(millis())),
        status in select(&[Status::Settled, Status::Pending, Status::Unresponsive]),
        command in option::of(command().boxed()),
        reported in option::of((report().boxed(), number(), number(), millis())),
    ) -> Record {
        let due = Due::new(&lock, due_at);
        let reported = reported.map(|(report, shadow_version, shadow_at, at)| Reported {
            report, shadow_version, shadow_at: UnixSeconds(shadow_at), at,
        });
        Record {
            lock, version: Version(version), state, status, command, reported, bound_at,
            door_since, left_open_alerted, due,
        }
    }
}

fn intent() -> impl Strategy<Value = Intent> {
    prop_oneof![
        Just(Intent::Lock),
        Just(Intent::Unlock),
        Just(Intent::Toggle)
    ]
}

fn click() -> impl Strategy<Value = ClickType> {
    prop_oneof![
        Just(ClickType::Single),
        Just(ClickType::Double),
        Just(ClickType::Long)
    ]
}

prop_compose! {
    pub fn binding()(
        (button, lock) in (button(), option::of(lock())),
        bound_at in option::of(millis()),
        actions in proptest::collection::btree_map(click(), intent(), 0..4),
        (enabled, revision, battery_mv) in (any::<bool>(), number(), option::of(number())),
        last_press in option::of((".{0,40}", millis(), option::of(number()))),
        caused in option::of(number()),
    ) -> Binding {
        let command = caused.map(|version| CausedCommand {
            version: Version(version),
            action: Action::Lock,
        });
        let last_press = last_press.map(|(press_id, at, sequence)| LastPress {
            press_id, at, sequence, command,
        });
        let actions = Actions(actions);
        Binding { button, lock, actions, enabled, revision, bound_at, last_press, battery_mv }
    }
}

prop_compose! {
    pub fn event()(
        subject in prop_oneof![lock().prop_map(Subject::Lock), button().prop_map(Subject::Button)],
        kind in select(&[Kind::Press, Kind::Request, Kind::Report, Kind::Sweep, Kind::Bind]),
        decision in select(&[
            Verdict::Command, Verdict::Resend, Verdict::Ignored, Verdict::Refused, Verdict::GivenUp,
        ]),
        reason in 0..Reason::ALL.len(),
        (at, key, detail) in (millis(), ".{1,40}", option::of(".{0,40}")),
        (button, click) in (option::of(button()), option::of(click())),
        (sequence, intent) in (option::of(number()), option::of(intent())),
        (actor, principal) in (option::of(".{0,20}"), option::of(".{0,20}")),
        (version, command_id) in (option::of(number()), option::of(id())),
        (latch, was, source) in (option::of(latch()), option::of(latch()), option::of(source())),
        (door, since) in (option::of(select(&[Door::Open, Door::Closed])), option::of(millis())),
        (count, last_key) in (option::of(any::<u32>()), option::of(".{1,40}")),
        last_at in option::of(millis()),
    ) -> Event {
        Event {
            decision, reason: Reason::ALL[reason].clone(), button, click, sequence, intent, actor,
            principal, version: version.map(Version), command_id, latch, was, source, door, since,
            detail, count, last_key, last_at,
            ..Event::new(subject, kind, at, key, &Limits::default())
        }
    }
}
