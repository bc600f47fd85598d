//! The conditions of a write to a record, and the fields that it changes.

use super::*;

fn command(next_send_at: u64) -> Command {
    Command {
        next_send_at: UnixMillis(next_send_at),
        ..Command::new(
            CommandId::from_text("c1"),
            Action::Lock,
            Cause::Request { actor: None },
            UnixMillis(500),
            None,
        )
    }
}

fn reported(shadow_version: u64) -> Reported {
    Reported {
        report: Report {
            lock: Latch::Locked,
            version: Version(7),
            command_id: None,
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
        },
        shadow_version,
        shadow_at: UnixSeconds(1),
        at: UnixMillis(900),
    }
}

/// The record as read: pending and locked at v7, next send at 1,500 ms, due at 1,400 ms, shadow
/// version 10.
pub(super) fn record() -> Record {
    Record {
        version: Version(7),
        state: Latch::Locked,
        status: Status::Pending,
        command: Some(command(1_500)),
        reported: Some(reported(10)),
        ..Record::created(lock(), UnixMillis(0))
    }
    .due_at(1_400)
}

impl Record {
    fn due_at(self, at: u64) -> Self {
        Self {
            due: Due::new(&self.lock, UnixMillis(at)),
            ..self
        }
    }
}

#[test]
fn each_condition_on_a_record_alone_refuses() {
    let guard_with = |change: Change<Guard>| {
        let mut guard = Guard::of(&record());
        change(&mut guard);
        guard
    };
    let (plain, latch) = (
        guard_with(|_| {}),
        guard_with(|g| g.state = Some(Latch::Locked)),
    );
    let next_send = guard_with(|g| g.next_send_at = Some(UnixMillis(1_500)));
    let due = guard_with(|g| g.due_at = Some(UnixMillis(1_400)));
    let below = guard_with(|g| g.shadow = Some(ShadowGuard::Below(11)));
    let last = guard_with(|g| g.shadow = Some(ShadowGuard::Last(Box::new(reported(10)))));
    let rows: [(&str, &Guard, Change<Record>, bool); 26] = [
        ("as read", &plain, |_| {}, true),
        (
            "version moved on",
            &plain,
            |r| r.version = Version(8),
            false,
        ),
        (
            "version restored",
            &plain,
            |r| r.version = Version(6),
            false,
        ),
        (
            "status changed",
            &plain,
            |r| r.status = Status::Settled,
            false,
        ),
        ("latch moved", &plain, |r| r.state = Latch::Unlocked, true),
        (
            "sent again",
            &plain,
            |r| r.command = Some(command(3_500)),
            true,
        ),
        (
            "reported",
            &plain,
            |r| r.reported = Some(reported(11)),
            true,
        ),
        (
            "due later",
            &plain,
            |r| r.due.due_at = UnixMillis(9_000),
            true,
        ),
        ("as read", &latch, |_| {}, true),
        ("latch moved", &latch, |r| r.state = Latch::Unlocked, false),
        ("as read", &next_send, |_| {}, true),
        (
            "sent again",
            &next_send,
            |r| r.command = Some(command(3_500)),
            false,
        ),
        ("no command", &next_send, |r| r.command = None, false),
        ("as read", &due, |_| {}, true),
        (
            "due later",
            &due,
            |r| r.due.due_at = UnixMillis(9_000),
            false,
        ),
        ("as read", &below, |_| {}, true),
        ("never reported", &below, |r| r.reported = None, true),
        (
            "reported this one",
            &below,
            |r| r.reported = Some(reported(11)),
            false,
        ),
        (
            "reported a later one",
            &below,
            |r| r.reported = Some(reported(12)),
            false,
        ),
        ("as read", &last, |_| {}, true),
        ("never reported", &last, |r| r.reported = None, false),
        (
            "reported another",
            &last,
            |r| r.reported = Some(reported(9)),
            false,
        ),
        (
            "reported another with this shadow version",
            &last,
            |r| r.reported.as_mut().unwrap().report.boot_count = 2,
            false,
        ),
        (
            "used at a different time",
            &last,
            |r| r.reported.as_mut().unwrap().at.0 += 1,
            false,
        ),
        ("version moved on", &last, |r| r.version = Version(8), false),
        (
            "status changed",
            &due,
            |r| r.status = Status::Settled,
            false,
        ),
    ];
    for (name, guard, change, admitted) in rows {
        let mut record = record();
        change(&mut record);
        assert_eq!(guard.admits(&record), admitted, "{name}: {guard:?}");
    }
}

#[test]
fn an_update_changes_the_given_fields_and_no_others() {
    let before = Record {
        bound_at: Some(UnixMillis(500)),
        ..record()
    };
    let due = before.due.clone();
    assert_eq!(RecordUpdate::new(&before, due).apply(&before), before);
    let update = RecordUpdate {
        version: Some(Version(8)),
        status: Some(Status::Settled),
        state: Some(Latch::Unlocked),
        command: Some(command(2_000)),
        reported: Some(reported(11)),
        bound_at: Some(UnixMillis(600)),
        door_since: Some(UnixMillis(700)),
        left_open_alerted: Some(UnixMillis(800)),
        ..RecordUpdate::new(&before, Due::new(&lock(), UnixMillis(2_000)))
    };
    let after = Record {
        version: Version(8),
        status: Status::Settled,
        state: Latch::Unlocked,
        command: Some(command(2_000)),
        reported: Some(reported(11)),
        bound_at: Some(UnixMillis(600)),
        door_since: Some(UnixMillis(700)),
        left_open_alerted: Some(UnixMillis(800)),
        ..record().due_at(2_000)
    };
    assert_eq!(update.apply(&before), after);
    let written = |record: &Record| Written::Record(Box::new(record.clone()));
    let write = RecordWrite::Update(update);
    assert_eq!(write.apply(Some(&before)), written(&after));
    assert_eq!(write.apply(Some(&after)), Written::Conflict, "not twice");
    assert_eq!(write.apply(None), Written::Conflict, "no record to update");
    let create = RecordWrite::Create(after.clone());
    assert_eq!(create.apply(None), written(&after));
    assert_eq!(
        create.apply(Some(&before)),
        Written::Conflict,
        "a create never replaces a record"
    );
    assert_eq!(create.apply(None).record(), Some(after));
}

#[test]
fn a_record_is_deleted_only_if_unchanged_and_no_button_was_bound_since() {
    let delete = |bound_at| {
        RecordWrite::Delete(RecordDelete {
            lock: lock(),
            guard: Guard::of(&record()),
            bound_at,
        })
    };
    let bound = Record {
        bound_at: Some(UnixMillis(7)),
        ..record()
    };
    let changed = Record {
        version: Version(8),
        ..record()
    };
    let (never, once) = (delete(None), delete(Some(UnixMillis(7))));
    let gone = Written::Gone;
    assert_eq!(
        (never.apply(Some(&record())), once.apply(Some(&bound))),
        (gone.clone(), gone)
    );
    assert_eq!(Written::Gone.record(), None);
    for (delete, record) in [
        (&never, Some(&bound)),
        (&once, Some(&record())),
        (&never, Some(&changed)),
        (&never, None),
    ] {
        assert_eq!(
            delete.apply(record),
            Written::Conflict,
            "{delete:?} {record:?}"
        );
    }
}
