//! The payload of a press or request, which a topic rule delivers whole, as base64, whatever its
//! format.
//!
//! A rule that named the payload's fields would fail in AWS on a payload that is not JSON, before
//! any action, and the press would leave no event. So the rule delivers the bytes with the fields
//! that only it knows, and the payload's fields are put in place here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};

use crate::field::{Refusal, parse_event};
use crate::press::Press;
use crate::request::Request;

/// The field that holds the payload.
const PAYLOAD: &str = "payload";

/// Moves the fields of the payload into `event`.
///
/// `{"button":"button-1","payload":"eyJjbGlj…","receivedAt":1763779512345,…}` becomes
/// `{"button":"button-1","clickType":"SINGLE","receivedAt":1763779512345,…}`. Only the fields of a
/// press ([`Press::SENT`]) or a request ([`Request::SENT`]) are moved. A rule sets none of these,
/// so no key of a payload can pass for a button, a lock, a time of arrival or a principal. An event
/// without a payload stays unchanged: rules of an earlier version named the fields.
///
/// # Errors
///
/// [`Refusal::Malformed`] for a payload that is not a JSON object, and [`Refusal::WrongType`] for a
/// field that is not base64. The event then keeps the rule's fields, which name the sender.
///
/// ```
/// use lock_core::payload::open_payload;
/// use serde_json::json;
///
/// // {"clickType":"SINGLE","button":"button-2"}
/// let payload = "eyJjbGlja1R5cGUiOiJTSU5HTEUiLCJidXR0b24iOiJidXR0b24tMiJ9";
/// let mut event = json!({"button": "button-1", "payload": payload, "receivedAt": 5});
/// open_payload(&mut event)?;
/// assert_eq!(event, json!({"button": "button-1", "clickType": "SINGLE", "receivedAt": 5}));
///
/// let mut event = json!({"button": "button-1", "payload": "dW5sb2Nr"});
/// let refusal = open_payload(&mut event).unwrap_err();
/// assert_eq!(refusal.to_string(), "malformed message: the payload is not a JSON object");
/// assert_eq!(event, json!({"button": "button-1"}));
/// # Ok::<(), lock_core::field::Refusal>(())
/// ```
pub fn open_payload(event: &mut Value) -> Result<(), Refusal> {
    let Some(fields) = event.as_object_mut() else {
        return Ok(());
    };
    let Some(payload) = fields.remove(PAYLOAD) else {
        return Ok(());
    };
    let sent = match (fields.contains_key("button"), fields.contains_key("thing")) {
        (true, false) => Press::SENT,
        (false, true) => Request::SENT,
        // Without a sender: its reader refuses it.
        _ => return Ok(()),
    };
    let mut payload = decode(&payload)?;
    for name in sent {
        if let Some(value) = payload.remove(*name) {
            fields.insert((*name).to_owned(), value);
        }
    }
    Ok(())
}

