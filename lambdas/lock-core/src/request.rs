//! An operator's request, as the topic rule hands it over. Must not know what
//! the request will do.

use serde_json::Value;

use crate::action::Intent;
use crate::field::{Fields, Refusal};
use crate::id::CommandId;
use crate::name::LockName;
use crate::time::UnixMillis;

/// One request.
///
/// *Shape*:
/// `{"thing":"lock-1","action":"unlock","requestId":"<uuid>","actor":"alice","receivedAt":1763779512345,"principal":"…"}`;
/// `actor` and `principal` may be absent. Its right is the policy on its topic:
/// `actor` is a label, `principal` the proof.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The lock, from the topic.
    pub lock: LockName,
    /// What is asked for.
    pub intent: Intent,
    /// Makes the request act once, however often it arrives.
    pub request_id: String,
    /// Who says to ask.
    pub actor: Option<String>,
    /// When the rules engine saw it.
    pub received_at: UnixMillis,
    /// Who was allowed to publish it.
    pub principal: Option<String>,
}

impl Request {
    /// Reads the event of the request rule.
    ///
    /// *Errors*: the first [`Refusal`] met, in the order of the fields above.
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
    pub fn parse(event: &Value) -> Result<Request, Refusal> {
        let fields = Fields::of(event)?;
        let lock = LockName::new(fields.text("thing")?).map_err(|cause| Refusal::BadName {
            field: "thing",
            cause,
        })?;
        let intent = fields.word("action", |word| word.parse().ok())?;
        let request_id = fields.text("requestId")?.to_owned();
        if request_id.is_empty() {
            return Err(Refusal::MissingField("requestId"));
        }
        let actor = fields.text_or_none("actor")?.map(str::to_owned);
        let received_at = UnixMillis(fields.number("receivedAt")?);
        let principal = fields.text_or_none("principal")?.map(str::to_owned);
        Ok(Request {
            lock,
            intent,
            request_id,
            actor,
            received_at,
            principal,
        })
    }

    /// The id of the command that this request causes, if it causes one.
    pub fn command_id(&self) -> CommandId {
        CommandId::of_request(&self.request_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_request_is_read_and_whatever_is_wrong_has_its_own_code() {
        let good = json!({"thing": "lock-1", "action": "toggle", "requestId": "r1", "actor": "alice", "receivedAt": 5});
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
}
