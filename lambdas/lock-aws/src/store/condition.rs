//! The core's conditions as DynamoDB's expressions (C3). Must not call anything, nor decide.

use lock_core::write::{
    BindingChange, BindingUpdate, Guard, Newer, PressNote, RecordDelete, RecordUpdate, ShadowGuard,
};

use super::expression::Expression;

/// Enabled, revision as read, press newer than the last (C3). Where nothing is to be noted, the revision is written as it
/// is: a condition alone would need one more permission.
pub(super) fn binding_expression(update: &BindingUpdate) -> Expression {
    let mut expression = Expression::default();
    expression.require("revision", "=", &update.revision);
    match &update.change {
        BindingChange::Nothing => {
            expression.require("enabled", "=", &true);
            expression.set("revision", &update.revision);
        }
        BindingChange::Note(note) => {
            expression.require("enabled", "=", &true);
            note_expression(note, &mut expression);
        }
        BindingChange::Disable => {
            expression.require("enabled", "=", &true);
            expression.set("enabled", &false);
            expression.set("revision", &(update.revision + 1));
        }
        BindingChange::Bind(bind) => {
            match &bind.lock {
                Some(lock) => expression.set("lock", lock),
                None => expression.remove("lock"),
            }
            expression.set("actions", &bind.actions);
            expression.set("boundAt", &bind.at);
            expression.set("enabled", &true);
            expression.set("revision", &(update.revision + 1));
            if bind.forget_last_press {
                expression.remove("lastPress");
            }
        }
    }
    expression
}

/// A press newer than the last (C3).
fn note_expression(note: &PressNote, expression: &mut Expression) {
    expression.set("lastPress", &note.last_press);
    expression.set_some("batteryMv", note.battery_mv.as_ref());
    match note.newer {
        Newer::Sequence(sequence) => {
            expression.require_if_any("lastPress.sequence", "<", &sequence);
        }
        Newer::LastAtMost(at) => {
            expression.require_if_any("lastPress.at", "<=", &at);
            match note.last_press.sequence {
                Some(kept) => expression.require("lastPress.sequence", "=", &kept),
                None => expression.require_none("lastPress.sequence"),
            }
        }
    }
}

/// Version and status as read (C3), and whatever else the decision hangs on.
pub(super) fn record_expression(update: &RecordUpdate) -> Expression {
    let mut expression = Expression::default();
    expression.set_some("version", update.version.as_ref());
    expression.set_some("status", update.status.as_ref());
    expression.set_some("state", update.state.as_ref());
    expression.set_some("command", update.command.as_ref());
    expression.set_some("reported", update.reported.as_ref());
    expression.set_some("boundAt", update.bound_at.as_ref());
    expression.set("dueShard", &update.due.due_shard);
    expression.set("dueAt", &update.due.due_at);
    require_guard(&update.guard, &mut expression);
    expression
}

/// As read, and no button bound to it since.
pub(super) fn delete_expression(delete: &RecordDelete) -> Expression {
    let mut expression = Expression::default();
    require_guard(&delete.guard, &mut expression);
    match &delete.bound_at {
        Some(at) => expression.require("boundAt", "=", at),
        None => expression.require_none("boundAt"),
    }
    expression
}

fn require_guard(guard: &Guard, expression: &mut Expression) {
    expression.require("version", "=", &guard.version);
    expression.require("status", "=", &guard.status);
    if let Some(state) = &guard.state {
        expression.require("state", "=", state);
    }
    if let Some(at) = &guard.next_send_at {
        expression.require("command.nextSendAt", "=", at);
    }
    if let Some(at) = &guard.due_at {
        expression.require("dueAt", "=", at);
    }
    match &guard.shadow {
        None => {}
        Some(ShadowGuard::Below(version)) => {
            expression.require_if_any("reported.shadowVersion", "<", version)
        }
        Some(ShadowGuard::Last(last)) => expression.require("reported", "=", last),
    }
}
