//! Each condition as a sentence about the case, independent of the core's data and the store's
//! expressions.
//!
//! Must not know: how the core or the store expresses a condition.

use lock_core::binding::{Binding, LastPress};
use lock_core::record::{Record, Reported};
use lock_core::write::{
    BatteryGuard, BindingChange, BindingUpdate, BindingWrite, Guard, LastGuard, Newer, PressNote,
    RecordWrite, ShadowGuard,
};

use crate::write::Case;

/// What a condition is on.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    Request,
    Binding,
    Record,
    Other,
}

/// A condition: whether it holds in this case; `None` where the writes do not have it.
pub type Holds = fn(&Case) -> Option<bool>;

/// Every condition of every write, in the order in which a refused commit names them.
pub const CONDITIONS: [(&str, Part, Holds); 21] = [
    ("no mark of the request", Part::Request, |case| {
        case.writes.request.as_ref()?;
        Some(case.table.request.is_none())
    }),
    ("no binding", Part::Binding, |case| {
        match case.writes.binding.as_ref()? {
            BindingWrite::Create(_) => Some(case.table.binding.is_none()),
            BindingWrite::Update(_) => None,
        }
    }),
    ("a binding", Part::Binding, |case| {
        match case.writes.binding.as_ref()? {
            BindingWrite::Create(_) => None,
            BindingWrite::Update(_) => Some(case.table.binding.is_some()),
        }
    }),
    ("binding enabled", Part::Binding, |case| {
        let (update, binding) = bound(case)?;
        match update.change {
            BindingChange::Bind(_) => None,
            _ => Some(binding.enabled),
        }
    }),
    ("binding's revision as read", Part::Binding, |case| {
        let (update, binding) = bound(case)?;
        Some(update.revision == binding.revision)
    }),
    ("a larger sequence", Part::Binding, |case| {
        let (note, last) = noted(case)?;
        let Newer::Sequence(sequence) = note.newer else {
            return None;
        };
        let largest = last.and_then(|last| last.sequence);
        Some(largest.is_none() || largest < Some(sequence))
    }),
    ("the quiet window over", Part::Binding, |case| {
        let (note, last) = noted(case)?;
        let Newer::LastAtMost(at) = note.newer else {
            return None;
        };
        Some(last.is_none_or(|last| last.at <= at))
    }),
    ("the largest sequence as kept", Part::Binding, |case| {
        let (note, last) = noted(case)?;
        let Newer::LastAtMost(_) = note.newer else {
            return None;
        };
        Some(last.and_then(|last| last.sequence) == note.last_press.sequence)
    }),
    ("battery as read, for its alert", Part::Binding, |case| {
        let (note, _) = noted(case)?;
        let (_, binding) = bound(case)?;
        let BatteryGuard(seen_mv) = note.battery_guard?;
        Some(binding.battery_mv == seen_mv)
    }),
    ("last press as read, for its age", Part::Binding, |case| {
        let (note, last) = noted(case)?;
        let LastGuard(at) = note.last_guard?;
        Some(last.map(|last| last.at) == at)
    }),
    ("no record", Part::Record, |case| {
        match case.writes.record.as_ref()? {
            RecordWrite::Create(_) => Some(case.table.record.is_none()),
            RecordWrite::Update(_) | RecordWrite::Delete(_) => None,
        }
    }),
    ("a record", Part::Record, |case| {
        match case.writes.record.as_ref()? {
            RecordWrite::Create(_) => None,
            RecordWrite::Update(_) | RecordWrite::Delete(_) => Some(case.table.record.is_some()),
        }
    }),
    ("version as read", Part::Record, |case| {
        let (guard, record) = guarded(case)?;
        Some(guard.version == record.version)
    }),
    ("status as read", Part::Record, |case| {
        let (guard, record) = guarded(case)?;
        Some(guard.status == record.status)
    }),
    ("latch as read", Part::Record, |case| {
        let (guard, record) = guarded(case)?;
        Some(guard.state? == record.state)
    }),
    ("next send as read", Part::Record, |case| {
        let (guard, record) = guarded(case)?;
        let at = guard.next_send_at?;
        let next = record.command.as_ref().map(|command| command.next_send_at);
        Some(next == Some(at))
    }),
    ("due time as read", Part::Record, |case| {
        let (guard, record) = guarded(case)?;
        Some(guard.due_at? == record.due.due_at)
    }),
    ("the report used before this one", Part::Record, |case| {
        let (guard, record) = guarded(case)?;
        let last: Option<&Reported> = record.reported.as_ref();
        Some(match guard.shadow.as_ref()? {
            ShadowGuard::Below(version) => {
                last.is_none() || last.unwrap().shadow_version < *version
            }
            ShadowGuard::Last(read) => last == Some(&**read),
        })
    }),
    ("no button bound since", Part::Record, |case| {
        match case.writes.record.as_ref()? {
            RecordWrite::Delete(delete) => {
                Some(delete.bound_at == case.table.record.as_ref()?.bound_at)
            }
            RecordWrite::Create(_) | RecordWrite::Update(_) => None,
        }
    }),
    ("the other lock's record", Part::Other, |case| {
        case.writes.other.as_ref()?;
        Some(case.table.other.is_some())
    }),
    ("the other lock as read", Part::Other, |case| {
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
