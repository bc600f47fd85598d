//! Failure documents as AWS writes them, and what the core reads from them.

use serde_json::json;

use super::*;

const SENT: UnixMillis = UnixMillis(1_770_000_300_000);
const RECEIVED: u64 = 1_770_000_000_000;

/// Lambda's document about an event that it gave up.
fn of_function(event: Value) -> Value {
    json!({
        "version": "1.0",
        "timestamp": "2026-02-02T02:43:00.000Z",
        "requestContext": {
            "requestId": "8f0e6d8e-0000-4000-8000-1234567890ab",
            "functionArn": "arn:aws:lambda:us-east-1:123456789012:function:press:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3
        },
        "requestPayload": event,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST",
            "functionError": "Unhandled"},
        "responsePayload": {"errorType": "store",
            "errorMessage": "read record of lock-1 in table t: timed out"}
    })
}

/// The rules engine's document about a message that it could not deliver.
fn of_rule(topic: &str, payload: &str) -> Value {
    json!({
        "ruleName": "remotelock_ButtonRule",
        "topic": topic,
        "cloudwatchTraceId": "7e146a2c-95b5-6caf-98b9-50e3969734c7",
        "clientId": "button-1",
        "sourceIp": "127.0.0.1",
        "base64OriginalPayload": BASE64_STANDARD.encode(payload),
        "failures": [{
            "failedAction": "LambdaAction",
            "failedResource": "arn:aws:lambda:us-east-1:123456789012:function:press",
            "errorMessage": "no permission"
        }]
    })
}

fn press() -> Value {
    json!({"button": "button-1", "clickType": "SINGLE", "batteryVoltage": "1568mV", "sequence": 412,
           "receivedAt": RECEIVED, "pressId": "5f0e", "principal": "ab12"})
}

/// The same press, with its payload as the rule encodes it.
fn encoded_press() -> Value {
    let payload = r#"{"clickType":"SINGLE","sequence":412,"button":"button-2","pressedAt":1e400}"#;
    json!({"button": "button-1", "payload": BASE64_STANDARD.encode(payload), "receivedAt": RECEIVED,
        "pressId": "5f0e",
           "principal": "ab12"})
}

fn request() -> Value {
    json!({"thing": "lock-1", "action": "unlock", "requestId": "r-1", "actor": "alice",
        "receivedAt": RECEIVED})
}

fn reported() -> Value {
    json!({"lock": "locked", "version": 7, "commandId": "c", "result": "executed",
        "source": "remote", "refused": null,
           "bootCount": 1, "clock": "synced", "firmware": "1.0.0", "rssi": -61, "door": null})
}

fn report() -> Value {
    json!({"thing": "lock-1", "shadowVersion": 17, "timestamp": 1_770_000_000,
        "reported": reported()})
}

fn read(document: &Value) -> Result<Failure, Refusal> {
    Failure::parse(&document.to_string(), SENT)
}

fn pressed(click: Option<ClickType>, sequence: Option<u64>, principal: Option<&str>) -> Message {
    Message::Press {
        button: ButtonSerial::new("button-1").unwrap(),
        click,
        sequence,
        principal: principal.map(str::to_owned),
    }
}

fn requested(intent: Option<Intent>, actor: Option<&str>) -> Message {
    Message::Request {
        lock: LockName::new("lock-1").unwrap(),
        intent,
        actor: actor.map(str::to_owned),
        principal: None,
    }
}

fn reported_message(reported: Option<(Latch, Source)>) -> Message {
    let lock = LockName::new("lock-1").unwrap();
    Message::Report { lock, reported }
}

