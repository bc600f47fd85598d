//! Random writes of decisions, made on what was read before the table changed.
//!
//! Must not know: which conditions a write has.

use lock_core::binding::{Binding, LastPress};
use lock_core::command::Version;
use lock_core::event::{Event, Kind, Subject};
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::record::Record;
use lock_core::time::UnixMillis;
use lock_core::write::{
    BatteryGuard, Bind, BindingChange, BindingUpdate, BindingWrite, Guard, LastGuard, Newer,
    OtherLock, PressNote, RecordDelete, RecordUpdate, RecordWrite, ShadowGuard, Writes,
};
use proptest::bool::weighted;
use proptest::option;
use proptest::prelude::*;

use crate::item::{
    Table, actions, binding, changed_binding, changed_record, changes, command, due, last_press,
    latch, lock, millis, other_lock, record, reported, request, small, status,
};

/// One try: what the table holds, and what a decision wants to write.
#[derive(Debug, Clone)]
pub struct Case {
    /// The table before the commit.
    pub table: Table,
    /// The decision's writes.
    pub writes: Writes,
}

/// The line of every case in a lock's history; its key is always the same.
pub fn line(lock: LockName) -> Event {
    Event::new(
        Subject::Lock(lock),
        Kind::Press,
        UnixMillis(1_000),
        "line".to_owned(),
        &Limits::default(),
    )
}

/// A guard as a decision on `seen` may make it.
fn guard(seen: Record) -> impl Strategy<Value = Guard> {
    let shadow = match seen.reported.clone() {
        None => small().prop_map(ShadowGuard::Below).boxed(),
        Some(last) => prop_oneof![
            small().prop_map(ShadowGuard::Below),
            Just(ShadowGuard::Last(Box::new(last)))
        ]
        .boxed(),
    };
    let next_send_at = seen.command.as_ref().map(|command| command.next_send_at);
    let (state, next_send, due) = (weighted(0.7), weighted(0.7), weighted(0.7));
    let parts = (state, option::of(shadow), next_send, due);
    parts.prop_map(move |(state, shadow, next_send, due)| Guard {
        state: state.then_some(seen.state),
        shadow,
        next_send_at: next_send_at.filter(|_| next_send),
        due_at: due.then_some(seen.due.due_at),
        ..Guard::of(&seen)
    })
}

fn record_update(seen: Record) -> impl Strategy<Value = RecordWrite> {
    let parts = (
        option::of(small().prop_map(Version)),
        option::of(status()),
        option::of(latch()),
        option::of(command()),
        option::of(reported()),
        option::of(millis()),
        [option::of(millis()), option::of(millis())],
        due(),
    );
    (guard(seen), parts).prop_map(|(guard, parts)| {
        let (version, status, state, command, reported, bound_at, door, due) = parts;
        let [door_since, left_open_alerted] = door;
        RecordWrite::Update(RecordUpdate {
            lock: lock(),
            guard,
            version,
            status,
            state,
            command,
            reported,
            bound_at,
            door_since,
            left_open_alerted,
            due,
        })
    })
}

fn record_delete(seen: Record) -> impl Strategy<Value = RecordWrite> {
    let bound_at = prop_oneof![3 => Just(seen.bound_at), 1 => option::of(millis())];
    (guard(seen), bound_at).prop_map(|(guard, bound_at)| {
        RecordWrite::Delete(RecordDelete {
            lock: lock(),
            guard,
            bound_at,
        })
    })
}

fn press_note(seen: &Binding) -> impl Strategy<Value = BindingChange> + use<> {
    let sequence = seen.last_press.as_ref().and_then(|last| last.sequence);
    let kept = prop_oneof![2 => Just(sequence), 1 => option::of(small())];
    let battery = prop_oneof![2 => Just(seen.battery_mv), 1 => option::of(small())];
    let guard = option::weighted(0.5, battery.prop_map(BatteryGuard));
    let at = seen.last_press.as_ref().map(|last| last.at);
    let at = prop_oneof![2 => Just(at), 1 => option::of(millis())];
    let last_guard = option::weighted(0.5, at.prop_map(LastGuard));
    let newer = prop_oneof![
        small().prop_map(Newer::Sequence),
        millis().prop_map(Newer::LastAtMost)
    ];
    let guards = (guard, last_guard);
    (newer, last_press(), kept, option::of(small()), guards).prop_map(
        |(newer, last_press, kept, battery_mv, (battery_guard, last_guard))| {
            BindingChange::Note(PressNote {
                newer,
                last_press: LastPress {
                    sequence: match newer {
                        Newer::Sequence(sequence) => Some(sequence),
                        Newer::LastAtMost(_) => kept,
                    },
                    ..last_press
                },
                battery_mv,
                battery_guard,
                last_guard,
            })
        },
    )
}

