//! An operator's request, as the topic rule delivers it.
//!
//! Must not know: what the request will do.

use serde_json::Value;

use crate::action::Intent;
use crate::field::{Fields, Refusal};
use crate::id::CommandId;
use crate::name::LockName;
use crate::time::UnixMillis;

/// A request and what the rule knows about it.
///
/// ```json
/// {"thing":"lock-1","action":"unlock","requestId":"<uuid>","requestedAt":1763779512100,
///  "actor":"alice","receivedAt":1763779512345,"principal":"…"}
/// ```
///
/// `actor` and `principal` may be absent, and `requestedAt` if the action is `lock`. The rule of
/// the topic for senders that may only lock adds `"only":"lock"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The lock, from the topic.
    pub lock: LockName,
    /// What the operator asks for.
    pub intent: Intent,
    /// The request's own id: it acts once, however often it arrives.
    pub request_id: String,
    /// When it was made, by the sender's clock; mandatory if a door could open, since a request may
    /// be held up for minutes.
    pub requested_at: Option<UnixMillis>,
    /// The sender's name for itself: a label, not a proof.
    pub actor: Option<String>,
    /// When the rules engine received it.
    pub received_at: UnixMillis,
    /// The authenticated sender, by the policy on the topic.
    pub principal: Option<String>,
}

impl Request {
    /// The fields that the sender sets; the rule adds the others.
    pub const SENT: &[&str] = &["action", "requestId", "requestedAt", "actor"];

    /// Reads the event of the request rule after [`open_payload`](crate::payload::open_payload).
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] found, in the order of the fields above.
    ///
    /// ```
    /// use lock_core::request::Request;
    ///
    /// let refusal = Request::parse(&serde_json::json!({
    ///     "thing": "lock-1", "action": "open", "requestId": "r1", "receivedAt": 5
    /// }))
    /// .unwrap_err();
    /// assert_eq!(refusal.to_string(), "field action: unknown word \"open\"");
    /// ```
    pub fn parse(event: &Value) -> Result<Self, Refusal> {
        let fields = Fields::of(event)?;
        let lock = fields.name("thing")?;
        let intent = fields.word("action")?;
        let request_id = fields.text("requestId")?.to_owned();
        if request_id.is_empty() {
            return Err(Refusal::MissingField("requestId"));
        }
        if fields.text_or_none("only")?.is_some() && intent != Intent::Lock {
            return Err(Refusal::LockOnly);
        }
        let requested_at = fields.number_or_none("requestedAt")?.map(UnixMillis);
        if requested_at.is_none() && intent != Intent::Lock {
            return Err(Refusal::NoTime);
        }
        let actor = fields.text_or_none("actor")?.map(str::to_owned);
        let received_at = UnixMillis(fields.number("receivedAt")?);
        let principal = fields.text_or_none("principal")?.map(str::to_owned);
        Ok(Self {
            lock,
            intent,
            request_id,
            requested_at,
            actor,
            received_at,
            principal,
        })
    }

    /// The start of a command's life (C4): when the request was made or arrived, whichever is
    /// earlier.
    pub fn made_at(&self) -> UnixMillis {
        self.requested_at
            .map_or(self.received_at, |at| at.min(self.received_at))
    }

    /// The id of the command that this request would cause.
    pub fn command_id(&self) -> CommandId {
        CommandId::of_request(&self.lock, &self.request_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_read_and_each_fault_has_its_own_code() {
        let good = json!({"thing": "lock-1", "action": "toggle", "requestId": "r1",
            "requestedAt": 4, "actor": "alice", "receivedAt": 5});
        let request = Request::parse(&good).unwrap();
        assert_eq!(
            (request.intent, request.actor.as_deref()),
            (Intent::Toggle, Some("alice"))
        );
        let cases = [
            ("action", json!("open"), "unknown-word"),
            ("action", json!(1), "wrong-type"),
            ("requestId", json!(""), "missing-field"),
            ("requestId", json!("r".repeat(129)), "oversize"),
            ("thing", json!("#"), "bad-name"),
            ("actor", json!(["alice"]), "wrong-type"),
            ("receivedAt", json!(-5), "wrong-type"),
            ("requestedAt", json!("now"), "wrong-type"),
            ("requestedAt", json!(null), "wrong-type"),
        ];
        for (field, value, code) in cases {
            let mut event = good.clone();
            event[field] = value;
            assert_eq!(Request::parse(&event).unwrap_err().code(), code, "{field}");
        }
        for field in ["thing", "action", "requestId", "receivedAt"] {
            let mut event = good.clone();
            event.as_object_mut().unwrap().remove(field);
            assert_eq!(
                Request::parse(&event).unwrap_err().code(),
                "missing-field",
                "{field}"
            );
        }
    }

    #[test]
    fn on_a_topic_for_locking_nothing_but_a_lock_is_read() {
        let event = |action: &str, only: Value| {
            json!({"thing": "lock-1", "action": action, "requestId": "r1", "requestedAt": 4,
                "receivedAt": 5, "only": only})
        };
        assert!(Request::parse(&event("lock", json!("lock"))).is_ok());
        for (action, only, code) in [
            ("unlock", json!("lock"), "lock-only"),
            ("toggle", json!("lock"), "lock-only"),
            // A word of a later rule: it may mean less, never more.
            ("unlock", json!("unlock"), "lock-only"),
            ("lock", json!(1), "wrong-type"),
        ] {
            let refusal = Request::parse(&event(action, only)).unwrap_err();
            assert_eq!(refusal.code(), code, "{action}");
        }
    }

    #[test]
    fn only_a_lock_needs_no_time_and_a_time_can_only_make_a_request_older() {
        // action, requestedAt => made at, or the code
        let cases = [
            ("lock", None, Ok(5_000)),
            ("lock", Some(2_000), Ok(2_000)),
            ("unlock", None, Err("no-time")),
            ("toggle", None, Err("no-time")),
            ("unlock", Some(2_000), Ok(2_000)),
            ("toggle", Some(9_000), Ok(5_000)),
        ];
        for (action, requested_at, wanted) in cases {
            let mut event = json!({"thing": "lock-1", "action": action, "requestId": "r1",
                "receivedAt": 5_000});
            if let Some(at) = requested_at {
                event["requestedAt"] = json!(at);
            }
            let made_at = Request::parse(&event).map(|request| request.made_at().0);
            assert_eq!(
                made_at.map_err(|refusal| refusal.code()),
                wanted,
                "{action} {requested_at:?}"
            );
        }
    }
}