#[test]
fn lambdas_document_says_what_was_given_up_and_when_it_was_received() {
    let single = Some(ClickType::Single);
    let received = UnixMillis(RECEIVED);
    let rows = [
        (press(), pressed(single, Some(412), Some("ab12")), received),
        (
            encoded_press(),
            pressed(single, Some(412), Some("ab12")),
            received,
        ),
        (
            json!({"button": "button-1", "payload": "77u/e30=", "receivedAt": RECEIVED}),
            pressed(None, None, None),
            received,
        ),
        (
            request(),
            requested(Some(Intent::Unlock), Some("alice")),
            received,
        ),
        (
            report(),
            reported_message(Some((Latch::Locked, Source::Remote))),
            SENT,
        ),
        // Details that cannot be read are left out.
        (
            json!({"button": "button-1", "clickType": "TRIPLE", "sequence": "x", "receivedAt": -1,
                "principal": {}}),
            pressed(None, None, None),
            SENT,
        ),
        (
            json!({"thing": "lock-1", "action": 7}),
            requested(None, None),
            SENT,
        ),
        (
            json!({"thing": "lock-1", "shadowVersion": "x", "reported": {"lock": "ajar"}}),
            reported_message(None),
            SENT,
        ),
        (
            json!({"version": "0", "id": "x", "detail-type": "Scheduled Event",
                "source": "aws.scheduler", "detail": "{}"}),
            Message::Sweep,
            SENT,
        ),
    ];
    for (event, message, at) in rows {
        let failure = read(&of_function(event.clone())).unwrap();
        assert_eq!((failure.message, failure.at), (message, at), "{event}");
        assert_eq!(failure.id, "8f0e6d8e-0000-4000-8000-1234567890ab");
    }
}

#[test]
fn the_cause_names_attempts_and_the_last_error() {
    let rows = [
        // (condition, attempts, answer, reason, detail)
        (
            json!("RetriesExhausted"),
            json!(3),
            json!({"errorType": "store", "errorMessage": "timed out"}),
            "retries-exhausted",
            "3 attempts: store: timed out",
        ),
        (
            json!("EventAgeExceeded"),
            json!(1),
            json!({"errorType": "Runtime.ExitError", "errorMessage": "exit status 1"}),
            "event-age",
            "1 attempt: Runtime.ExitError: exit status 1",
        ),
        (
            json!("EventAgeExceeded"),
            json!(0),
            json!(null),
            "event-age",
            "0 attempts",
        ),
        (
            json!("ZeroReservedConcurrency"),
            json!("none"),
            json!("text"),
            "retries-exhausted",
            "ZeroReservedConcurrency",
        ),
        (
            json!("RetriesExhausted"),
            json!(2),
            json!({"errorMessage": ["a"], "errorType": 7}),
            "retries-exhausted",
            "2 attempts",
        ),
    ];
    for (condition, attempts, answer, reason, detail) in rows {
        let mut document = of_function(press());
        document["requestContext"]["condition"] = condition.clone();
        document["requestContext"]["approximateInvokeCount"] = attempts;
        document["responsePayload"] = answer;
        let failure = read(&document).unwrap();
        assert_eq!(
            (failure.reason.code(), failure.detail.as_str()),
            (reason, detail),
            "{condition}"
        );
    }
    // An unreadable value makes only its own field unknown.
    let body = of_function(press()).to_string();
    let body = body.replace("412", "1e400");
    let failure = Failure::parse(&body, SENT).unwrap();
    assert_eq!(
        failure.message,
        pressed(Some(ClickType::Single), None, Some("ab12"))
    );
    let mut document = of_function(press());
    document["responsePayload"]["errorMessage"] = json!("ü".repeat(5000));
    let detail = read(&document).unwrap().detail;
    assert_eq!(detail.chars().count(), DETAIL_CHARS_MAX);
}

