//! Each condition as a sentence about the case, independent of the core's data and the store's
//! expressions.
//!
//! Must not know: how the core or the store expresses a condition.

use lock_aws::Conflict;
use lock_core::binding::{Binding, LastPress};
use lock_core::record::{Record, Reported};
use lock_core::write::{
    BatteryGuard, BindingChange, BindingUpdate, BindingWrite, Guard, Newer, PressNote, RecordWrite,
    ShadowGuard,
};

use crate::write::Case;

/// A condition: whether it holds in this case; `None` where the writes do not have it.
pub type Holds = fn(&Case) -> Option<bool>;

/// Every condition of every write, in the order in which a refused commit names them.
pub const CONDITIONS: [(&str, Conflict, Holds); 20] = [
    ("no mark of the request", Conflict::Request, |case| {
        case.writes.request.as_ref()?;
        Some(case.table.request.is_none())
    }),
    ("no binding", Conflict::Binding, |case| {
        match case.writes.binding.as_ref()? {
            BindingWrite::Create(_) => Some(case.table.binding.is_none()),
            BindingWrite::Update(_) => None,
        }
    }),
    ("a binding", Conflict::Binding, |case| {
        match case.writes.binding.as_ref()? {
            BindingWrite::Create(_) => None,
            BindingWrite::Update(_) => Some(case.table.binding.is_some()),
        }
    }),
    ("binding enabled", Conflict::Binding, |case| {
        let (update, binding) = bound(case)?;
        match update.change {
            BindingChange::Bind(_) => None,
            _ => Some(binding.enabled),
        }
    }),
    ("binding's revision as read", Conflict::Binding, |case| {
        let (update, binding) = bound(case)?;
        Some(update.revision == binding.revision)
    }),
    ("a larger sequence", Conflict::Binding, |case| {
        let (note, last) = noted(case)?;
        let Newer::Sequence(sequence) = note.newer else {
            return None;
        };
        let largest = last.and_then(|last| last.sequence);
        Some(largest.is_none() || largest < Some(sequence))
    }),
    ("the quiet window over", Conflict::Binding, |case| {
        let (note, last) = noted(case)?;
        let Newer::LastAtMost(at) = note.newer else {
            return None;
        };
        Some(last.is_none_or(|last| last.at <= at))
    }),
    ("the largest sequence as kept", Conflict::Binding, |case| {
        let (note, last) = noted(case)?;
        let Newer::LastAtMost(_) = note.newer else {
            return None;
        };
        Some(last.and_then(|last| last.sequence) == note.last_press.sequence)
    }),
    (
        "battery as read, for its alert",
        Conflict::Binding,
        |case| {
            let (note, _) = noted(case)?;
            let (_, binding) = bound(case)?;
            let BatteryGuard(seen_mv) = note.battery_guard?;
            Some(binding.battery_mv == seen_mv)
        },
    ),
    ("no record", Conflict::Record, |case| {
        match case.writes.record.as_ref()? {
            RecordWrite::Create(_) => Some(case.table.record.is_none()),
            RecordWrite::Update(_) | RecordWrite::Delete(_) => None,
        }
    }),
    ("a record", Conflict::Record, |case| {
        match case.writes.record.as_ref()? {
            RecordWrite::Create(_) => None,
            RecordWrite::Update(_) | RecordWrite::Delete(_) => Some(case.table.record.is_some()),
        }
    }),
    ("version as read", Conflict::Record, |case| {
        let (guard, record) = guarded(case)?;
        Some(guard.version == record.version)
    }),
    ("status as read", Conflict::Record, |case| {
        let (guard, record) = guarded(case)?;
        Some(guard.status == record.status)
    }),
    ("latch as read", Conflict::Record, |case| {
        let (guard, record) = guarded(case)?;
        Some(guard.state? == record.state)
    }),
    ("next send as read", Conflict::Record, |case| {
        let (guard, record) = guarded(case)?;
        let at = guard.next_send_at?;
        let next = record.command.as_ref().map(|command| command.next_send_at);
        Some(next == Some(at))
    }),
    ("due time as read", Conflict::Record, |case| {
        let (guard, record) = guarded(case)?;
        Some(guard.due_at? == record.due.due_at)
    }),
    (
        "the report used before this one",
        Conflict::Record,
        |case| {
            let (guard, record) = guarded(case)?;
            let last: Option<&Reported> = record.reported.as_ref();
            Some(match guard.shadow.as_ref()? {
                ShadowGuard::Below(version) => {
                    last.is_none() || last.unwrap().shadow_version < *version
                }
                ShadowGuard::Last(read) => last == Some(&**read),
            })
        },
    ),
    (
        "no button bound since",
        Conflict::Record,
        |case| match case.writes.record.as_ref()? {
            RecordWrite::Delete(delete) => {
                Some(delete.bound_at == case.table.record.as_ref()?.bound_at)
            }
            RecordWrite::Create(_) | RecordWrite::Update(_) => None,
        },
    ),
    ("the other lock's record", Conflict::Record, |case| {
        case.writes.other.as_ref()?;
        Some(case.table.other.is_some())
    }),
    ("the other lock as read", Conflict::Record, |case| {
        let guard = &case.writes.other.as_ref()?.record.guard;
        let record = case.table.other.as_ref()?;
        Some((guard.version, guard.status) == (record.version, record.status))
    }),
];

fn bound(case: &Case) -> Option<(&BindingUpdate, &Binding)> {
    match case.writes.binding.as_ref()? {
        BindingWrite::Create(_) => None,
        BindingWrite::Update(update) => Some((update, case.table.binding.as_ref()?)),
    }
}

fn noted(case: &Case) -> Option<(&PressNote, Option<&LastPress>)> {
    let (update, binding) = bound(case)?;
    match &update.change {
        BindingChange::Note(note) => Some((note, binding.last_press.as_ref())),
        _ => None,
    }
}

fn guarded(case: &Case) -> Option<(&Guard, &Record)> {
    let guard = match case.writes.record.as_ref()? {
        RecordWrite::Create(_) => return None,
        RecordWrite::Update(update) => &update.guard,
        RecordWrite::Delete(delete) => &delete.guard,
    };
    Some((guard, case.table.record.as_ref()?))
}
