//! A table, a topic and the function between them; events as the table's stream delivers them.

use announce::handler::{Handler, Options};
use announce::zone::Zone;
use lock_aws::clock::Clock;
use lock_aws::item::Key;
use lock_aws::{Access, Batch, Cloud, Notifier};
use lock_core::event::{Event, Kind, Subject};
use lock_core::limits::Limits;
use lock_core::reason::{Alert, Reason, Verdict};
use lock_core::report::{Latch, Source};
use lock_testing::bound::{NOW, button, lock};
use lock_testing::counter::Counter;
use lock_testing::stream::{change, failed};
use lock_testing::table;
use lock_testing::topic::{ARN, Sent, Topic};
use serde_json::{Value, json};

/// An address at which nothing listens: the function publishes to no device.
pub const NOWHERE: &str = "127.0.0.1:1";

pub struct World {
    pub topic: Topic,
    /// Between the function and its table.
    pub counter: Counter,
    pub notifier: Notifier,
    pub handler: Batch<Handler>,
    cloud: Cloud,
}

pub fn options(unlocks: bool) -> Options {
    Options {
        topic_arn: ARN.to_owned(),
        unlocks,
        zone: Zone::new("Europe/Berlin").unwrap(),
    }
}

impl World {
    pub async fn new(unlocks: bool) -> Self {
        let counter = Counter::start(table::start().await).await;
        let nowhere = NOWHERE.parse().unwrap();
        let cloud = table::client(counter.address, nowhere).with_clock(Clock::by_hand(NOW));
        table::create(cloud.store.client()).await;
        let topic = Topic::start().await;
        let access = Access {
            sns: Some(format!("http://{}", topic.address)),
            ..table::access(counter.address, nowhere)
        };
        let notifier = Notifier::new(&access, ARN);
        let handler = Batch(Handler::new(
            cloud.clone(),
            notifier.clone(),
            options(unlocks),
        ));
        Self {
            topic,
            counter,
            notifier,
            handler,
            cloud,
        }
    }

    /// The sequence numbers of the records that failed.
    pub async fn handle(&self, events: &Value) -> Vec<String> {
        let answer = self.handler.handle(events, NOW.plus(60_000)).await.unwrap();
        failed(&answer).into_iter().map(str::to_owned).collect()
    }

    /// Labels a lock or button, which is listed by it.
    pub async fn label(&self, subject: Subject, text: &str) {
        table::label(&self.cloud, &subject, text).await;
    }

    /// The end of life of each mark, in seconds.
    pub async fn marks(&self) -> Vec<u64> {
        let scan = self.cloud.store.client().scan().table_name(table::TABLE);
        let items = scan.send().await.unwrap().items.unwrap();
        let mut marks = Vec::new();
        for item in items {
            assert!(item["pk"].as_s().unwrap().starts_with("announced#lock#"));
            assert!(!item["sk"].as_s().unwrap().starts_with("event#"));
            marks.push(item["ttl"].as_n().unwrap().parse().unwrap());
        }
        marks
    }
}

/// The codes of messages, in the order in which they were sent.
pub fn codes(sent: &[Sent]) -> Vec<&str> {
    sent.iter()
        .map(|sent| sent.attributes["code"].as_str())
        .collect()
}

/// A report of the lock, the `number`th of the stream.
fn report(number: u64) -> Event {
    let subject = Subject::Lock(lock());
    let key = format!("shadow-{number}");
    Event::new(subject, Kind::Report, NOW, key, &Limits::default())
        .with_decision(Verdict::Settled, Reason::EXECUTED)
}

/// An event with these alerts, the `number`th of the stream.
pub fn alert(number: u64, alerts: &[Alert]) -> Event {
    Event {
        alerts: alerts.to_vec(),
        ..report(number)
    }
}

/// A report that the button has unlocked the lock, the `number`th of the stream.
pub fn unlock(number: u64) -> Event {
    Event {
        button: Some(button()),
        latch: Some(Latch::Unlocked),
        was: Some(Latch::Locked),
        source: Some(Source::Remote),
        ..report(number)
    }
}

pub fn inserted(event: &Event) -> Value {
    record("INSERT", event, &[("NewImage", event)])
}

pub fn modified(old: &Event, new: &Event) -> Value {
    record("MODIFY", new, &[("OldImage", old), ("NewImage", new)])
}

/// An event that its TTL removes.
pub fn gone(event: &Event) -> Value {
    let mut record = record("REMOVE", event, &[("OldImage", event)]);
    record["userIdentity"] = json!({"type": "Service", "principalId": "dynamodb.amazonaws.com"});
    record
}

fn record(name: &str, event: &Event, images: &[(&str, &Event)]) -> Value {
    let number = event.key.strip_prefix("shadow-").unwrap();
    change(name, number, &Key::event(event), images)
}
