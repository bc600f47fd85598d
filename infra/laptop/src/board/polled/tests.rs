//! What a polled board reads, and what it shows of it.

use lock_core::event::Subject;
use lock_core::limits::Limits;
use lock_core::name::ButtonSerial;
use lock_core::record::Status;
use lock_core::report::Latch;
use lock_testing::broker::Broker;
use lock_testing::counter::Counter;
use lock_testing::table;
use serde_json::{Value, json};

use super::*;
use crate::board::{Can, Frame, Look};

/// A board over a table whose calls are counted.
struct World {
    board: PolledBoard,
    broker: Broker,
    counter: Counter,
    cloud: Cloud,
}

impl World {
    /// A board of so many locks, each with a button.
    async fn with(locks: u16) -> Self {
        let broker = Broker::start().await;
        broker.hold_shadow(shadow(5));
        let counter = Counter::start(table::start().await).await;
        let cloud = table::client(counter.address, broker.address);
        table::create(cloud.store.client()).await;
        let limits = Limits::default();
        cloud.store.write_limits(&limits).await.expect("written");
        for i in 1..=locks {
            let (lock, button) = (lock(i), button(i));
            table::register(&cloud, &lock, cloud.clock.now()).await;
            table::bind(&cloud, &button, &lock, cloud.clock.now()).await;
        }
        let about = About {
            can: Can::default(),
            target: Some("stack a".to_owned()),
        };
        let explain = |error: &Error| format!("{error:#}; advice");
        let board = PolledBoard::new(cloud.clone(), about, explain);
        counter.take();
        Self {
            board,
            broker,
            counter,
            cloud,
        }
    }

    /// Looks while the board is read once.
    async fn look(&mut self) -> (Look, Read) {
        let sheet = Arc::clone(self.board.sheet());
        let look = tokio::spawn(async move { sheet.look().await });
        self.board.sheet().touched().await;
        let read = self.board.read(None).await;
        (look.await.expect("a look"), read)
    }

    /// The operations since the last call, in order of their names, each with how often.
    fn calls(&self) -> Vec<(String, usize)> {
        let mut calls = std::collections::BTreeMap::new();
        for call in self.counter.take() {
            *calls.entry(call.operation).or_default() += 1;
        }
        calls.into_iter().collect()
    }
}

/// A lock's shadow, read at this time in seconds.
fn shadow(read_at: u64) -> Value {
    json!({
        "state": { "reported": { "lock": "locked" } },
        "metadata": { "reported": { "lock": { "timestamp": 4 } } },
        "version": 3,
        "timestamp": read_at,
    })
}

fn lock(i: u16) -> LockName {
    LockName::new(format!("lock-{i}")).expect("a name")
}

fn button(i: u16) -> ButtonSerial {
    ButtonSerial::new(format!("button-{i}")).expect("a name")
}

fn parse(frame: &Frame) -> Value {
    serde_json::from_str(&frame.text).expect("JSON")
}

fn counted(calls: &[(&str, usize)]) -> Vec<(String, usize)> {
    calls
        .iter()
        .map(|&(name, count)| (name.to_owned(), count))
        .collect()
}

#[tokio::test]
async fn the_first_frame_has_everything_and_says_what_the_page_can_do() {
    let mut world = World::with(2).await;
    let (look, read) = world.look().await;
    assert_eq!(read, Read::Changed);
    let shown = parse(&look.first);
    assert_eq!(look.first.kind, "state");
    let can = json!({ "switch": false, "request": false, "trace": false });
    assert_eq!((&shown["can"], &shown["target"]), (&can, &json!("stack a")));
    assert_eq!(shown["locks"][1]["thing"], "lock-2");
    assert_eq!(shown["locks"][1]["shadow"]["reported"]["lock"], "locked");
    assert_eq!(shown["locks"][1]["history"][0]["kind"], "register");
    assert_eq!(shown["buttons"][1]["lock"], "lock-2");
}

