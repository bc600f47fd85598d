//! One decision, one transaction (C3): the core's conditional writes as DynamoDB's. Must not read, nor decide again.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{CancellationReason, Put, TransactWriteItem, Update};
use lock_core::write::{BindingUpdate, Newer, RecordUpdate, RecordWrite, ShadowGuard, Writes};

use super::expression::Expression;
use super::{Store, StoreError};
use crate::item::{Item, Key, request_item, to_item};

const ABSENT: &str = "attribute_not_exists(pk)";
/// What DynamoDB says when it has too much to do; after the SDK's own retries.
const THROTTLES: [&str; 4] = [
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionInProgressException",
];

/// What became of a decision's writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Committed {
    /// All are in the table.
    Done,
    /// None is: read again and decide again.
    Conflict(Conflict),
}

/// Which condition did not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conflict {
    /// The request's mark is already there: it has acted (C7).
    Request,
    /// The binding was changed, revoked, or took note of another press.
    Binding,
    /// The record was changed.
    Record,
    /// Another transaction holds one of the items, or the table throttles: wait a little.
    Busy,
}

impl Store {
    /// Commits a decision's writes, all or nothing.
    ///
    /// A decision that changes nothing writes its line alone, and never over a line of the same key.
    ///
    /// An attempt whose answer does not come (lost, too late, a server's own error) is made again by the SDK, with the one
    /// `ClientRequestToken` that it draws for this call: within ten minutes DynamoDB answers the repetition of a transaction
    /// that was made with success, and makes nothing twice. Should the token not be known any more, the conditions fail and
    /// the answer is a conflict; whoever then reads again sees what this call has done.
    ///
    /// *Errors*: [`StoreError`] for whatever is neither done nor a conflict. Only where it says `unknown` the writes may have
    /// been made, all of them or none: read again, and decide on what is there.
    pub async fn commit(&self, writes: &Writes) -> Result<Committed, StoreError> {
        let line = to_item(&Key::event(&writes.event), &writes.event);
        if writes.binding.is_none() && writes.record.is_none() && writes.request.is_none() {
            return self.put_line(line).await;
        }
        let mut parts = Vec::new();
        let mut actions = Vec::new();
        if let Some(mark) = &writes.request {
            parts.push(Conflict::Request);
            actions.push(put(self.put(request_item(mark), Some(ABSENT))));
        }
        if let Some(binding) = &writes.binding {
            parts.push(Conflict::Binding);
            actions.push(update(
                self.update(&Key::binding(&binding.button), binding_expression(binding)),
            ));
        }
        match &writes.record {
            Some(RecordWrite::Create(record)) => {
                parts.push(Conflict::Record);
                actions.push(put(
                    self.put(to_item(&Key::record(&record.lock), record), Some(ABSENT))
                ));
            }
            Some(RecordWrite::Update(record)) => {
                parts.push(Conflict::Record);
                actions.push(update(
                    self.update(&Key::record(&record.lock), record_expression(record)),
                ));
            }
            None => {}
        }
        actions.push(put(self.put(line, None)));
        let call = self
            .client
            .transact_write_items()
            .set_transact_items(Some(actions));
        match call.send().await {
            Ok(_) => Ok(Committed::Done),
            Err(error) => match conflict(&error, &parts) {
                Some(conflict) => Ok(Committed::Conflict(conflict)),
                None => Err(StoreError {
                    unknown: unknown(&error),
                    ..self.error(
                        "commit decision on",
                        &Key::history(&writes.event.subject),
                        error.into(),
                    )
                }),
            },
        }
    }

    async fn put_line(&self, line: Item) -> Result<Committed, StoreError> {
        let key = line
            .get("pk")
            .and_then(|pk| pk.as_s().ok())
            .cloned()
            .unwrap_or_default();
        let call = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(line))
            .condition_expression(ABSENT);
        match call.send().await {
            Ok(_) => Ok(Committed::Done),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_conditional_check_failed_exception()) =>
            {
                Ok(Committed::Done)
            }
            Err(error) if throttled(&error) => Ok(Committed::Conflict(Conflict::Busy)),
            Err(error) => Err(StoreError {
                unknown: unknown(&error),
                ..self.error("put event line of", &key, error.into())
            }),
        }
    }

    fn put(&self, item: Item, condition: Option<&str>) -> Put {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        put.set_condition_expression(condition.map(str::to_owned))
            .build()
            .expect("table and item are given")
    }

    fn update(&self, key: &Key, expression: Expression) -> Update {
        let parts = expression.parts();
        Update::builder()
            .table_name(&self.table)
            .set_key(Some(key.to_item()))
            .update_expression(parts.update)
            .set_condition_expression(parts.condition)
            .set_expression_attribute_names(parts.names)
            .set_expression_attribute_values(parts.values)
            .build()
            .expect("table, key and update are given")
    }
}

