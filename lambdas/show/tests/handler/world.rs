//! A table, a data plane and the function between them; changes as the stream delivers them.

use lock_aws::clock::Clock;
use lock_aws::item::Key;
use lock_aws::{Batch, Cloud};
use lock_core::binding::Binding;
use lock_core::event::{Event, Kind, Subject};
use lock_core::limits::Limits;
use lock_core::reason::{Alert, Reason, Verdict};
use lock_core::record::{Record, Reported, Status};
use lock_core::report::{Latch, ReportEvent, Source};
use lock_core::time::{UnixMillis, UnixSeconds};
use lock_testing::bound::{NOW, button, lock};
use lock_testing::broker::Broker;
use lock_testing::counter::Counter;
use lock_testing::stream::{change, failed};
use lock_testing::table;
use serde_json::{Value, json};
use show::handler::Handler;

pub struct World {
    /// What readers get.
    pub broker: Broker,
    /// Between the function and its table.
    pub counter: Counter,
    pub handler: Batch<Handler>,
    /// The table, through the counter.
    pub cloud: Cloud,
}

impl World {
    pub async fn new() -> Self {
        let counter = Counter::start(table::start().await).await;
        let broker = Broker::start().await;
        let cloud = table::client(counter.address, broker.address);
        let cloud = cloud.with_clock(Clock::by_hand(NOW));
        table::create(cloud.store.client()).await;
        let handler = Batch(Handler::new(cloud.clone(), Limits::default()));
        Self {
            broker,
            counter,
            handler,
            cloud,
        }
    }

    /// The sequence numbers of the changes that failed.
    pub async fn handle(&self, events: &Value) -> Vec<String> {
        let answer = self.handler.handle(events, NOW.plus(60_000)).await.unwrap();
        failed(&answer).into_iter().map(str::to_owned).collect()
    }

    /// Labels a lock or button, which is listed by it.
    pub async fn label(&self, subject: Subject, text: &str) {
        table::label(&self.cloud, &subject, text).await;
    }

    /// The messages on a topic since the last call, and whether the broker keeps each.
    pub fn published(&self, topic: &str) -> Vec<(bool, Value)> {
        let all = self.broker.take().into_iter();
        let on_topic = all.filter(|(target, _)| target.starts_with(topic));
        on_topic
            .map(|(target, message)| (target.contains("retain=true"), message))
            .collect()
    }
}

/// A settled record whose last report, used at `at`, shows this latch.
pub fn settled(state: Latch, at: UnixMillis) -> Record {
    let event = json!({
        "thing": "lock-1", "shadowVersion": 7, "timestamp": NOW.seconds().0,
        "reported": {
            "lock": state, "version": 0, "result": "none", "source": "remote", "bootCount": 1,
            "clock": "synced", "firmware": "2.0.0", "rssi": -61, "door": "closed"
        }
    });
    let report = ReportEvent::parse(&event).unwrap().report;
    let reported = Reported {
        report,
        shadow_version: 7,
        shadow_at: UnixSeconds(NOW.seconds().0),
        at,
    };
    Record {
        state,
        status: Status::Settled,
        reported: Some(reported),
        ..Record::created(lock(), NOW)
    }
}

/// A change of the lock's record, the `number`th of the stream; without `new` its removal.
pub fn of_record(number: u64, old: Option<&Record>, new: Option<&Record>) -> Value {
    let images = [("OldImage", old), ("NewImage", new)];
    let images = images.into_iter();
    let images: Vec<_> = images.filter_map(|(name, it)| Some((name, it?))).collect();
    let name = match (old, new) {
        (None, _) => "INSERT",
        (_, Some(_)) => "MODIFY",
        (_, None) => "REMOVE",
    };
    change(name, &number.to_string(), &Key::record(&lock()), &images)
}

/// A press of the button by which its battery is known, the `number`th of the stream.
pub fn of_binding(number: u64, old: &Binding, new: &Binding) -> Value {
    let images = [("OldImage", old), ("NewImage", new)];
    let key = Key::binding(&new.button);
    change("MODIFY", &number.to_string(), &key, &images)
}

/// A change of an event, the `number`th of the stream.
pub fn of_event(number: u64, old: Option<&Event>, new: &Event) -> Value {
    let name = if old.is_some() { "MODIFY" } else { "INSERT" };
    let images = [("OldImage", old), ("NewImage", Some(new))];
    let images: Vec<_> = images
        .into_iter()
        .filter_map(|(name, it)| Some((name, it?)))
        .collect();
    change(name, &number.to_string(), &Key::event(new), &images)
}

/// A report with these alerts.
pub fn alert(key: &str, alerts: &[Alert]) -> Event {
    let subject = Subject::Lock(lock());
    let event = Event::new(
        subject,
        Kind::Report,
        NOW,
        key.to_owned(),
        &Limits::default(),
    );
    Event {
        alerts: alerts.to_vec(),
        ..event.with_decision(Verdict::Settled, Reason::EXECUTED)
    }
}

/// A report that the button has unlocked the lock.
pub fn unlock(key: &str) -> Event {
    Event {
        button: Some(button()),
        latch: Some(Latch::Unlocked),
        was: Some(Latch::Locked),
        source: Some(Source::Remote),
        ..alert(key, &[])
    }
}
