//! What the board reads: what has changed, while somebody looks.

use lock_aws::item::Key;
use lock_core::event::{Event as Line, Kind as Happened, Subject};
use lock_core::limits::Limits;
use lock_core::time::UnixMillis;
use lock_testing::broker::Broker;
use lock_testing::counter::Counter;
use lock_testing::table;
use serde_json::json;

use super::*;

/// How long a step may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(60);

/// A board over a table whose calls are counted.
struct World {
    board: Arc<Board>,
    counter: Counter,
    cloud: Cloud,
}

impl World {
    /// A board of so many locks, each with a button.
    async fn with(locks: u16) -> Self {
        let broker = Broker::start().await;
        broker.hold_shadow(json!({ "state": { "reported": { "lock": "locked" } }, "version": 3 }));
        let counter = Counter::start(table::start().await).await;
        let cloud = table::client(counter.address, broker.address);
        table::create(cloud.store.client()).await;
        let mut things = BTreeMap::new();
        for i in 1..=locks {
            let lock = LockName::new(format!("lock-{i}")).expect("a name");
            table::register(&cloud, &lock, cloud.clock.now()).await;
            let button = ButtonSerial::new(format!("button-{i}")).expect("a name");
            table::bind(&cloud, &button, &lock, cloud.clock.now()).await;
            things.insert(lock.to_string(), Kind::Lock);
            things.insert(button.to_string(), Kind::Button);
        }
        let fleet = Arc::new(Fleet::new(Vec::new()));
        let name = table::TABLE.to_owned();
        let board = Board::new(cloud.clone(), name, fleet, &things).expect("names");
        let board = Arc::new(board);
        let kept = Arc::clone(&board);
        tokio::spawn(async move { kept.keep().await });
        counter.take();
        Self {
            board,
            counter,
            cloud,
        }
    }

    /// What the local cloud says of a press and of the lock's answer to it.
    fn press(&self) {
        let lock = LockName::new("lock-1").expect("a name");
        let button = ButtonSerial::new("button-1").expect("a name");
        let (subject, limits) = (Subject::Lock(lock.clone()), Limits::default());
        let line = |kind| Line::new(subject.clone(), kind, UnixMillis(7), "k".into(), &limits);
        let record = Key::record(&lock);
        let pressed = [
            &record,
            &Key::binding(&button),
            &Key::event(&line(Happened::Press)),
        ];
        self.say(written(&pressed));
        self.say(EventKind::ShadowUpdated {
            thing: lock.to_string(),
            version: 4,
        });
        self.say(written(&[&record, &Key::event(&line(Happened::Report))]));
        for kind in ["press", "report"] {
            self.say(EventKind::Completed {
                function: kind.to_owned(),
                request_id: "r".to_owned(),
                duration_ms: 7,
                outcome: "ok".to_owned(),
            });
        }
    }

    fn say(&self, kind: EventKind) {
        self.board.on_event(&Event { at_ms: 7, kind });
    }

    async fn look(&self) -> Look {
        let look = tokio::time::timeout(DEADLINE, self.board.sheet.look());
        look.await.expect("the board is kept")
    }

    /// The operations since the last call, in order of their names.
    fn calls(&self) -> Vec<String> {
        let calls = self.counter.take().into_iter().map(|call| call.operation);
        let mut calls: Vec<String> = calls.collect();
        calls.sort();
        calls
    }
}

fn written(keys: &[&Key]) -> EventKind {
    let key = |key: &&Key| {
        BTreeMap::from([
            ("pk".to_owned(), key.pk.clone()),
            ("sk".to_owned(), key.sk.clone()),
        ])
    };
    EventKind::Written {
        table: table::TABLE.to_owned(),
        keys: keys.iter().map(key).collect(),
    }
}

fn parse(frame: &Frame) -> Value {
    serde_json::from_str(&frame.text).expect("JSON")
}

