//! Commits on a table that fails: a retry with the same token, an error that says whether the
//! outcome is known, and a new decision after reading again.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use lock_aws::{Cloud, Committed, Conflict, PerformError, Performed, Steps};
use lock_core::limits::{DECISIONS_MAX, Limits};
use lock_core::name::LockName;
use lock_core::record::{Record, Status};
use lock_core::time::UnixMillis;
use lock_core::write::Writes;
use lock_core::{Decision, decide_recover};
use lock_testing::message::read_message;
use lock_testing::table;
use serde_json::Value;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

const NOW: UnixMillis = UnixMillis(1_763_779_512_345);

/// How the proxy fails one write.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// Answered with this status and error; not forwarded to the table.
    Refused(u16, &'static str),
    /// Forwarded to the table; the connection closes without an answer.
    AnswerLost,
}

/// A proxy of a table: applies its faults to the first writes, in order, and forwards the rest.
#[derive(Clone)]
struct Proxy {
    table: SocketAddr,
    faults: Arc<Mutex<Vec<Fault>>>,
    transactions: Arc<Mutex<Vec<Value>>>,
}

struct World {
    proxy: Proxy,
    /// Calls the table through the proxy.
    cloud: Cloud,
    decision: Decision,
}

fn lock() -> LockName {
    LockName::new("lock-1").unwrap()
}

impl World {
    async fn new(faults: &[Fault]) -> Self {
        let table = table::start().await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let cloud = table::client(
            listener.local_addr().unwrap(),
            "127.0.0.1:9".parse().unwrap(),
        );
        let proxy = Proxy {
            table,
            faults: Arc::new(Mutex::new(faults.to_vec())),
            transactions: Arc::default(),
        };
        let serving = proxy.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        table::create(cloud.store.client()).await;
        let direct = table::client(table, "127.0.0.1:9".parse().unwrap());
        table::register(&direct, &lock(), NOW).await;
        let settled = Record {
            status: Status::Unresponsive,
            ..Record::created(lock(), NOW)
        };
        let decision = decide_recover(&settled, None, None, NOW.plus(1), &Limits::default());
        Self {
            proxy,
            cloud,
            decision,
        }
    }

    async fn version(&self) -> u64 {
        let record = self.cloud.store.read_record(&lock()).await.unwrap();
        record.unwrap().version.0
    }

    /// The tokens of all transactions that were sent.
    fn tokens(&self) -> Vec<String> {
        let sent = self.proxy.transactions.lock().unwrap();
        let token = |body: &Value| body["ClientRequestToken"].as_str().unwrap().to_owned();
        sent.iter().map(token).collect()
    }
}

