//! What a sweep costs that finds nothing due: the fixed part behind the cost sheet.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use lock_aws::clock::Clock;
use lock_core::limits::Limits;
use lock_testing::bound::NOW;
use lock_testing::broker::Broker;
use lock_testing::cost::assert_counts;
use lock_testing::counter::Counter;
use lock_testing::table;
use sweep::handler::Handler;

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_with_nothing_due_costs_what_the_sheet_counts() {
    let broker = Broker::start().await;
    let counter = Counter::start(table::start().await).await;
    let cloud = table::client(counter.address, broker.address);
    table::create(cloud.store.client()).await;
    let cloud = cloud.with_clock(Clock::by_hand(NOW));
    let handler = Handler::new(cloud.clone(), Limits::default());
    let deadline = NOW.plus(50_000);
    // A process writes its limits once, after its first event.
    handler.handle(deadline).await.unwrap();
    counter.take();
    let sweep = handler.handle(deadline).await.unwrap();
    assert_eq!((sweep.seen, sweep.finished), (0, true));
    let (calls, published) = (counter.take(), broker.take().len());
    assert_counts("sweep, nothing due", &calls, published, &cloud).await;
}
