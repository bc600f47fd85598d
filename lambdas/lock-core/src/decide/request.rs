//! What an operator's request means (C3 to C7). The policy on the topic has already checked the
//! operator's right.

use super::{Case, Decision, Wish};
use crate::event::Event;
use crate::limits::{Limits, REQUEST_TTL_MS};
use crate::reason::{Reason, Verdict};
use crate::record::{Cause, Record};
use crate::request::Request;
use crate::time::UnixMillis;
use crate::write::RequestMark;

/// Decides a request; `None` for a lock that is not registered, about which nothing is written
/// (C9).
///
/// `seen` means that its mark is already in the table; the caller learns that from a failed write.
///
/// ```
/// use lock_core::limits::Limits;
/// use lock_core::record::Record;
/// use lock_core::request::Request;
/// use lock_core::time::UnixMillis;
///
/// let request = Request::parse(&serde_json::json!({
///     "thing": "lock-1", "action": "toggle", "requestId": "r1", "requestedAt": 900,
///     "receivedAt": 1_000
/// }))?;
/// let now = UnixMillis(1_500);
/// let record = Record::created(request.lock.clone(), now);
/// let limits = Limits::default();
/// let decision = lock_core::decide_request(Some(&record), false, &request, now, &limits);
/// let command = decision.expect("registered").publish.expect("a command").command;
/// assert_eq!(command.action.as_str(), "lock", "nothing is known of this lock, so a toggle locks");
/// # Ok::<(), lock_core::field::Refusal>(())
/// ```
pub fn decide_request(
    record: Option<&Record>,
    seen: bool,
    request: &Request,
    now: UnixMillis,
    limits: &Limits,
) -> Option<Decision> {
    let record = record?;
    let case = Case::new(record, Event::of_request(request, limits), now, limits);
    let id = request.command_id();
    let command = record.command.as_ref();
    if seen || command.is_some_and(|command| command.id == id) {
        return Some(case.repeat(&id, None));
    }
    let wish = Wish {
        intent: request.intent,
        made_at: request.made_at().min(now),
        given_up: false,
        id,
        cause: Cause::Request {
            actor: request.actor.clone(),
        },
        reason: Reason::REQUESTED,
    };
    let mut decision = case.new_command(wish);
    if decision.verdict != Verdict::Command {
        return Some(decision);
    }
    decision.writes.request = Some(RequestMark {
        request_id: request.request_id.clone(),
        lock: request.lock.clone(),
        at: request.received_at,
        ttl: now.plus(REQUEST_TTL_MS).seconds(),
    });
    Some(decision)
}
