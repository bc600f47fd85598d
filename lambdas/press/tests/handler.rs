//! The press function's way through a real table and a data plane that sometimes fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "../../lock-aws/tests/table/broker.rs"]
mod broker;
#[path = "../../lock-aws/tests/table/local.rs"]
mod local;

use aws_lambda_events::event::iot_button::IoTButtonEvent;
use broker::Broker;
use lock_aws::PerformError;
use lock_aws::{Cloud, clock};
use lock_core::binding::Actions;
use lock_core::event::{Event, Subject};
use lock_core::limits::Limits;
use lock_core::name::{ButtonSerial, LockName};
use lock_core::record::{Record, Status};
use lock_core::time::UnixMillis;
use press::handler::Handler;
use serde_json::{Value, json};

struct World {
    broker: Broker,
    cloud: Cloud,
    handler: Handler,
}

fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

fn button() -> ButtonSerial {
    ButtonSerial::new("button-1").unwrap()
}

impl World {
    async fn new() -> World {
        let broker = Broker::start().await;
        let cloud = local::cloud(broker.address).await;
        cloud
            .store
            .bind(&button(), &lock(), &Actions::default(), clock::now())
            .await
            .unwrap();
        let handler = Handler::new(cloud.clone(), Limits::default());
        World {
            broker,
            cloud,
            handler,
        }
    }

    /// Time enough for a few tries of a publish.
    async fn handle(&self, event: &Value) -> Result<(), PerformError> {
        self.handler.handle(event, clock::now().plus(2_000)).await
    }

    async fn record(&self) -> Record {
        self.cloud
            .store
            .read_record(&lock())
            .await
            .unwrap()
            .unwrap()
    }

    async fn lines(&self, subject: Subject) -> Vec<Event> {
        self.cloud
            .store
            .history(&subject, 99, UnixMillis(0))
            .await
            .unwrap()
    }
}

fn press(click: &str, sequence: u64) -> Value {
    json!({"button": "button-1", "clickType": click, "batteryVoltage": "1568mV", "sequence": sequence,
           "receivedAt": clock::now().0, "pressId": format!("p{sequence}"), "principal": "ab12"})
}

#[tokio::test(flavor = "multi_thread")]
async fn a_press_publishes_one_command_that_expires() {
    let world = World::new().await;
    world.handle(&press("LONG", 1)).await.unwrap();
    let published = world.broker.take();
    let [(target, command)] = &published[..] else {
        panic!("{published:?}")
    };
    assert!(
        target.starts_with("/topics/remote-lock/lock-1?"),
        "{target}"
    );
    assert!(
        target.contains("qos=1") && target.contains("messageExpiry=29"),
        "{target}"
    );
    assert!(!target.contains("retain=true"), "{target}");
    let record = world.record().await;
    assert_eq!(command["action"], "unlock");
    assert_eq!(command["version"], json!(record.version));
    assert_eq!(command["commandId"], json!(record.command.unwrap().id));
    world.handle(&press("DOUBLE", 2)).await.unwrap();
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
    let event = press("LONG", 1);
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
    assert_eq!(world.lines(Subject::Lock(lock())).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_revoked_or_changed_behind_the_cache_is_obeyed() {
    let world = World::new().await;
    world.handle(&press("LONG", 1)).await.unwrap();
    world
        .cloud
        .store
        .set_enabled(&button(), false)
        .await
        .unwrap();
    world.broker.take();
    world.handle(&press("LONG", 2)).await.unwrap();
    assert_eq!(world.broker.take(), []);
    let lines = world.lines(Subject::Lock(lock())).await;
    assert_eq!(lines[0].reason.code(), "revoked");
    world
        .cloud
        .store
        .set_enabled(&button(), true)
        .await
        .unwrap();
    world.handle(&press("LONG", 3)).await.unwrap();
    assert_eq!(
        world.broker.take().len(),
        1,
        "the cached refusal is asked again"
    );
    let other = LockName::new("lock-2").unwrap();
    world
        .cloud
        .store
        .bind(&button(), &other, &Actions::default(), clock::now())
        .await
        .unwrap();
    world.handle(&press("DOUBLE", 4)).await.unwrap();
    assert!(
        world.broker.take()[0]
            .0
            .starts_with("/topics/remote-lock/lock-2?")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_input_is_refused_written_down_and_not_retried() {
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
            json!({"button": "button-1", "clickType": "S".repeat(9_000), "receivedAt": 4, "pressId": "b4"}),
            "oversize",
        ),
    ];
    for (event, code) in &cases {
        world.handle(event).await.unwrap();
        let lines = world.lines(Subject::Button(button())).await;
        assert_eq!(lines[0].reason.code(), *code, "{event}");
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
        cases.len()
    );
    assert_eq!(world.record().await.version.0, 0, "nothing but lines");
    assert_eq!(world.broker.take(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_button_is_ignored_in_its_own_history() {
    let world = World::new().await;
    let mut event = press("SINGLE", 1);
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
    let event = json!({"thing": "lock-1", "action": "lock", "requestId": "r1", "actor": "alice", "receivedAt": clock::now().0});
    world.handle(&event).await.unwrap();
    assert_eq!(world.broker.take().len(), 1);
    world.handle(&press("DOUBLE", 1)).await.unwrap();
    world.broker.take();
    let version = world.record().await.version;
    world.handle(&event).await.unwrap();
    assert_eq!(
        (world.broker.take().len(), world.record().await.version),
        (0, version)
    );
}

/// AWS's own button speaks the shape that `aws_lambda_events` knows; the rule adds what the topic and the engine know.
#[tokio::test(flavor = "multi_thread")]
async fn the_payload_of_awss_own_button_is_understood() {
    let world = World::new().await;
    let payload: IoTButtonEvent = serde_json::from_value(
        json!({"serialNumber": "G030JF055364XVRB", "clickType": "LONG", "batteryVoltage": "2000 mV"}),
    )
    .unwrap();
    let serial = payload.serial_number.unwrap();
    let button = ButtonSerial::new(serial.as_str()).unwrap();
    world
        .cloud
        .store
        .bind(&button, &lock(), &Actions::default(), clock::now())
        .await
        .unwrap();
    let event = json!({"button": serial, "clickType": payload.click_type, "batteryVoltage": payload.battery_voltage,
                       "receivedAt": clock::now().0, "pressId": "u1", "principal": "ab12"});
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
