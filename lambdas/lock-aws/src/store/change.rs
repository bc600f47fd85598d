//! The core's changes of records and bindings as DynamoDB expressions (C3), their conditions
//! rendered from the core's own. Must not know: which conditions a change has.

use lock_core::write::{BindingChange, BindingUpdate, RecordUpdate};

use super::expression::Expression;

/// A change of nothing writes the existing revision again, since a condition without a write would
/// need one more permission.
pub(super) fn binding_expression(update: &BindingUpdate) -> Expression {
    let mut expression = Expression::default();
    expression.require(update.conditions());
    match &update.change {
        BindingChange::Nothing => expression.set("revision", &update.new_revision()),
        BindingChange::Note(note) => {
            expression.set("lastPress", &note.last_press);
            expression.set_some("batteryMv", note.battery_mv.as_ref());
        }
        BindingChange::Disable(_) => {
            expression.set("enabled", &false);
            expression.set("revision", &update.new_revision());
        }
        BindingChange::Bind(bind) => {
            match &bind.lock {
                Some(lock) => expression.set("lock", lock),
                None => expression.remove("lock"),
            }
            expression.set("actions", &bind.actions);
            expression.set("boundAt", &bind.at);
            expression.set("enabled", &true);
            expression.set("revision", &update.new_revision());
            if bind.forget_last_press {
                expression.remove("lastPress");
            }
        }
    }
    expression
}

/// Sets what the update names, and when the record is due.
pub(super) fn record_expression(update: &RecordUpdate) -> Expression {
    let mut expression = Expression::default();
    expression.require(update.guard.conditions());
    expression.set_some("version", update.version.as_ref());
    expression.set_some("status", update.status.as_ref());
    expression.set_some("state", update.state.as_ref());
    expression.set_some("command", update.command.as_ref());
    expression.set_some("reported", update.reported.as_ref());
    expression.set_some("boundAt", update.bound_at.as_ref());
    expression.set_some("doorSince", update.door_since.as_ref());
    expression.set_some("leftOpenAlerted", update.left_open_alerted.as_ref());
    expression.set("dueShard", &update.due.due_shard);
    expression.set("dueAt", &update.due.due_at);
    expression
}
