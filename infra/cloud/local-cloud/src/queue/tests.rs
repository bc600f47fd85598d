//! One queue, step by step, at given times.

use std::time::Duration;

use tokio::time::Instant;

use super::standard::{Delivery, Depth, MESSAGE_WEIGHT_MAX, Moment, Setting, StandardQueue, Want};

const SENDER: &str = "AROALOCAL:tests";
const ALL: Want = Want {
    messages: 10,
    bytes: usize::MAX,
    visibility: None,
    holds: false,
};
/// The limits of an event source.
const HELD: Want = Want { holds: true, ..ALL };

struct Clocked {
    queue: StandardQueue,
    start: Instant,
}

fn setting() -> Setting {
    Setting {
        visibility: Duration::from_secs(30),
        delay: Duration::ZERO,
        retention: Duration::from_secs(3600),
        bytes_max: 1024,
        receives_max: None,
    }
}

fn queue(adjust: impl FnOnce(&mut Setting)) -> Clocked {
    let mut setting = setting();
    adjust(&mut setting);
    Clocked {
        queue: StandardQueue::new(setting),
        start: Instant::now(),
    }
}

impl Clocked {
    fn at(&self, second: u64) -> Moment {
        Moment {
            instant: self.start + Duration::from_secs(second),
            epoch_ms: 1_770_000_000_000 + second * 1000,
        }
    }

    fn send(&mut self, body: &str, second: u64) {
        let now = self.at(second);
        let sent = self
            .queue
            .send(format!("id-{body}"), body.to_owned(), SENDER, now);
        sent.expect("the message is valid");
    }

    /// Receives at this second: the messages, and the bodies of the removed ones.
    fn receive(&mut self, want: Want, second: u64) -> (Vec<Delivery>, Vec<String>) {
        let now = self.at(second);
        let (taken, dead) = self.queue.receive(want, now);
        (
            taken,
            dead.into_iter().map(|message| message.body).collect(),
        )
    }

    fn bodies(&mut self, second: u64) -> String {
        let (taken, _) = self.receive(ALL, second);
        let bodies: Vec<String> = taken.into_iter().map(|d| d.message.body).collect();
        bodies.join(" ")
    }

    fn depth(&mut self, second: u64) -> (usize, usize, usize) {
        let now = self.at(second);
        let Depth {
            visible,
            in_flight,
            delayed,
        } = self.queue.depth(now);
        (visible, in_flight, delayed)
    }
}

// AWS same(queue): a received message is hidden for the visibility timeout, then received again,
//     until it is deleted
// AWS same(queue): the receive count grows with each receive, the time of the first one stays
#[test]
fn a_message_is_received_again_until_it_is_deleted() {
    let mut clocked = queue(|_| {});
    clocked.send("a", 0);
    clocked.send("b", 1);
    assert_eq!(clocked.depth(1), (2, 0, 0));
    assert_eq!(clocked.bodies(2), "a b");
    assert_eq!(clocked.depth(2), (0, 2, 0));
    assert_eq!(clocked.bodies(31), "");
    let (again, _) = clocked.receive(ALL, 32);
    assert_eq!(again.len(), 2);
    assert_eq!(again[0].message.receives, 2);
    let first = clocked.at(2).epoch_ms;
    assert_eq!(again[0].message.first_received_ms, Some(first));
    assert!(clocked.queue.delete(&again[0].receipt));
    assert_eq!(clocked.bodies(62), "b");
    // An old receipt deletes nothing.
    assert!(!clocked.queue.delete(&again[1].receipt));
    assert_eq!(clocked.bodies(92), "b");
}

#[test]
fn a_receiver_gets_no_more_than_its_limits() {
    let mut clocked = queue(|_| {});
    for body in ["a", "b", "c"] {
        clocked.send(body, 0);
    }
    let weight = clocked.queue.messages().next().unwrap().weight();
    let rows = [
        // (messages, bytes, received)
        (1, usize::MAX, "a"),
        (10, weight, "b"),
        (10, weight - 1, ""),
        (10, weight * 2, "c"),
    ];
    for (messages, bytes, expected) in rows {
        let want = Want {
            messages,
            bytes,
            ..ALL
        };
        let (taken, _) = clocked.receive(want, 0);
        let bodies: Vec<_> = taken.iter().map(|d| d.message.body.as_str()).collect();
        assert_eq!(bodies.join(" "), expected, "{messages} {bytes}");
    }
    let want = Want {
        visibility: Some(Duration::from_secs(5)),
        ..ALL
    };
    assert_eq!(clocked.receive(want, 40).0.len(), 3);
    assert_eq!(clocked.bodies(44), "");
    assert_eq!(clocked.bodies(45), "a b c");
}

