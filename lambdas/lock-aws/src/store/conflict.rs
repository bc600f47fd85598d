//! Why a transaction was cancelled, and the item that its condition found.
//! Must not know: what a decision does about it.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::CancellationReason;
use lock_core::binding::Binding;
use lock_core::record::Record;

use super::commit::code;
use crate::item::{Item, ItemError, from_item};

/// Error codes of a busy table, after the SDK's own retries.
const BUSY: [&str; 5] = [
    "TransactionConflictException",
    "ThrottlingException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "TransactionInProgressException",
];

/// The condition that did not hold, with the item as the transaction found it; `None` if it is
/// absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Conflict {
    /// The request's mark exists: the request has already taken effect (C7).
    Request,
    /// The binding was changed, revoked, or has noted another press.
    Binding(Option<Box<Binding>>),
    /// The record was changed by another writer.
    Record(Option<Box<Record>>),
    /// The record of the lock that a button moves to was changed by another writer.
    Other,
    /// Another transaction holds an item, or the table throttles: wait a little.
    Busy,
}

/// What an action of a transaction changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Request,
    Binding,
    Record,
    Other,
}

impl Part {
    /// The conflict about this part, which the transaction found as `item`.
    fn conflict(self, item: Option<&Item>) -> Result<Conflict, ItemError> {
        Ok(match self {
            Self::Request => Conflict::Request,
            Self::Binding => Conflict::Binding(item.map(from_item).transpose()?),
            Self::Record => Conflict::Record(item.map(from_item).transpose()?),
            Self::Other => Conflict::Other,
        })
    }
}

/// The conflict that cancelled a transaction, if it was one. `parts` names the actions in order;
/// the event line after them has no condition.
pub(super) fn conflict(
    error: &SdkError<TransactWriteItemsError>,
    parts: &[Part],
) -> Option<Result<Conflict, ItemError>> {
    if is_busy(error) {
        return Some(Ok(Conflict::Busy));
    }
    let reasons = match error.as_service_error()? {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            cancelled.cancellation_reasons()
        }
        _ => return None,
    };
    conflict_of(reasons, parts)
}

fn conflict_of(
    reasons: &[CancellationReason],
    parts: &[Part],
) -> Option<Result<Conflict, ItemError>> {
    let code = |reason: &CancellationReason| reason.code().unwrap_or("None").to_owned();
    let codes: Vec<String> = reasons.iter().map(code).collect();
    // Any other reason is an error, since deciding again cannot cure it.
    let curable = [
        "None",
        "ConditionalCheckFailed",
        "TransactionConflict",
        "ProvisionedThroughputExceeded",
        "ThrottlingError",
    ];
    if codes.iter().any(|code| !curable.contains(&code.as_str())) {
        return None;
    }
    let failed = codes
        .iter()
        .position(|code| code == "ConditionalCheckFailed");
    match failed {
        Some(at) => {
            let item = reasons[at].item.as_ref();
            parts.get(at).map(|part| part.conflict(item))
        }
        None if codes.iter().any(|code| code != "None") => Some(Ok(Conflict::Busy)),
        None => None,
    }
}

/// Whether the table or the account was busy. Nothing was written.
pub(super) fn is_busy<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    code(error).is_some_and(|code| BUSY.contains(&code))
}

#[cfg(test)]
mod tests {
    use lock_core::name::LockName;
    use lock_core::time::UnixMillis;

    use super::*;
    use crate::item::{Key, to_item};

    #[test]
    fn the_first_condition_that_failed_names_the_conflict() {
        let press = [Part::Binding, Part::Record];
        let request = [Part::Request, Part::Record];
        let (binding, record) = (Conflict::Binding(None), Conflict::Record(None));
        let (asked, busy) = (Conflict::Request, Conflict::Busy);
        let cases: [(&[Part], &[&str], Option<Conflict>); 10] = [
            (
                &press,
                &["ConditionalCheckFailed", "None", "None"],
                Some(binding.clone()),
            ),
            (
                &press,
                &["None", "ConditionalCheckFailed", "None"],
                Some(record.clone()),
            ),
            (
                &press,
                &["ConditionalCheckFailed", "ConditionalCheckFailed", "None"],
                Some(binding.clone()),
            ),
            (
                &request,
                &["ConditionalCheckFailed", "ConditionalCheckFailed", "None"],
                Some(asked),
            ),
            (
                &press,
                &["TransactionConflict", "None", "None"],
                Some(busy.clone()),
            ),
            (
                &press,
                &["None", "None", "ThrottlingError"],
                Some(busy.clone()),
            ),
            (
                &press,
                &["TransactionConflict", "ConditionalCheckFailed", "None"],
                Some(record.clone()),
            ),
            (
                &press,
                &["ValidationError", "ConditionalCheckFailed", "None"],
                None,
            ),
            (&press, &["None", "None", "None"], None),
            (&press, &[], None),
        ];
        for (parts, codes, wanted) in cases {
            let reason = |code: &&str| CancellationReason::builder().code(*code).build();
            let reasons: Vec<CancellationReason> = codes.iter().map(reason).collect();
            let conflict = conflict_of(&reasons, parts).transpose().expect("no item");
            assert_eq!(conflict, wanted, "{codes:?}");
        }
    }

    #[test]
    fn a_conflict_brings_the_item_as_it_was_found() {
        let record = Record::created(LockName::new("lock-1").expect("a name"), UnixMillis(5));
        let of = |item: Item| {
            let reason = CancellationReason::builder().code("ConditionalCheckFailed");
            conflict_of(&[reason.set_item(Some(item)).build()], &[Part::Record])
        };
        let found = of(to_item(&Key::record(&record.lock), &record)).expect("a conflict");
        let wanted = Conflict::Record(Some(Box::new(record)));
        assert_eq!(found.expect("a record"), wanted);
        let unreadable = of(Item::new()).expect("a conflict");
        assert!(
            unreadable.is_err(),
            "an item that is not a record is not an absent one"
        );
    }
}
