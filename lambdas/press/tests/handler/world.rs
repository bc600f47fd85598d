//! The press function with a lock and its button on a table that counts its calls, and a data plane
//! that can fail.

use lock_aws::Cloud;
use lock_aws::clock::Clock;
use lock_core::limits::Limits;
use lock_core::record::{Record, Status};
use lock_core::report::Latch;
use lock_testing::bound::{NOW, button, lock};
use lock_testing::broker::Broker;
use lock_testing::counter::Counter;
use lock_testing::table;
use press::handler::Handler;
use serde_json::{Value, json};

/// A process of the function, and what it works on.
pub struct World {
    pub broker: Broker,
    pub counter: Counter,
    pub cloud: Cloud,
    pub handler: Handler,
}

impl World {
    pub async fn new() -> Self {
        let broker = Broker::start().await;
        let counter = Counter::start(table::start().await).await;
        let cloud = table::client(counter.address, broker.address);
        table::create(cloud.store.client()).await;
        let cloud = cloud.with_clock(Clock::by_hand(NOW));
        let before = NOW.minus(60_000);
        table::register(&cloud, &lock(), before).await;
        table::bind(&cloud, &button(), &lock(), before).await;
        let handler = Handler::new(cloud.clone(), Limits::default());
        counter.take();
        Self {
            broker,
            counter,
            cloud,
            handler,
        }
    }

    /// Another process on the same table.
    pub fn another(&self) -> Self {
        // A process notes the deployment's limits once, so each has its own client.
        let cloud = table::client(self.counter.address, self.broker.address);
        let cloud = cloud.with_clock(self.cloud.clock.clone());
        Self {
            broker: self.broker.clone(),
            counter: self.counter.clone(),
            handler: Handler::new(cloud.clone(), Limits::default()),
            cloud,
        }
    }

    /// A press received now.
    pub fn press(&self, click: &str, sequence: u64) -> Value {
        json!({
            "button": "button-1", "clickType": click, "batteryVoltage": "1568mV",
            "sequence": sequence, "receivedAt": self.cloud.clock.now().0,
            "pressId": format!("p{sequence}"), "principal": "ab12"
        })
    }

    /// The lock answers its command, or moves by itself.
    pub async fn settle(&self, state: Latch) {
        self.leave(Status::Settled, state).await;
    }

    /// Leaves the record in a status and state, which is not counted.
    pub async fn leave(&self, status: Status, state: Latch) {
        table::leave(&self.cloud, &lock(), status, state).await;
        self.counter.take();
    }

    pub async fn record(&self) -> Record {
        let record = self.cloud.store.read_record(&lock()).await;
        record.unwrap().unwrap()
    }
}
