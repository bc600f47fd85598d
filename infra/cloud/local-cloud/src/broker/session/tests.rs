//! Order, take-over and expiry of sessions.

use super::super::message::Message;

use super::*;

fn message(topic: &str, qos: Qos) -> Delivery {
    let mut message = Message::from_cloud(topic.to_owned(), Vec::new());
    message.qos = qos;
    Delivery::new(Arc::new(message), qos)
}

fn detach(session: &Session, link: &Arc<Link>, now_ms: u64) -> Vec<String> {
    session.detach(link, now_ms).filters
}

fn attach(clean: bool, expiry_ms: u64, now_ms: u64) -> Attach {
    Attach {
        clean,
        expiry_ms,
        version: Version::V3_1_1,
        now_ms,
        principal: Some("p".to_owned()),
    }
}

fn drain(session: &Session, link: &Arc<Link>) -> Vec<String> {
    std::iter::from_fn(|| session.next(link, 100, || Some(9)))
        .map(|(d, _)| d.message.topic.clone())
        .collect()
}

#[test]
fn unacknowledged_messages_are_sent_again_first_and_in_order() {
    let session = Session::new("c");
    let first = session.attach(attach(false, 1000, 0)).link;
    for topic in ["1", "2", "3"] {
        session.enqueue(message(topic, Qos::AtLeastOnce));
    }
    for id in [1, 2] {
        assert!(session.next(&first, 100, || Some(id)).is_some());
    }
    session.acknowledged(&first, 1);
    detach(&session, &first, 0);
    session.enqueue(message("lost", Qos::AtMostOnce));
    session.enqueue(message("4", Qos::AtLeastOnce));
    let second = session.attach(attach(false, 1000, 10));
    assert!(second.session_present);
    assert_eq!(drain(&session, &second.link), ["2", "3", "4"]);
}

// AWS same(broker): a persistent session of MQTT 3.1.1 ends one hour after its connection
#[test]
fn a_session_is_forgotten_when_clean_expired_or_of_another_version() {
    let rows = [
        ("resumed", attach(false, 1000, 999), true),
        ("expired", attach(false, 1000, 1000), false),
        ("clean", attach(true, 1000, 1), false),
        (
            "other version",
            Attach {
                version: Version::V5_0,
                ..attach(false, 1000, 1)
            },
            false,
        ),
    ];
    for (name, again, expected) in rows {
        let session = Session::new("c");
        let first = session.attach(attach(false, 1000, 0)).link;
        assert!(session.subscribe("a", Qos::AtLeastOnce, 50));
        assert!(detach(&session, &first, 0).is_empty());
        let second = session.attach(again);
        assert_eq!(second.session_present, expected, "{name}");
        assert_eq!(second.remainder.filters.is_empty(), expected, "{name}");
    }
}

#[test]
fn a_take_over_ends_the_old_connection_and_keeps_the_messages() {
    let session = Session::new("c");
    let first = session.attach(attach(false, 1000, 0)).link;
    session.enqueue(message("1", Qos::AtLeastOnce));
    let second = session.attach(attach(false, 1000, 0));
    assert_eq!(first.kicked(), Some(Kick::TakenOver));
    assert!(session.next(&first, 100, || Some(1)).is_none());
    assert!(detach(&session, &first, 0).is_empty());
    assert_eq!(drain(&session, &second.link), ["1"]);
}

#[test]
fn a_full_window_holds_messages_back() {
    let session = Session::new("c");
    let link = session.attach(attach(true, 0, 0)).link;
    session.enqueue(message("1", Qos::AtLeastOnce));
    session.enqueue(message("2", Qos::AtLeastOnce));
    assert!(session.next(&link, 1, || Some(1)).is_some());
    assert!(session.next(&link, 1, || Some(2)).is_none());
    session.acknowledged(&link, 1);
    assert!(session.next(&link, 1, || Some(2)).is_some());
}

#[test]
fn a_clean_session_hands_back_its_filters_at_the_end() {
    let session = Session::new("c");
    let link = session.attach(attach(true, 0, 0)).link;
    assert!(session.subscribe("a", Qos::AtMostOnce, 1));
    assert!(!session.subscribe("b", Qos::AtMostOnce, 1));
    assert_eq!(detach(&session, &link, 0), ["a"]);
}

// AWS same(broker): versionNumber starts again at 0 after about an hour offline
#[test]
fn connections_are_numbered_until_the_client_was_away_for_an_hour() {
    let session = Session::new("c");
    let mut now_ms = 0;
    for (away_ms, expected) in [(0, 0), (1, 1), (3_599_999, 2), (3_600_000, 0), (5, 1)] {
        now_ms += away_ms;
        let attached = session.attach(attach(true, 0, now_ms));
        assert_eq!(attached.number, expected, "after {away_ms} ms");
        detach(&session, &attached.link, now_ms);
    }
}
