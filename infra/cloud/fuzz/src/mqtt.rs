//! The broker: for any bytes of a client it answers with whole packets, ends the connection, and
//! serves other clients.
//!
//! An input holds a byte that says how it is cut, then what the client sends; see `script.rs`. A
//! second client, the witness, subscribes to everything: it must receive nothing that the first
//! client's policy forbids, and must be served as before.

mod frame;
mod script;
mod witness;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use local_cloud::Account;
use local_cloud::broker::Broker;
use local_cloud::clock::Clock;
use local_cloud::event::EventBus;
use local_cloud::fault::Faults;
use local_cloud::registry::Setting;
use local_cloud::{Panicked, Registry};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use script::Script;
use witness::Witness;

/// Longest wait for an answer; only a busy machine delays it.
const DEADLINE: Duration = Duration::from_secs(60);
/// Fixed time, so that an input always has the same effect.
const NOW_MS: u64 = 1_763_779_512_345;
/// More than the broker can answer to a fuzzer's input.
const ANSWER_BYTES_MAX: usize = 8 << 20;
const PIPE_BYTES: usize = 1 << 20;

/// What all inputs share, since creating certificates is slow.
struct Ground {
    registry: Registry,
    runtime: Runtime,
    /// Certificate of the client under test, DER.
    client: Vec<u8>,
    /// Certificate of the witness.
    witness: Vec<u8>,
}

/// Prepares what all inputs share.
pub fn prepare() {
    let _ = shared();
}

/// Checks one input.
pub fn check(bytes: &[u8]) {
    for answer in answers(bytes) {
        check_answer(&answer);
    }
}

/// What the broker answers, connection by connection.
fn answers(bytes: &[u8]) -> Vec<Vec<u8>> {
    let ground = shared();
    ground.runtime.block_on(async {
        let done = timeout(DEADLINE, play(ground, &Script::parse(bytes))).await;
        done.expect("the broker neither answers nor ends")
    })
}

fn shared() -> &'static Ground {
    static GROUND: OnceLock<Ground> = OnceLock::new();
    GROUND.get_or_init(ground)
}

/// The registry, with a client that may use `open/` and a witness that may do everything. The
/// client may also subscribe to `+/said`, so that only the check at delivery protects other topics.
fn ground() -> Ground {
    let setting = Setting {
        account: Account {
            id: "123456789012".to_owned(),
            region: "us-east-1".to_owned(),
        },
        data_dir: None,
        policies: Default::default(),
    };
    let registry = Registry::open(setting, clock()).expect("a registry in memory opens");
    let resources = [
        "client/fuzz*",
        "topic/open/*",
        "topicfilter/open/*",
        "topicfilter/+/said",
    ];
    let resources: Vec<String> = resources
        .iter()
        .map(|resource| registry.arn(resource))
        .collect();
    let some = json!([{"Effect": "Allow", "Action": "iot:*", "Resource": resources}]);
    let all = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    let issue = || registry.create_keys_and_certificate();
    let mut issued = [(); 2].map(|()| issue().expect("a certificate is issued"));
    // Ids are random: sorted, a look-up makes the same comparisons each time.
    issued.sort_by(|a, b| a.id.cmp(&b.id));
    let [client, witness] = [("some", some), ("all", all)].map(|(name, statements)| {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        let issued = &issued[usize::from(name == "all")];
        registry
            .create_policy(name, &document)
            .and_then(|()| registry.attach_policy(name, &issued.arn))
            .expect("a sound policy is attached");
        CertificateDer::from_pem_slice(issued.pem.as_bytes())
            .expect("an issued certificate is well-formed")
            .to_vec()
    });
    Ground {
        registry,
        runtime: Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime without sockets is made"),
        client,
        witness,
    }
}

