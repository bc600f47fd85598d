//! The parts of a decision agree: the event, the writes and the command that is sent.

use super::*;
use crate::event::Kind;

/// Checks a decision; called for every decision of every table.
pub(in crate::decide) fn check(decision: &Decision) {
    let event = &decision.writes.event;
    assert_eq!(event.reason, decision.reason, "the line says why");
    assert_eq!(
        event.decision, decision.verdict,
        "the line says what was decided"
    );
    assert_eq!(
        event.alerts, decision.alerts,
        "an alert is committed with the rest"
    );
    let update = match &decision.writes.record {
        Some(RecordWrite::Update(update)) => Some(update),
        _ => None,
    };
    if let Some(update) = update {
        let version = update.version.unwrap_or(update.guard.version);
        assert_eq!(
            event.version,
            Some(version),
            "the line says which version it is about"
        );
        if let Some(command) = &update.command {
            assert_eq!(event.command_id.as_ref(), Some(&command.id));
            assert_eq!(event.action, Some(command.action));
        }
    }
    let Some(publish) = &decision.publish else {
        return;
    };
    let update = update.expect("what is published is committed");
    let command = update
        .command
        .as_ref()
        .expect("what is published is committed");
    let version = update.version.unwrap_or(update.guard.version);
    assert_eq!(publish, &Publish::of(&update.lock, version, command));
    assert_eq!(event.action, Some(command.action));
    assert_eq!(event.command_id.as_ref(), Some(&command.id));
    let due = Due::pending(&update.lock, command);
    // A table of the sweep shows each due time, so it shows those that an open door moves.
    let is_earlier = update.due.due_at < due.due_at && event.kind == Kind::Sweep;
    assert!(update.due == due || is_earlier, "due in the command's turn");
    if decision.verdict == Verdict::Command {
        assert!(command.attempts == 1 && update.version.is_some());
    } else {
        assert_eq!(update.version, None, "a re-send is not a new command");
        assert!(
            update.guard.next_send_at.is_some(),
            "each turn is taken once (C8)"
        );
    }
}