fn decode(payload: &Value) -> Result<Map<String, Value>, Refusal> {
    let bytes = payload.as_str().and_then(|text| BASE64.decode(text).ok());
    let bytes = bytes.ok_or(Refusal::WrongType {
        field: PAYLOAD,
        wanted: "base64 text",
    })?;
    let malformed = |why| Refusal::Malformed(why);
    let text = str::from_utf8(&bytes).map_err(|_| malformed("the payload is not UTF-8"))?;
    match parse_event(text) {
        Ok(Value::Object(fields)) => Ok(fields),
        // Name the usual mistakes in a button's software.
        _ if text.is_empty() => Err(malformed("the payload is empty")),
        _ if text.starts_with('\u{feff}') => {
            Err(malformed("the payload begins with a byte order mark"))
        }
        _ if text.trim_end_matches('\0').contains('\0') => {
            Err(malformed("the payload holds NUL bytes, as UTF-16 does"))
        }
        _ if text.ends_with('\0') => Err(malformed("the payload ends with a NUL byte")),
        _ => Err(malformed("the payload is not a JSON object")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::{Event, Subject};
    use crate::limits::Limits;
    use crate::time::UnixMillis;

    /// What a rule delivers of these bytes.
    fn from_rule(own: Value, payload: &[u8]) -> Value {
        let mut event = own;
        event[PAYLOAD] = json!(BASE64.encode(payload));
        event
    }

    fn of_button(payload: &[u8]) -> Value {
        let own =
            json!({"button": "button-1", "receivedAt": 5, "pressId": "5f0e", "principal": "ab12"});
        from_rule(own, payload)
    }

    fn of_request(payload: &[u8]) -> Value {
        let own = json!({"thing": "lock-1", "receivedAt": 5, "principal": "ab12"});
        from_rule(own, payload)
    }

    #[test]
    fn a_press_and_a_request_are_what_their_rules_and_payloads_say_together() {
        let mut event = of_button(
            br#"{"serialNumber":"G1","clickType":"LONG","batteryVoltage":"1568mV","sequence":412,"pressedAt":4,"goodForMs":3000}"#,
        );
        open_payload(&mut event).unwrap();
        let press = Press::parse(&event).unwrap();
        assert_eq!(
            (press.button.as_str(), press.sequence),
            ("button-1", Some(412))
        );
        assert_eq!(
            (press.good_for_ms, press.battery_mv),
            (Some(3_000), Some(1_568))
        );
        assert_eq!(
            (press.pressed_at, press.received_at),
            (Some(UnixMillis(4)), UnixMillis(5))
        );
        let mut event =
            of_request(br#"{"action":"unlock","requestId":"r1","requestedAt":4,"actor":"alice"}"#);
        open_payload(&mut event).unwrap();
        let request = Request::parse(&event).unwrap();
        assert_eq!(
            (request.lock.as_str(), request.request_id.as_str()),
            ("lock-1", "r1")
        );
        assert_eq!(
            (request.requested_at, request.actor.as_deref()),
            (Some(UnixMillis(4)), Some("alice"))
        );
    }

    #[test]
    fn no_key_of_a_payload_replaces_a_field_of_the_rule() {
        let forged =
            br#"{"button":"button-2","thing":"lock-2","receivedAt":1,"pressId":"x","principal":"x",
            "shadowVersion":9,"timestamp":9,"clientToken":"7-1","reported":{},"payload":"x",
            "clickType":"SINGLE","action":"lock","requestId":"r1"}"#;
        let mut event = of_button(forged);
        open_payload(&mut event).unwrap();
        assert_eq!(
            event,
            json!({"button": "button-1", "receivedAt": 5, "pressId": "5f0e", "principal": "ab12",
                "clickType": "SINGLE"})
        );
        let mut event = of_request(forged);
        open_payload(&mut event).unwrap();
        assert_eq!(
            event,
            json!({"thing": "lock-1", "receivedAt": 5, "principal": "ab12", "action": "lock",
                "requestId": "r1"})
        );
    }

    #[test]
    fn an_event_of_a_rule_that_names_the_fields_stays_as_it_is() {
        for event in [
            json!({"button": "button-1", "clickType": "SINGLE", "receivedAt": 5,
                "pressId": "5f0e"}),
            json!({"thing": "lock-1", "action": "lock", "requestId": "r1", "receivedAt": 5}),
            json!({"thing": "lock-1", "shadowVersion": 17, "reported": {}}),
            json!({}),
            json!(null),
        ] {
            let mut read = event.clone();
            open_payload(&mut read).unwrap();
            assert_eq!(read, event);
        }
    }

    #[test]
    fn a_payload_that_is_not_a_json_object_is_refused_in_its_senders_history() {
        let utf16: Vec<u8> = "{\"clickType\":\"SINGLE\"}"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        let marked = [b"\xff\xfe", &utf16[..]].concat();
        // payload => why
        let cases: [(&[u8], &str); 12] = [
            (b"", "the payload is empty"),
            (b"unlock", "the payload is not a JSON object"),
            (b"UNLOCK\r\n", "the payload is not a JSON object"),
            (
                b"{'clickType':'SINGLE'}",
                "the payload is not a JSON object",
            ),
            (
                b"{\"clickType\":\"SINGLE\",}",
                "the payload is not a JSON object",
            ),
            (b"\"SINGLE\"", "the payload is not a JSON object"),
            (
                b"[{\"clickType\":\"SINGLE\"}]",
                "the payload is not a JSON object",
            ),
            (b"null", "the payload is not a JSON object"),
            (
                b"\xef\xbb\xbf{\"clickType\":\"SINGLE\"}",
                "the payload begins with a byte order mark",
            ),
            (
                b"{\"clickType\":\"SINGLE\"}\0",
                "the payload ends with a NUL byte",
            ),
            (&utf16, "the payload holds NUL bytes, as UTF-16 does"),
            (&marked, "the payload is not UTF-8"),
        ];
        for (payload, why) in cases {
            for (mut event, subject) in [
                (of_button(payload), "button-1"),
                (of_request(payload), "lock-1"),
            ] {
                let refusal = open_payload(&mut event).expect_err(why);
                assert_eq!(
                    (refusal.code(), refusal.to_string()),
                    ("malformed", format!("malformed message: {why}"))
                );
                let line = Event::of_refusal(&event, &refusal, UnixMillis(9), &Limits::default());
                let line = line.expect("its sender is known");
                let whose = match &line.subject {
                    Subject::Button(button) => button.as_str(),
                    Subject::Lock(lock) => lock.as_str(),
                };
                assert_eq!((whose, line.at), (subject, UnixMillis(5)));
            }
        }
        for payload in [json!("not base64!"), json!(7), json!(null)] {
            let mut event = json!({"button": "button-1", "payload": payload});
            assert_eq!(open_payload(&mut event).unwrap_err().code(), "wrong-type");
            assert_eq!(event, json!({"button": "button-1"}));
        }
    }

    #[test]
    fn an_unreadable_number_in_a_payload_spoils_only_its_own_field() {
        let mut event = of_button(br#"{"clickType":"SINGLE","sequence":1e400}"#);
        open_payload(&mut event).unwrap();
        let refusal = Press::parse(&event).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "field sequence is not a whole number below 2^53"
        );
    }

    #[test]
    fn payload_fields_and_rule_fields_never_share_a_name() {
        let given = [
            "button",
            "thing",
            "receivedAt",
            "pressId",
            "principal",
            PAYLOAD,
        ];
        for name in Press::SENT.iter().chain(Request::SENT) {
            assert!(!given.contains(name), "{name}");
        }
    }
}
