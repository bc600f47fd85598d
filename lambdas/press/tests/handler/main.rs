//! The press function on a real table and a data plane that sometimes fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod battery;
mod cost;
mod prediction;
mod world;

use aws_lambda_events::event::iot_button::IoTButtonEvent;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use lock_aws::{MessageFunction, PerformError};
use lock_core::event::{Event, Kind, Subject};
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::Status;
use lock_core::time::UnixMillis;
use lock_testing::bound::{NOW, button, lock};
use lock_testing::table;
use serde_json::{Value, json};

use self::world::World;

impl World {
    /// Handles an event, with time for a few attempts to publish.
    async fn handle(&self, event: &Value) -> Result<(), PerformError> {
        self.handle_text(&event.to_string()).await
    }

    async fn handle_text(&self, event: &str) -> Result<(), PerformError> {
        let deadline = self.cloud.clock.now().plus(2_000);
        let handled = self.handler.handle(event, deadline).await;
        self.cloud.clock.wait(1).await;
        handled
    }

    async fn lines(&self, subject: Subject) -> Vec<Event> {
        self.cloud
            .store
            .read_history(&subject, 99, UnixMillis(0))
            .await
            .unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_publishes_one_command_that_expires() {
    let world = World::new().await;
    let press = world.press("LONG", 1);
    world.cloud.clock.wait(1_200).await;
    world.handle(&press).await.unwrap();
    let published = world.broker.take();
    let [(target, command)] = &published[..] else {
        panic!("{published:?}")
    };
    assert!(
        target.starts_with("/topics/remote-lock/lock-1?"),
        "{target}"
    );
    assert!(
        target.contains("qos=1") && target.contains("messageExpiry=28"),
        "whole seconds of what is left of 30: {target}"
    );
    assert!(!target.contains("retain=true"), "{target}");
    let record = world.record().await;
    assert_eq!(command["action"], "unlock");
    assert_eq!(command["version"], json!(record.version));
    assert_eq!(command["commandId"], json!(record.command.unwrap().id));
    world.handle(&world.press("DOUBLE", 2)).await.unwrap();
    let published = world.broker.take();
    assert_eq!(published[0].1["action"], "lock");
    assert!(
        !published[0].0.contains("messageExpiry"),
        "a lock never expires: {published:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_that_could_not_be_published_is_an_error_and_its_retry_publishes_the_same_command()
{
    let world = World::new().await;
    world.broker.answer(500);
    let event = world.press("LONG", 1);
    let error = world.handle(&event).await.unwrap_err();
    assert_eq!(error.code(), "publish");
    let committed = world.record().await;
    assert_eq!(committed.status, Status::Pending);
    world.broker.answer(200);
    world.handle(&event).await.unwrap();
    let published = world.broker.take();
    assert_eq!(published.len(), 1);
    assert_eq!(published[0].1["version"], json!(committed.version));
    assert_eq!(
        world.record().await.version,
        committed.version,
        "one press, one version"
    );
    world.handle(&event).await.unwrap();
    assert_eq!(
        world.broker.take(),
        [],
        "the second re-send waits for its turn"
    );
    let lines = world.lines(Subject::Lock(lock())).await;
    let presses = lines.iter().filter(|line| line.button.is_some());
    assert_eq!(presses.count(), 3, "command, re-send, and ignored");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_revoked_or_changed_behind_the_cache_is_obeyed() {
    let world = World::new().await;
    world.handle(&world.press("LONG", 1)).await.unwrap();
    table::disable(&world.cloud, &button(), NOW).await;
    world.broker.take();
    world.handle(&world.press("LONG", 2)).await.unwrap();
    assert_eq!(world.broker.take(), []);
    let lines = world.lines(Subject::Lock(lock())).await;
    let revoked = |line: &Event| line.reason.code() == "revoked";
    assert_eq!(lines.iter().filter(|line| revoked(line)).count(), 1);
    let before = NOW.minus(60_000);
    table::bind(&world.cloud, &button(), &lock(), before).await;
    world.handle(&world.press("LONG", 3)).await.unwrap();
    assert_eq!(
        world.broker.take().len(),
        1,
        "a cached refusal is checked in the table again"
    );
    let other = LockName::new("lock-2").unwrap();
    table::register(&world.cloud, &other, before).await;
    table::bind(&world.cloud, &button(), &other, before).await;
    world.handle(&world.press("DOUBLE", 4)).await.unwrap();
    assert!(
        world.broker.take()[0]
            .0
            .starts_with("/topics/remote-lock/lock-2?")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_recorded_and_not_retried() {
    let world = World::new().await;
    let cases = [
        (
            json!({"button": "button-1", "clickType": "TRIPLE", "receivedAt": 1, "pressId": "b1"}),
            "unknown-word",
        ),
        (
            json!({"button": "button-1", "receivedAt": 2, "pressId": "b2"}),
            "missing-field",
        ),
        (
            json!({"button": "button-1", "clickType": 7, "receivedAt": 3, "pressId": "b3"}),
            "wrong-type",
        ),
        (
            json!({
                "button": "button-1", "clickType": "S".repeat(9_000),
                "receivedAt": 4, "pressId": "b4"
            }),
            "oversize",
        ),
    ];
    let before = world.lines(Subject::Button(button())).await.len();
    for (event, code) in &cases {
        world.handle(event).await.unwrap();
        let lines = world.lines(Subject::Button(button())).await;
        assert!(
            lines.iter().any(|line| line.reason.code() == *code),
            "{event}"
        );
    }
    for event in [
        json!(null),
        json!("x"),
        json!({}),
        json!({"button": "a#b"}),
        json!({"thing": "lock-1", "button": "button-1"}),
    ] {
        world.handle(&event).await.unwrap();
    }
    assert_eq!(
        world.lines(Subject::Button(button())).await.len(),
        before + cases.len()
    );
    assert_eq!(world.record().await.version.0, 0, "nothing but lines");
    assert_eq!(world.broker.take(), []);
}

/// The event of a rule that delivers the payload encoded as a whole.
fn from_rule(world: &World, mut own: Value, payload: &[u8]) -> Value {
    own["receivedAt"] = json!(world.cloud.clock.now().0);
    own["payload"] = json!(BASE64.encode(payload));
    own
}

#[tokio::test(flavor = "multi_thread")]
async fn an_encoded_payload_acts_like_one_whose_fields_the_rule_names() {
    let world = World::new().await;
    let of_button = |id: &str| json!({"button": "button-1", "pressId": id, "principal": "ab12"});
    // Other fields of the payload have no effect.
    let payload =
        br#"{"clickType":"LONG","sequence":1,"button":"button-2","receivedAt":1,"principal":"x"}"#;
    let event = from_rule(&world, of_button("p1"), payload);
    world.handle(&event).await.unwrap();
    let [(_, command)] = &world.broker.take()[..] else {
        panic!("one command");
    };
    assert_eq!(command["action"], "unlock");
    let lines = world.lines(Subject::Lock(lock())).await;
    let line = lines.iter().find(|line| line.kind == Kind::Press).unwrap();
    let (principal, at) = (line.principal.as_deref(), line.at.0);
    assert_eq!(
        (principal, json!(at)),
        (Some("ab12"), event["receivedAt"].clone())
    );
    let payload = br#"{"action":"lock","requestId":"r1","actor":"alice"}"#;
    let event = from_rule(
        &world,
        json!({"thing": "lock-1", "principal": "cd34"}),
        payload,
    );
    world.handle(&event).await.unwrap();
    let published = world.broker.take();
    assert_eq!(published[0].1["action"], "lock");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_payload_leaves_a_line_with_its_reason() {
    let world = World::new().await;
    let good = r#"{"clickType":"SINGLE"}"#;
    let deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    // payload, code, and the words of the line that name the fault
    let cases = [
        (format!("\u{feff}{good}"), "malformed", "byte order mark"),
        (format!("{good}\0"), "malformed", "NUL"),
        ("SINGLE".to_owned(), "malformed", "not a JSON object"),
        (
            r#"{"clickType":1e400}"#.to_owned(),
            "wrong-type",
            "clickType",
        ),
        (
            format!(r#"{{"clickType":"SINGLE","sequence":{deep}}}"#),
            "wrong-type",
            "sequence",
        ),
    ];
    for (payload, code, words) in &cases {
        let button = format!("of-{words}").replace(' ', "-");
        let own = json!({"button": button, "pressId": "p1"});
        let event = from_rule(&world, own, payload.as_bytes());
        world.handle(&event).await.unwrap();
        let subject = Subject::Button(ButtonSerial::new(button.as_str()).unwrap());
        let lines = world.lines(subject).await;
        let [line] = &lines[..] else {
            panic!("{payload}: {lines:?}");
        };
        assert_eq!(line.reason.code(), *code, "{payload}");
        let detail = line.detail.as_deref().unwrap_or_default();
        assert!(detail.contains(words), "{payload}: {detail}");
        let own = json!({"thing": "lock-1"});
        let event = from_rule(&world, own, payload.as_bytes());
        world.handle(&event).await.unwrap();
    }
    let lines = world.lines(Subject::Lock(lock())).await;
    assert!(lines.iter().any(|line| line.reason.code() == "malformed"));
    // Events whose fields the rule names, and events without a sender.
    for text in [
        r#"{"button":"button-1","clickType":1e400,"receivedAt":5,"pressId":"p2"}"#,
        "1e400",
        "[]",
        r#"{"button":1e400}"#,
    ] {
        world.handle_text(text).await.unwrap();
    }
    let lines = world.lines(Subject::Button(button())).await;
    assert!(lines.iter().any(|line| line.reason.code() == "wrong-type"));
    assert_eq!(world.record().await.version.0, 0, "nothing but lines");
    assert_eq!(world.broker.take(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_button_is_ignored_in_its_own_history() {
    let world = World::new().await;
    let mut event = world.press("SINGLE", 1);
    event["button"] = json!("stranger");
    world.handle(&event).await.unwrap();
    let lines = world
        .lines(Subject::Button(ButtonSerial::new("stranger").unwrap()))
        .await;
    assert_eq!((lines.len(), lines[0].reason.code()), (1, "unknown-button"));
    assert_eq!(world.broker.take(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_acts_once_however_often_it_arrives() {
    let world = World::new().await;
    let event = json!({
        "thing": "lock-1", "action": "lock", "requestId": "r1", "actor": "alice",
        "receivedAt": NOW.0
    });
    world.handle(&event).await.unwrap();
    assert_eq!(world.broker.take().len(), 1);
    world.handle(&world.press("DOUBLE", 1)).await.unwrap();
    world.broker.take();
    let version = world.record().await.version;
    world.handle(&event).await.unwrap();
    assert_eq!(
        (world.broker.take().len(), world.record().await.version),
        (0, version)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_written_about_a_lock_that_is_not_registered() {
    let world = World::new().await;
    let stranger = LockName::new("stranger").unwrap();
    for event in [
        json!({"thing": "stranger", "action": "lock", "requestId": "r1", "receivedAt": NOW.0}),
        json!({"thing": "stranger", "action": "open", "requestId": "r2", "receivedAt": NOW.0}),
    ] {
        world.handle(&event).await.unwrap();
    }
    assert_eq!(world.lines(Subject::Lock(stranger.clone())).await, []);
    let record = world.cloud.store.read_record(&stranger).await.unwrap();
    assert_eq!(record, None);
    assert_eq!(world.broker.take(), []);
}

/// A genuine AWS `IoT` Button sends the form of `aws_lambda_events`. The rule adds the rest.
#[tokio::test(flavor = "multi_thread")]
async fn the_payload_of_a_genuine_aws_iot_button_is_understood() {
    let world = World::new().await;
    let payload: IoTButtonEvent = serde_json::from_value(json!({
        "serialNumber": "G030JF055364XVRB", "clickType": "LONG", "batteryVoltage": "2000 mV"
    }))
    .unwrap();
    let serial = payload.serial_number.unwrap();
    let button = ButtonSerial::new(serial.as_str()).unwrap();
    let before = NOW.minus(60_000);
    table::bind(&world.cloud, &button, &lock(), before).await;
    let event = json!({
        "button": serial, "clickType": payload.click_type,
        "batteryVoltage": payload.battery_voltage,
        "receivedAt": NOW.0, "pressId": "u1", "principal": "ab12"
    });
    world.handle(&event).await.unwrap();
    assert_eq!(world.broker.take().len(), 1);
    let binding = world
        .cloud
        .store
        .read_binding(&button)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(binding.battery_mv, Some(2_000));
}