#[tokio::test]
async fn a_read_that_finds_nothing_costs_the_same_whatever_the_number_of_locks() {
    for (locks, first, next) in [(3, 3, 3), (50, 50, IN_TURN)] {
        let mut world = World::with(locks).await;
        let _look = world.look().await;
        // The list, two batches, the limits once, and all histories.
        let lists = [("BatchGetItem", 2), ("GetItem", 1), ("Query", 1 + first)];
        assert_eq!(world.calls(), counted(&lists), "{locks} locks");
        world.broker.hold_shadow(shadow(6));
        assert_eq!(world.board.read(None).await, Read::Same);
        let lists = [("BatchGetItem", 2), ("Query", 1 + next)];
        assert_eq!(world.calls(), counted(&lists), "{locks} locks");
    }
}

#[tokio::test]
async fn every_history_has_its_turn() {
    let mut world = World::with(20).await;
    let (Look { mut frames, .. }, _) = world.look().await;
    // A line alone, as an ignored press leaves it.
    let line = lock_core::event::Event::new(
        Subject::Lock(lock(7)),
        lock_core::event::Kind::Press,
        world.cloud.clock.now(),
        "k".to_owned(),
        &Limits::default(),
    );
    let writes = lock_core::write::Writes::event_only(line);
    world.cloud.store.commit(&writes).await.expect("written");
    let mut turns = 0;
    while world.board.read(None).await == Read::Same {
        turns += 1;
        assert!(turns < 20_usize.div_ceil(IN_TURN), "lock-7 has no turn");
    }
    let change = loop {
        let frame = frames.recv().await.expect("a frame");
        if frame.kind == "change" {
            break parse(&frame);
        }
    };
    let locks = change["locks"].as_object().expect("locks");
    assert_eq!(locks.keys().collect::<Vec<_>>(), ["lock-7"]);
    let front = &locks["lock-7"]["lists"]["history"]["front"];
    assert_eq!(front.as_array().map(Vec::len), Some(1), "{change}");
}

#[tokio::test]
async fn a_lock_that_differs_is_read_closely_at_once() {
    let mut world = World::with(50).await;
    let _look = world.look().await;
    // Its turn is far off.
    table::leave(&world.cloud, &lock(49), Status::Settled, Latch::Unlocked).await;
    world.calls();
    assert_eq!(world.board.read(None).await, Read::Changed);
    let wanted = [("BatchGetItem", 2), ("Query", 2 + IN_TURN)];
    assert_eq!(world.calls(), counted(&wanted));
    let shown = world.board.sheet().last();
    let shown = &shown.locks["lock-49"];
    assert_eq!(shown["record"]["state"], "unlocked");
    assert_eq!(shown["history"][0]["kind"], "report");
    // Only what is named.
    let names = BTreeSet::from(["lock-3".to_owned(), "button-9".to_owned(), "x".to_owned()]);
    assert_eq!(world.board.read(Some(&names)).await, Read::Same);
    assert_eq!(world.calls(), counted(&[("BatchGetItem", 2), ("Query", 1)]));
}

#[tokio::test]
async fn another_lock_is_sent_as_a_whole_state() {
    let mut world = World::with(1).await;
    let (Look { first, mut frames }, _) = world.look().await;
    table::register(&world.cloud, &lock(2), world.cloud.clock.now()).await;
    assert_eq!(world.board.read(None).await, Read::Changed);
    let whole = loop {
        let frame = frames.recv().await.expect("a frame");
        if frame.number > first.number {
            break frame;
        }
    };
    assert_eq!((whole.kind, whole.number), ("state", first.number + 1));
    assert_eq!(parse(&whole)["locks"][1]["thing"], "lock-2");
}

#[tokio::test]
async fn what_fails_is_shown_with_what_was_known_until_it_succeeds() {
    let mut world = World::with(1).await;
    let _look = world.look().await;
    let known = world.board.sheet().last();
    world.counter.refuse(Some("BatchGetItem"));
    assert_eq!(world.board.read(None).await, Read::Failed);
    let shown = world.board.sheet().last();
    let error = shown.error.clone().unwrap_or_default();
    assert!(
        error.contains("AccessDeniedException") && error.ends_with("; advice"),
        "{error}"
    );
    assert_eq!(shown.locks, known.locks);
    world.counter.refuse(None);
    assert_eq!(world.board.read(None).await, Read::Changed);
    assert_eq!(world.board.sheet().last(), known);
}