#[tokio::test]
async fn a_press_costs_the_same_reads_whatever_the_number_of_locks() {
    for locks in [1, 50] {
        let world = World::with(locks).await;
        let first = world.look().await;
        assert_eq!(first.first.kind, "state");
        world.calls();
        world.press();
        // Everything that was touched before this look is read before its first frame.
        world.look().await;
        assert_eq!(
            world.calls(),
            ["GetItem", "GetItem", "Query"],
            "{locks} locks: the record, the binding and the history"
        );
    }
}

#[tokio::test]
async fn nothing_is_read_while_nobody_looks_and_the_next_look_is_fresh() {
    let world = World::with(2).await;
    drop(world.look().await);
    world.calls();
    let lock = LockName::new("lock-1").expect("a name");
    let (status, latch) = (
        lock_core::record::Status::Settled,
        lock_core::report::Latch::Unlocked,
    );
    table::leave(&world.cloud, &lock, status, latch).await;
    world.calls();
    for _ in 0..100 {
        world.press();
        tokio::task::yield_now().await;
    }
    assert_eq!(world.calls(), Vec::<String>::new());
    let shown = parse(&world.look().await.first);
    assert_eq!(shown["locks"][0]["record"]["state"], "unlocked", "{shown}");
    assert_eq!(world.calls(), ["GetItem", "GetItem", "Query"]);
}

#[tokio::test]
async fn a_frame_holds_what_differs_and_its_number_follows_the_last() {
    let world = World::with(3).await;
    let Look { first, mut frames } = world.look().await;
    let lock = LockName::new("lock-2").expect("a name");
    let (status, latch) = (
        lock_core::record::Status::Settled,
        lock_core::report::Latch::Unlocked,
    );
    table::leave(&world.cloud, &lock, status, latch).await;
    world.say(written(&[&Key::record(&lock)]));
    let next = loop {
        let next = tokio::time::timeout(DEADLINE, frames.recv()).await;
        let next = next.expect("a frame").expect("the board is there");
        if next.number > first.number {
            break next;
        }
    };
    assert_eq!((next.kind, next.number), ("change", first.number + 1));
    let change = parse(&next);
    assert_eq!(change["written"], json!(["lock-2"]), "{change}");
    let locks = change["locks"].as_object().expect("locks");
    assert_eq!(locks.keys().collect::<Vec<_>>(), ["lock-2"]);
    let fields = locks["lock-2"]["fields"].as_object().expect("fields");
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["record"]);
    assert_eq!(fields["record"]["state"], "unlocked");
    assert_eq!(parse(&world.board.sheet.whole())["number"], next.number);
}

#[tokio::test]
async fn a_failed_read_is_shown_and_repeated() {
    let world = World::with(1).await;
    let Look { mut frames, .. } = world.look().await;
    world.counter.refuse(Some("Query"));
    world.press();
    let shown = parse(&world.look().await.first);
    let error = shown["locks"][0]["error"].as_str().unwrap_or_default();
    assert!(error.contains("AccessDeniedException"), "{shown}");
    world.counter.refuse(None);
    let repeated = async {
        loop {
            let frame = parse(&frames.recv().await.expect("the board is there"));
            if frame["locks"]["lock-1"]["fields"]["error"] == Value::Null
                && frame["locks"]["lock-1"]["fields"]
                    .as_object()
                    .is_some_and(|fields| fields.contains_key("error"))
            {
                return;
            }
        }
    };
    let repeated = tokio::time::timeout(DEADLINE, repeated).await;
    repeated.expect("the read is repeated although nothing happens");
}

#[tokio::test]
async fn a_deleted_shadow_is_read_again() {
    let world = World::with(1).await;
    world.look().await;
    for (topic, is_shadow) in [
        ("$aws/things/lock-1/shadow/delete/accepted", true),
        ("$aws/things/lock-1/shadow/get/accepted", false),
        ("remote-lock/lock-1", false),
    ] {
        world.say(EventKind::Published {
            topic: topic.to_owned(),
            payload: Arc::from(&b"{}"[..]),
            client: None,
            qos: 0,
        });
        let stale = crate::lock(&world.board.content).stale.clone();
        let lock = LockName::new("lock-1").expect("a name");
        assert_eq!(stale.contains(&Part::Shadow(lock)), is_shadow, "{topic}");
        world.look().await;
    }
}