async fn play(ground: &Ground, script: &Script) -> Vec<Vec<u8>> {
    let events = EventBus::new(clock());
    let faults = Faults::new(Vec::new(), 1, events.clone());
    let broker = Broker::new(ground.registry.clone(), events, clock(), faults.into());
    let (stream, witness_ended) = connect(&broker, &ground.witness);
    let mut witness = Witness::start(stream).await;

    let mut connections = Vec::new();
    for connection in &script.connections {
        let (mut stream, ended) = connect(&broker, &ground.client);
        for chunk in connection.chunks() {
            if stream.write_all(chunk).await.is_err() {
                // The broker has ended the connection.
                break;
            }
            tokio::task::yield_now().await;
        }
        // A message of the witness reaches the client if its policy permits.
        witness.speak("open/said").await;
        witness.speak("secret/said").await;
        connections.push((stream, ended));
    }
    let mut answers = Vec::new();
    for (mut stream, ended) in connections {
        // It fails if the broker has ended the connection.
        let _ = stream.shutdown().await;
        let mut answer = Vec::new();
        let mut stream = stream.take(ANSWER_BYTES_MAX as u64);
        let read = stream.read_to_end(&mut answer).await;
        read.expect("a pipe in memory is read");
        assert!(answer.len() < ANSWER_BYTES_MAX, "answers without end");
        let ended = ended.await.expect("a connection's task ends");
        ended.expect("the connection");
        answers.push(answer);
    }
    // By now all published messages have arrived, including last wills.
    witness.speak("open/last").await;
    drop(witness);
    let ended = witness_ended.await.expect("a connection's task ends");
    ended.expect("the witness's connection");
    answers
}

fn clock() -> Clock {
    Clock::stopped_at(NOW_MS)
}

type Ended = JoinHandle<Result<(), Panicked>>;

fn connect(broker: &Broker, certificate: &[u8]) -> (DuplexStream, Ended) {
    let (near, far) = tokio::io::duplex(PIPE_BYTES);
    let peer = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
    let (broker, certificate) = (broker.clone(), certificate.to_vec());
    let ended = tokio::spawn(async move { broker.converse(far, certificate, peer).await });
    (near, ended)
}

/// Checks that an answer has whole packets that a broker may send: CONNACK first, nothing after
/// DISCONNECT, and only allowed topics.
fn check_answer(answer: &[u8]) {
    let mut rest = answer;
    let mut count = 0;
    while !rest.is_empty() {
        let (packet, after) = frame::split(rest).expect("a packet is cut off or malformed");
        assert_eq!(
            packet.kind == frame::CONNACK,
            count == 0,
            "CONNACK is the first answer"
        );
        match packet.kind {
            frame::CONNACK => assert!(packet.body.len() >= 2, "CONNACK has flags and a code"),
            frame::PUBLISH => {
                assert!(packet.qos() <= 1, "QoS 2 to a client");
                let topic = packet.topic().expect("a topic");
                assert!(topic.starts_with("open/"), "{topic} is not for the client");
            }
            frame::PUBACK | frame::SUBACK | frame::UNSUBACK => {
                assert!(
                    packet.body.len() >= 2,
                    "an acknowledgement names its packet"
                );
            }
            frame::PINGRESP => assert!(packet.body.is_empty()),
            frame::DISCONNECT => assert!(after.is_empty(), "more after DISCONNECT"),
            other => panic!("a broker sends no packet of type {other}"),
        }
        rest = after;
        count += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;

    use super::*;

    #[test]
    fn the_corpus_makes_the_broker_say_all_that_it_can() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/corpus/mqtt");
        let mut kinds = BTreeSet::new();
        for entry in fs::read_dir(folder).unwrap() {
            let bytes = fs::read(entry.unwrap().path()).unwrap();
            for answer in answers(&bytes) {
                let mut rest = answer.as_slice();
                while let Some((packet, after)) = frame::split(rest) {
                    let is_refusal = packet.kind == frame::CONNACK && packet.body[1] != 0;
                    kinds.insert((packet.kind, is_refusal));
                    rest = after;
                }
            }
        }
        let all = [
            (frame::CONNACK, false),
            (frame::CONNACK, true),
            (frame::PUBLISH, false),
            (frame::PUBACK, false),
            (frame::SUBACK, false),
            (frame::UNSUBACK, false),
            (frame::PINGRESP, false),
            (frame::DISCONNECT, false),
        ];
        assert_eq!(kinds, BTreeSet::from(all));
    }

    #[test]
    fn an_answer_that_no_broker_may_give_is_found() {
        let connack = [0x20, 2, 0, 0];
        let rows: [(&str, &[u8]); 5] = [
            ("nothing before CONNACK", &[0xd0, 0]),
            ("no second CONNACK", &connack),
            ("no packet cut off", &[0x40, 2, 0]),
            ("no topic that is not allowed", &[0x30, 4, 0, 2, b'a', b'b']),
            ("nothing after DISCONNECT", &[0xe0, 0, 0xd0, 0]),
        ];
        for (rule, more) in rows {
            let is_first = rule.starts_with("nothing before");
            let answer = [if is_first { &[] } else { &connack[..] }, more].concat();
            let found = std::panic::catch_unwind(|| check_answer(&answer));
            assert!(found.is_err(), "{rule}");
        }
        check_answer(&connack);
    }
}