fn bind() -> impl Strategy<Value = BindingChange> {
    let lock = option::of(Just(other_lock()));
    (lock, actions(), millis(), any::<bool>()).prop_map(|(lock, actions, at, forget_last_press)| {
        BindingChange::Bind(Bind {
            lock,
            actions,
            at,
            forget_last_press,
        })
    })
}

fn binding_update(seen: Binding) -> impl Strategy<Value = BindingWrite> {
    let change = prop_oneof![
        1 => Just(BindingChange::Nothing),
        1 => Just(BindingChange::Disable(UnixMillis(3))),
        1 => bind(),
        5 => press_note(&seen),
    ];
    change.prop_map(move |change| BindingWrite::Update(BindingUpdate::new(&seen, change)))
}

/// Another lock's record, as read, gets a new time at which a button was bound to it.
fn other(seen: Record) -> impl Strategy<Value = OtherLock> {
    (millis(), due()).prop_map(move |(bound_at, due)| OtherLock {
        record: RecordUpdate {
            bound_at: Some(bound_at),
            ..RecordUpdate::new(&seen, due)
        },
        event: line(other_lock()),
    })
}

/// What a decision does to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    Create,
    Update,
    Delete,
}

impl Does {
    /// How probable it is that the item is there.
    fn there(self) -> f64 {
        match self {
            Self::Create => 0.4,
            Self::Update | Self::Delete => 0.95,
        }
    }
}

/// What was read, before the table changed.
#[derive(Debug, Clone)]
struct Seen {
    record: Record,
    other: Record,
    binding: Binding,
}

prop_compose! {
    fn read_and_changed(to_record: Does, to_binding: Does)(
        [record, new_record] in [record(lock()).boxed(), record(lock()).boxed()],
        [other, new_other] in [record(other_lock()).boxed(), record(other_lock()).boxed()],
        [binding, new_binding] in [binding().boxed(), binding().boxed()],
        (record_changes, other_changes, binding_changes) in (changes(), changes(), changes()),
        has_record in weighted(to_record.there()),
        has_binding in weighted(to_binding.there()),
        has_other in weighted(0.8),
        request in option::weighted(0.3, request()),
        listed in any::<[bool; 2]>(),
    ) -> (Seen, Table) {
        let table = Table {
            record: has_record.then(|| changed_record(&record, new_record, record_changes)),
            other: has_other.then(|| changed_record(&other, new_other, other_changes)),
            binding: has_binding.then(|| changed_binding(&binding, new_binding, binding_changes)),
            request,
            listed,
        };
        (Seen { record, other, binding }, table)
    }
}

/// How probable each of the writes is: binding, record, other record, request's mark.
type Mix = [f64; 4];

fn case_of(to_record: Does, to_binding: Does, mix: Mix) -> impl Strategy<Value = Case> {
    let read = read_and_changed(to_record, to_binding).boxed();
    read.prop_flat_map(move |(seen, table)| {
        let binding_write = match to_binding {
            Does::Create => Just(BindingWrite::Create(seen.binding)).boxed(),
            Does::Update | Does::Delete => binding_update(seen.binding).boxed(),
        };
        let record_write = match to_record {
            Does::Create => Just(RecordWrite::Create(seen.record)).boxed(),
            Does::Update => record_update(seen.record).boxed(),
            Does::Delete => record_delete(seen.record).boxed(),
        };
        let writes = (
            option::weighted(mix[0], binding_write),
            option::weighted(mix[1], record_write),
            option::weighted(mix[2], other(seen.other).boxed()),
            option::weighted(mix[3], request()),
        );
        writes.prop_map(move |(binding, record, other, request)| Case {
            table: table.clone(),
            writes: Writes {
                binding,
                record,
                other,
                request,
                event: line(lock()),
            },
        })
    })
}

/// A table, and the writes of a decision made on it shortly before. Half of the cases write mostly
/// one item, so that one condition decides.
pub fn case() -> impl Strategy<Value = Case> {
    let to_record = prop_oneof![
        1 => Just(Does::Create),
        5 => Just(Does::Update),
        3 => Just(Does::Delete),
    ];
    let to_binding = prop_oneof![
        1 => Just(Does::Create),
        6 => Just(Does::Update),
    ];
    let mix = prop_oneof![
        4 => Just([0.5, 0.7, 0.4, 0.3]),
        2 => Just([0.95, 0.05, 0.05, 0.05]),
        2 => Just([0.05, 0.95, 0.05, 0.05]),
    ];
    (to_record, to_binding, mix)
        .prop_flat_map(|(record, binding, mix)| case_of(record, binding, mix).boxed())
}