#[test]
fn the_topic_in_a_rules_document_names_the_sender() {
    let single = Some(ClickType::Single);
    let accepted = "$aws/things/lock-1/shadow/update/accepted";
    let state = json!({"state": {"reported": reported()}, "version": 17}).to_string();
    let long = "x".repeat(128);
    let rows = [
        // (topic, payload, message)
        (
            "iotbutton/button-1",
            r#"{"clickType":"SINGLE","sequence":412}"#,
            pressed(single, Some(412), None),
        ),
        // The payload never says who sent it.
        (
            "iotbutton/button-1",
            r#"{"button":"button-2","clickType":"SINGLE"}"#,
            pressed(single, None, None),
        ),
        (
            "iotbutton/button-1",
            "\u{feff}{}",
            pressed(None, None, None),
        ),
        (
            "iotbutton/button-1",
            r#"{"clickType":"SINGLE","sequence":1e400}"#,
            pressed(single, None, None),
        ),
        ("iotbutton/button-1", "[1]", pressed(None, None, None)),
        (
            "remote-lock/lock-1/request",
            r#"{"action":"lock","requestId":"r-1","actor":"alice"}"#,
            requested(Some(Intent::Lock), Some("alice")),
        ),
        ("remote-lock/lock-1/request", "", requested(None, None)),
        (
            accepted,
            &state,
            reported_message(Some((Latch::Locked, Source::Remote))),
        ),
        (accepted, "{}", reported_message(None)),
        (
            &format!("$aws/things/{long}/shadow/update/accepted"),
            "{}",
            Message::Report {
                lock: LockName::new(long.as_str()).unwrap(),
                reported: None,
            },
        ),
    ];
    for (topic, payload, message) in rows {
        let failure = read(&of_rule(topic, payload)).unwrap();
        assert_eq!(failure.message, message, "{topic} {payload}");
        assert_eq!(failure.at, SENT);
        assert_eq!(failure.id, "7e146a2c-95b5-6caf-98b9-50e3969734c7");
        assert_eq!(failure.reason, Reason::RULE_ACTION);
        assert_eq!(failure.detail, "LambdaAction: no permission");
    }
    let mut document = of_rule("iotbutton/button-1", "{}");
    document["base64OriginalPayload"] = json!("!");
    document["failures"] = json!([{"failedAction": "A"}, {"errorMessage": "e"}, {}, 7]);
    let failure = read(&document).unwrap();
    assert_eq!(failure.message, pressed(None, None, None));
    assert_eq!(failure.detail, "A; e");
}

#[test]
fn an_event_with_an_unreadable_field_still_names_its_sender() {
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for odd in ["1e400", &deep, r#"{"a":1e400}"#] {
        let mut event = press();
        event["clickType"] = json!("ODD");
        let body = of_function(event).to_string().replace("\"ODD\"", odd);
        let failure = Failure::parse(&body, SENT).expect(odd);
        assert_eq!(failure.button().map(ButtonSerial::as_str), Some("button-1"));
    }
}

#[test]
fn an_unusable_document_is_refused_with_a_code() {
    let without = |field: &str, of_context: bool| {
        let mut document = of_function(press());
        let part = if of_context {
            document["requestContext"].as_object_mut()
        } else {
            document.as_object_mut()
        };
        part.unwrap().remove(field).unwrap();
        document.to_string()
    };
    let topic = |topic: &str| of_rule(topic, "{}").to_string();
    let payload = |event: Value| of_function(event).to_string();
    let rows = [
        ("", "malformed"),
        ("hello", "malformed"),
        ("[]", "malformed"),
        ("{}", "malformed"),
        ("{\"requestContext\":7,\"requestPayload\":{}}", "malformed"),
        (&without("requestPayload", false), "missing-field"),
        (&without("requestId", true), "missing-field"),
        (&without("condition", true), "missing-field"),
        (&payload(json!("text")), "malformed"),
        (&payload(json!({})), "malformed"),
        (&payload(json!({"button": "b", "thing": "l"})), "malformed"),
        (&payload(json!({"button": 7})), "wrong-type"),
        (&payload(json!({"button": "a/b"})), "bad-name"),
        (
            &payload(json!({"thing": "a#b", "shadowVersion": 1})),
            "bad-name",
        ),
        (&payload(json!({"thing": ""})), "bad-name"),
        (&topic("iotbutton/a/b"), "malformed"),
        (&topic("iotbutton/a b"), "bad-name"),
        (&topic("remote-lock/lock-1"), "malformed"),
        (&topic("$aws/things/lock-1/shadow/update"), "malformed"),
        (r#"{"ruleName":"r"}"#, "missing-field"),
        (r#"{"ruleName":"r","topic":"iotbutton/b"}"#, "missing-field"),
    ];
    for (body, code) in rows {
        let refusal = Failure::parse(body, SENT).unwrap_err();
        assert_eq!(refusal.code(), code, "{body}: {refusal}");
    }
}

#[test]
fn a_failure_names_the_button_or_lock_to_load() {
    let rows = [
        // (event, button, thing)
        (press(), Some("button-1"), None),
        (request(), None, Some("lock-1")),
        (report(), None, Some("lock-1")),
        (json!({"detail-type": "Scheduled Event"}), None, None),
    ];
    for (event, button, thing) in rows {
        let failure = read(&of_function(event.clone())).unwrap();
        let names = (
            failure.button().map(ButtonSerial::as_str),
            failure.lock().map(LockName::as_str),
        );
        assert_eq!(names, (button, thing), "{event}");
    }
}
