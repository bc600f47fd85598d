//! Random items, from value spaces so small that equal and unequal are both common.
//!
//! Must not know: what is written.

use lock_core::action::{Action, ClickType, Intent};
use lock_core::binding::{Actions, Binding, CausedCommand, LastPress};
use lock_core::command::Version;
use lock_core::id::CommandId;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::{Cause, Command, Due, Record, Reported, Status};
use lock_core::report::{Clock, Latch, Outcome, Report, Source};
use lock_core::time::{UnixMillis, UnixSeconds};
use lock_core::write::RequestMark;
use proptest::bool::weighted;
use proptest::option;
use proptest::prelude::*;

/// What the table holds of a lock, another lock, one button and one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// The lock's record, if it has one.
    pub record: Option<Record>,
    /// The other lock's record, if it has one.
    pub other: Option<Record>,
    /// The button's binding, if it has one.
    pub binding: Option<Binding>,
    /// The request's mark, if it has acted.
    pub request: Option<RequestMark>,
    /// Whether lock and button are in the list of registered things.
    pub listed: [bool; 2],
}

pub fn lock() -> LockName {
    LockName::new("lock-1").expect("a good name")
}

pub fn other_lock() -> LockName {
    LockName::new("lock-2").expect("a good name")
}

pub fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").expect("a good name")
}

pub fn small() -> impl Strategy<Value = u64> + Clone {
    1..4_u64
}

pub fn millis() -> impl Strategy<Value = UnixMillis> + Clone {
    small().prop_map(UnixMillis)
}

pub fn status() -> impl Strategy<Value = Status> {
    prop_oneof![
        Just(Status::Settled),
        Just(Status::Pending),
        Just(Status::Unresponsive)
    ]
}

pub fn latch() -> impl Strategy<Value = Latch> {
    prop_oneof![
        Just(Latch::Locked),
        Just(Latch::Unlocked),
        Just(Latch::Unknown)
    ]
}

pub fn due() -> impl Strategy<Value = Due> {
    millis().prop_map(|at| Due::new(&lock(), at))
}

prop_compose! {
    pub fn command()(
        id in prop_oneof![Just("a"), Just("b")],
        unlock in any::<bool>(),
        (created_at, next_send_at) in (millis(), millis()),
        attempts in 1..3_u32,
        jams in 0..2_u32,
    ) -> Command {
        let action = if unlock { Action::Unlock } else { Action::Lock };
        let expires_at = unlock.then(|| created_at.plus(10));
        let cause = Cause::Button { button: button() };
        Command {
            attempts,
            next_send_at,
            jams,
            ..Command::new(CommandId::from_text(id), action, cause, created_at, expires_at)
        }
    }
}

prop_compose! {
    pub fn reported()(
        lock in latch(),
        (version, shadow_version, shadow_at) in (small(), small(), small()),
        at in millis(),
        command_id in option::of(Just(CommandId::from_text("a"))),
    ) -> Reported {
        let report = Report {
            lock,
            version: Version(version),
            command_id,
            result: Outcome::Executed,
            source: Source::Remote,
            refused: None,
            boot_count: 1,
            clock: Clock::Synced,
            clock_uncertainty_ms: None,
            firmware: None,
            rssi: None,
            door: None,
            settings: None,
            relock_ms: None,
            pulse_ms: None,
            report_id: None,
        };
        Reported { report, shadow_version, shadow_at: UnixSeconds(shadow_at), at }
    }
}

prop_compose! {
    /// A record of that lock.
    pub fn record(lock: LockName)(
        version in small(),
        (state, status, due) in (latch(), status(), due()),
        command in option::weighted(0.9, command()),
        reported in option::weighted(0.8, reported()),
        bound_at in option::of(millis()),
        (door_since, left_open_alerted) in (option::of(millis()), option::of(millis())),
    ) -> Record {
        Record {
            lock: lock.clone(),
            version: Version(version),
            state,
            status,
            command,
            reported,
            bound_at,
            door_since,
            left_open_alerted,
            due,
        }
    }
}

/// What the clicks of a button ask for.
pub fn actions() -> impl Strategy<Value = Actions> {
    prop_oneof![
        Just(Actions([(ClickType::Single, Intent::Toggle)].into())),
        Just(Actions(
            [
                (ClickType::Single, Intent::Lock),
                (ClickType::Long, Intent::Unlock)
            ]
            .into()
        ))
    ]
}

prop_compose! {
    pub fn last_press()(
        press_id in prop_oneof![Just("p1"), Just("p2")],
        at in millis(),
        sequence in option::of(small()),
        caused in option::of(small()),
    ) -> LastPress {
        let command = caused.map(|version| CausedCommand {
            version: Version(version),
            action: Action::Unlock,
        });
        LastPress { press_id: press_id.to_owned(), at, sequence, command }
    }
}

prop_compose! {
    pub fn binding()(
        enabled in weighted(0.7),
        revision in small(),
        last_press in option::weighted(0.8, last_press()),
        battery_mv in option::of(small()),
        (lock, bound_at, actions) in (option::of(Just(lock())), option::of(millis()), actions()),
    ) -> Binding {
        let button = button();
        Binding { button, lock, actions, enabled, revision, bound_at, last_press, battery_mv }
    }
}

prop_compose! {
    pub fn request()(at in millis(), ttl in small()) -> RequestMark {
        RequestMark { request_id: "request-1".to_owned(), lock: lock(), at, ttl: UnixSeconds(ttl) }
    }
}

/// Which parts of an item another writer has changed since it was read: none, one or some, so that
/// often one condition alone fails.
pub fn changes<const N: usize>() -> impl Strategy<Value = [bool; N]> {
    prop_oneof![
        2 => Just([false; N]),
        6 => (0..N).prop_map(|changed| std::array::from_fn(|part| part == changed)),
        1 => proptest::array::uniform(weighted(0.4)),
    ]
}

/// `seen` with the parts marked in `changed` replaced by those of `other`.
pub fn changed_record(seen: &Record, other: Record, changed: [bool; 8]) -> Record {
    let [
        version,
        state,
        status,
        command,
        reported,
        bound_at,
        door,
        due,
    ] = changed;
    let mut record = seen.clone();
    if version {
        record.version = other.version;
    }
    if state {
        record.state = other.state;
    }
    if status {
        record.status = other.status;
    }
    if command {
        record.command = other.command;
    }
    if reported {
        record.reported = other.reported;
    }
    if bound_at {
        record.bound_at = other.bound_at;
    }
    if door {
        record.door_since = other.door_since;
        record.left_open_alerted = other.left_open_alerted;
    }
    if due {
        record.due = other.due;
    }
    record
}

/// `seen` with the parts marked in `changed` replaced by those of `other`.
pub fn changed_binding(seen: &Binding, other: Binding, changed: [bool; 4]) -> Binding {
    let [enabled, revision, last_press, battery] = changed;
    let mut binding = seen.clone();
    if enabled {
        binding.enabled = other.enabled;
    }
    if revision {
        binding.revision = other.revision;
    }
    if last_press {
        binding.last_press = other.last_press;
    }
    if battery {
        binding.battery_mv = other.battery_mv;
    }
    binding
}