/// Whether a call that failed may have been carried out all the same.
fn unknown<E>(error: &SdkError<E>) -> bool {
    match error {
        SdkError::ConstructionFailure(_) => false,
        SdkError::ServiceError(answer) => answer.raw().status().is_server_error(),
        _ => true,
    }
}

/// Whether the table, or the account, has had too many calls: nothing was done.
fn throttled<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let code = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code);
    code.is_some_and(|code| THROTTLES.contains(&code))
}

fn put(put: Put) -> TransactWriteItem {
    TransactWriteItem::builder().put(put).build()
}

fn update(update: Update) -> TransactWriteItem {
    TransactWriteItem::builder().update(update).build()
}

/// Enabled, revision as read, press newer than the last (C3). Where nothing is to be noted, the revision is written as it
/// is: a condition alone would need one more permission.
fn binding_expression(update: &BindingUpdate) -> Expression {
    let mut expression = Expression::default();
    expression.require("enabled", "=", &true);
    expression.require("revision", "=", &update.revision);
    let revision = update.revision + u64::from(update.disable);
    if update.disable {
        expression.set("enabled", &false);
    }
    let Some(note) = &update.note else {
        expression.set("revision", &revision);
        return expression;
    };
    if update.disable {
        expression.set("revision", &revision);
    }
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
    expression
}

/// Version and status as read (C3), and whatever else the decision hangs on.
fn record_expression(update: &RecordUpdate) -> Expression {
    let mut expression = Expression::default();
    expression.set_some("version", update.version.as_ref());
    expression.set_some("status", update.status.as_ref());
    expression.set_some("state", update.state.as_ref());
    expression.set_some("command", update.command.as_ref());
    expression.set_some("reported", update.reported.as_ref());
    expression.set("dueShard", &update.due.due_shard);
    expression.set("dueAt", &update.due.due_at);
    let guard = &update.guard;
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
    expression
}

/// What the cancellation means for the decision, if it is a conflict at all. `parts` names the actions in their order; the
/// event line after them has no condition.
fn conflict(error: &SdkError<TransactWriteItemsError>, parts: &[Conflict]) -> Option<Conflict> {
    if throttled(error) {
        return Some(Conflict::Busy);
    }
    let reasons = match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons()
        }
        TransactWriteItemsError::TransactionInProgressException(_) => return Some(Conflict::Busy),
        _ => return None,
    };
    conflict_of(reasons, parts)
}

fn conflict_of(reasons: &[CancellationReason], parts: &[Conflict]) -> Option<Conflict> {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let codes: Vec<String> = reasons.iter().map(code).collect();
    // What cannot be cured by deciding again is an error, whatever stands beside it.
    let curable = [
        "None",
        "ConditionalCheckFailed",
        "TransactionConflict",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
    ];
    if codes.is_empty() || codes.iter().any(|code| !curable.contains(&code.as_str())) {
        return None;
    }
    let failed = codes
        .iter()
        .position(|code| code == "ConditionalCheckFailed");
    match failed {
        Some(at) => parts.get(at).copied(),
        None if codes.iter().any(|code| code != "None") => Some(Conflict::Busy),
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_condition_that_failed_names_the_conflict() {
        use Conflict::{Binding, Busy, Record, Request};
        let press = [Binding, Record];
        let request = [Request, Record];
        let cases: [(&[Conflict], &[&str], Option<Conflict>); 9] = [
            (
                &press,
                &["ConditionalCheckFailed", "None", "None"],
                Some(Binding),
            ),
            (
                &press,
                &["None", "ConditionalCheckFailed", "None"],
                Some(Record),
            ),
            (
                &press,
                &["ConditionalCheckFailed", "ConditionalCheckFailed", "None"],
                Some(Binding),
            ),
            (
                &request,
                &["ConditionalCheckFailed", "ConditionalCheckFailed", "None"],
                Some(Request),
            ),
            (&press, &["TransactionConflict", "None", "None"], Some(Busy)),
            (&press, &["None", "None", "ThrottlingError"], Some(Busy)),
            (
                &press,
                &["TransactionConflict", "ConditionalCheckFailed", "None"],
                Some(Record),
            ),
            (
                &press,
                &["ValidationError", "ConditionalCheckFailed", "None"],
                None,
            ),
            (&press, &[], None),
        ];
        for (parts, codes, wanted) in cases {
            let reason = |code: &&str| CancellationReason::builder().code(*code).build();
            let reasons: Vec<CancellationReason> = codes.iter().map(reason).collect();
            assert_eq!(conflict_of(&reasons, parts), wanted, "{codes:?}");
        }
    }
}