// AWS different(queue): a message becomes visible when its timeout is over, even while it is
//     processed; here not before its invocation has ended, as time_scale shortens the timeout but
//     not the processing
#[test]
fn a_held_message_stays_hidden_until_it_is_given_back() {
    let mut clocked = queue(|_| {});
    clocked.send("a", 0);
    let (held, _) = clocked.receive(HELD, 0);
    assert_eq!(clocked.bodies(100), "");
    assert_eq!(clocked.depth(100), (0, 1, 0));
    assert_eq!(clocked.queue.next_visible(), None);
    clocked.queue.give_back(&held[0].receipt);
    assert_eq!(clocked.bodies(100), "a");

    let mut clocked = queue(|_| {});
    clocked.send("a", 0);
    let (held, _) = clocked.receive(HELD, 0);
    clocked.queue.give_back(&held[0].receipt);
    // Given back before the timeout is over, it stays hidden until then.
    assert_eq!(clocked.bodies(29), "");
    let at = clocked.at(30).instant;
    assert_eq!(clocked.queue.next_visible(), Some(at));
    assert_eq!(clocked.bodies(30), "a");
}

// AWS same(queue): a message received maxReceiveCount times goes to the dead-letter queue instead
//     of being received once more, with its id, its time and its receive count
#[test]
fn a_message_received_too_often_is_removed() {
    let mut clocked = queue(|setting| setting.receives_max = Some(2));
    clocked.send("poison", 0);
    assert_eq!(clocked.bodies(0), "poison");
    assert_eq!(clocked.bodies(30), "poison");
    clocked.send("good", 59);
    let now = clocked.at(60);
    let (taken, dead) = clocked.queue.receive(ALL, now);
    assert_eq!(taken.len(), 1);
    assert_eq!(taken[0].message.body, "good");
    assert_eq!(dead.len(), 1);

    let mut letters = queue(|setting| setting.receives_max = Some(1));
    let now = letters.at(60);
    for message in dead {
        letters.queue.take_over(message, "arn:from", now);
    }
    let (taken, dead) = letters.receive(ALL, 61);
    assert!(dead.is_empty(), "the new queue counts from 0");
    let message = &taken[0].message;
    assert_eq!((message.id.as_str(), message.receives), ("id-poison", 3));
    assert_eq!(message.sent.epoch_ms, clocked.at(0).epoch_ms);
    assert_eq!(message.from.as_deref(), Some("arn:from"));
}

// AWS same(queue): DelaySeconds, MessageRetentionPeriod and MaximumMessageSize hold
#[test]
fn a_message_is_delayed_kept_and_limited_as_the_queue_says() {
    let mut clocked = queue(|setting| {
        setting.delay = Duration::from_secs(5);
        setting.retention = Duration::from_secs(60);
    });
    clocked.send("a", 0);
    assert_eq!(clocked.depth(4), (0, 0, 1));
    assert_eq!(clocked.bodies(4), "");
    assert_eq!(clocked.bodies(5), "a");
    assert_eq!(clocked.bodies(59), "a");
    assert_eq!(clocked.bodies(60 + 60), "");
    assert_eq!(clocked.depth(120), (0, 0, 0));

    let now = clocked.at(0);
    let mut send = |body: String| clocked.queue.send("id".to_owned(), body, SENDER, now);
    assert_eq!(send("x".repeat(1024)), Ok(()));
    let refused = send("x".repeat(1025)).unwrap_err();
    assert!(refused.contains("shorter than 1024 bytes"), "{refused}");
    for body in ["", "a\0b", "\u{1b}", "\u{ffff}"] {
        assert!(send(body.to_owned()).is_err(), "{body:?}");
    }
    assert_eq!(send("\t\r\n\u{e000}\u{1f511}".to_owned()), Ok(()));
}

#[test]
fn no_message_weighs_more_than_the_maximum() {
    for character in ['"', '\\', '\n', '\u{7f}', '\u{1f511}'] {
        let mut clocked = queue(|setting| setting.bytes_max = 1024 * 1024);
        let body: String =
            std::iter::repeat_n(character, 1024 * 1024 / character.len_utf8()).collect();
        let written = serde_json::to_string(&body).unwrap().len();
        clocked.send(&body, 0);
        let (taken, _) = clocked.receive(
            Want {
                bytes: MESSAGE_WEIGHT_MAX,
                ..ALL
            },
            0,
        );
        let weight = taken[0].message.weight();
        assert!(weight >= written, "{character:?}: {weight} < {written}");
    }
}
