//! The metrics of the sweep function.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::MetricLevel::{All, Few, None};
use lock_aws::clock::Clock;
use lock_core::limits::Limits;
use lock_core::name::LockName;
use lock_core::record::Record;
use lock_testing::bound::NOW;
use lock_testing::broker::Broker;
use lock_testing::metric::{kept, line, take};
use lock_testing::table;
use serde_json::Value;
use sweep::handler::{FINISH_MS, Handler};

#[tokio::test(flavor = "multi_thread")]
async fn each_sweep_measures_how_long_the_oldest_record_has_waited() {
    for level in [None, Few, All] {
        let broker = Broker::start().await;
        let cloud = table::cloud(broker.address).await;
        let cloud = cloud
            .with_clock(Clock::by_hand(NOW))
            .with_metrics(kept(level));
        let handler = Handler::new(cloud.clone(), Limits::default());
        let deadline = NOW.plus(FINISH_MS + 1_000);
        let oldest = |ms| {
            let value = ("OldestPendingMs", "Milliseconds", ms);
            let written = line(&[("service", "sweep")], value, NOW);
            let wanted = (level != None).then_some(written);
            wanted.into_iter().collect::<Vec<Value>>()
        };
        Box::pin(handler.handle(deadline)).await.unwrap();
        assert_eq!(take(&cloud.metrics), oldest(0), "nothing is due");
        for (name, waits_ms) in [("lock-1", 70_000), ("lock-2", 5_000)] {
            let lock = LockName::new(name).unwrap();
            // A record is first due a while after its registration.
            let wait = Record::created(lock.clone(), NOW).due.due_at.since(NOW);
            table::register(&cloud, &lock, NOW.minus(wait + waits_ms)).await;
        }
        Box::pin(handler.handle(deadline)).await.unwrap();
        assert_eq!(take(&cloud.metrics), oldest(70_000), "two are due");
        Box::pin(handler.handle(deadline)).await.unwrap();
        assert_eq!(take(&cloud.metrics), oldest(0), "both wait again");
    }
}