impl Proxy {
    async fn serve(self, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        while let Some((head, body)) = read_message(&mut stream, &mut bytes).await {
            let mut fault = None;
            let is_write = ["TransactWriteItems", "PutItem", "UpdateItem"];
            if is_write.iter().any(|write| head.contains(write)) {
                let body = serde_json::from_slice(&body).unwrap();
                self.transactions.lock().unwrap().push(body);
                let mut faults = self.faults.lock().unwrap();
                fault = (!faults.is_empty()).then(|| faults.remove(0));
            }
            if let Some(Fault::Refused(status, error)) = fault {
                let answer = format!(
                    "{{\"__type\":\"com.amazonaws.dynamodb.v20120810#{error}\",\"message\":\"-\"}}"
                );
                let answer = format!(
                    "HTTP/1.1 {status} -\r\ncontent-length: {}\r\n\r\n{answer}",
                    answer.len()
                );
                stream.write_all(answer.as_bytes()).await.unwrap();
                continue;
            }
            let mut table = TcpStream::connect(self.table).await.unwrap();
            table.write_all(head.as_bytes()).await.unwrap();
            table.write_all(&body).await.unwrap();
            let answer = read_message(&mut table, &mut Vec::new()).await.unwrap();
            if fault.is_some() {
                return;
            }
            stream.write_all(answer.0.as_bytes()).await.unwrap();
            stream.write_all(&answer.1).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_without_an_answer_is_retried_with_the_same_token_and_made_once() {
    let world = World::new(&[Fault::AnswerLost, Fault::AnswerLost]).await;
    let committed = world
        .cloud
        .store
        .commit(&world.decision.writes)
        .await
        .unwrap();
    assert_eq!(committed, Committed::Done, "not a conflict with itself");
    assert_eq!(world.version().await, NOW.plus(1).0);
    let tokens = world.tokens();
    assert_eq!(tokens.len(), 3);
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outcome_that_stays_unknown_is_reported_and_the_table_read_again() {
    let world = World::new(&[Fault::AnswerLost; 3]).await;
    let error = world
        .cloud
        .store
        .commit(&world.decision.writes)
        .await
        .unwrap_err();
    assert!(error.unknown, "{error:?}");
    assert_eq!(
        world.version().await,
        NOW.plus(1).0,
        "it was made, as a read shows"
    );
    let world = World::new(&[Fault::AnswerLost; 3]).await;
    let mut steps = Steps::default();
    let performed = world
        .cloud
        .commit(&world.decision, &mut steps)
        .await
        .unwrap();
    assert_eq!(performed, Performed::Again(None));
    let PerformError::Store(kept) = steps.exhausted() else {
        panic!("the last failure is the error");
    };
    assert!(kept.unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_and_conflicts_are_busy_and_never_unknown() {
    for error in [
        "ThrottlingException",
        "ProvisionedThroughputExceededException",
        "TransactionInProgressException",
    ] {
        let world = World::new(&[Fault::Refused(400, error); 3]).await;
        let before = world.version().await;
        let committed = world
            .cloud
            .store
            .commit(&world.decision.writes)
            .await
            .unwrap();
        assert_eq!(committed, Committed::Conflict(Conflict::Busy), "{error}");
        assert_eq!(world.tokens().len(), 3, "{error} is tried again");
        assert_eq!(world.version().await, before, "{error}: nothing was made");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_cannot_be_written_now_is_busy_and_one_that_is_there_is_done() {
    let busy = || Committed::Conflict(Conflict::Busy);
    for (error, wanted) in [
        ("TransactionConflictException", Some(busy())),
        ("ThrottlingException", Some(busy())),
        ("ConditionalCheckFailedException", Some(Committed::Done)),
        ("AccessDeniedException", None),
    ] {
        let world = World::new(&[Fault::Refused(400, error); 3]).await;
        let line = Writes::event_only(world.decision.writes.event.clone());
        let committed = world.cloud.store.commit(&line).await;
        assert_eq!(committed.as_ref().ok(), wanted.as_ref(), "{committed:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_error_that_no_retry_cures_is_returned_at_once() {
    let world = World::new(&[Fault::Refused(400, "AccessDeniedException")]).await;
    let mut steps = Steps::default();
    let error = world
        .cloud
        .commit(&world.decision, &mut steps)
        .await
        .unwrap_err();
    assert_eq!((error.code(), world.tokens().len()), ("store", 1));
    assert_eq!(
        lock_aws::chain(&error),
        "commit the decision about lock-1 in table remote-lock: AccessDeniedException: -"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn exhausted_attempts_end_in_a_clear_error() {
    let attempts = DECISIONS_MAX as usize * 3;
    let world = World::new(&vec![Fault::Refused(400, "ThrottlingException"); attempts]).await;
    let before = world.version().await;
    let mut steps = Steps::default();
    while steps.may_decide() {
        let performed = world
            .cloud
            .commit(&world.decision, &mut steps)
            .await
            .unwrap();
        assert_eq!(performed, Performed::Again(Some(Conflict::Busy)));
    }
    assert_eq!(steps.exhausted().code(), "contention");
    assert_eq!(world.tokens().len(), attempts);
    assert_eq!(world.version().await, before);
}
