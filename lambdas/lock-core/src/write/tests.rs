//! Each condition of a write alone, and each part that it changes.

mod binding;
mod record;

use self::binding::binding;
use self::record::record;
use super::*;
use crate::action::{Action, ClickType, Intent};
use crate::binding::Actions;
use crate::id::CommandId;
use crate::record::Cause;
use crate::report::{Clock, Outcome, Report, Source};

fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

/// A change of an item since it was read.
type Change<T> = fn(&mut T);

#[test]
fn a_decision_is_an_event_alone_while_nothing_else_is_written() {
    let event = Event::of_sweep(&record(), UnixMillis(0), &crate::limits::Limits::default());
    let line = Writes::event_only(event.clone());
    assert!(line.is_event_only());
    let due = record().due;
    let other = OtherLock {
        record: RecordUpdate::new(&record(), due),
        event,
    };
    let request = RequestMark {
        request_id: "r1".to_owned(),
        lock: lock(),
        at: UnixMillis(1),
        ttl: UnixSeconds(2),
    };
    for writes in [
        Writes {
            binding: Some(BindingWrite::Create(binding())),
            ..line.clone()
        },
        Writes {
            record: Some(RecordWrite::Create(record())),
            ..line.clone()
        },
        Writes {
            other: Some(other),
            ..line.clone()
        },
        Writes {
            request: Some(request),
            ..line
        },
    ] {
        assert!(!writes.is_event_only(), "{writes:?}");
    }
}
