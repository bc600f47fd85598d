//! Tests of the library's surprises, each of which the firmware must handle.

use std::ffi::c_void;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;

extern "C" fn never_called(_: *mut c_void, _: i32, _: *mut c_void, _: *mut c_void) {}

/// A library before its first connection, the configuration, and the signals of its connections.
fn library(settings: &[(&str, &str)]) -> (Mqtt, Config, Receiver<Signal>) {
    let mut config = Config::defaults();
    for (key, value) in settings {
        config.set(key, value).unwrap();
    }
    let (sender, signals) = channel();
    (Mqtt::new(Link::start(sender).unwrap()), config, signals)
}

fn message(payload: &[u8], qos: u8) -> Publish {
    Publish {
        topic: "t".into(),
        payload: payload.to_vec(),
        qos,
        retain: false,
    }
}

#[test]
fn a_publish_offline_succeeds_even_if_it_is_lost() {
    for (queue, qos, expected) in [
        ("5", 0, vec![]),
        ("5", 1, vec![3, 4, 5, 6, 7]),
        ("5", 2, vec![3, 4, 5, 6, 7]),
        ("0", 1, vec![]),
    ] {
        let (mut mqtt, config, _signals) = library(&[("mqtt.max_queue_length", queue)]);
        for payload in 1..=7 {
            assert_ne!(mqtt.publish(&config, message(&[payload], qos)), 0);
        }
        let queued: Vec<u8> = mqtt
            .queue
            .entries
            .iter()
            .map(|q| q.message.payload[0])
            .collect();
        assert_eq!(queued, expected, "queue {queue}, QoS {qos}");
    }
}

#[test]
fn messages_queued_offline_are_sent_on_the_next_connection() {
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = broker.local_addr().unwrap().to_string();
    let (mut mqtt, config, signals) = library(&[
        ("mqtt.max_queue_length", "5"),
        ("mqtt.server", &address),
        ("mqtt.ssl_ca_cert", ""),
    ]);
    mqtt.publish(&config, message(b"made offline", 1));
    assert!(mqtt.connect(&config, true).is_none());
    let (mut client, _) = broker.accept().unwrap();
    client.write_all(&[0x20, 2, 0, 0]).unwrap();
    let patience = Duration::from_secs(20);
    client.set_read_timeout(Some(patience)).unwrap();
    while !mqtt.is_connected() {
        mqtt.receive(&config, signals.recv_timeout(patience).unwrap());
    }
    let mut received = Vec::new();
    while !received.ends_with(b"made offline") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        received.push(byte[0]);
    }
}

#[test]
fn a_suback_leads_to_a_call_of_its_own_handler_alone_granted_or_not() {
    for granted in [true, false] {
        let (mut mqtt, _config, _signals) = library(&[]);
        let context = |n: usize| Context(std::ptr::without_provenance_mut(n));
        mqtt.add_global_handler(never_called, context(9));
        for (number, topic) in ["a", "#", "c"].into_iter().enumerate() {
            mqtt.subscribe(topic.into(), never_called, context(number));
        }
        let effect = mqtt.receive_suback(2, 7, granted);
        let Effect::Call(Call::Mqtt(_, event::MQTT_SUBACK, Some(packet), of)) = effect else {
            panic!("its handler is called: {effect:?}");
        };
        assert_eq!((packet.id, of), (7, context(2)));
    }
}

#[test]
fn a_filter_matches_topics_as_the_library_reads_them() {
    for (filter, topic, expected) in [
        ("a/b", "a/b", true),
        ("a/b", "a/b/", true),
        ("a/b", "a/b//", true),
        ("a/b", "a/b///", false),
        ("a/b/", "a/b", true),
        ("a//b", "a//b", true),
        ("a//b", "a/b", false),
        ("a/b", "a", false),
        ("a/b", "a/c", false),
        ("a/b", "a/b/c", false),
        ("a/+", "a/b", true),
        ("a/+", "a", false),
        ("a/#", "a/b/c", true),
        ("#", "a", true),
        ("#", "", true),
        ("a", "", false),
        ("", "a", false),
    ] {
        assert_eq!(topic::matches(filter, topic), expected, "{filter} {topic}");
    }
}

#[test]
fn a_library_that_the_firmware_disables_is_silent_and_keeps_the_settings() {
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = broker.local_addr().unwrap().to_string();
    let (mut mqtt, config, _signals) =
        library(&[("mqtt.server", &address), ("mqtt.ssl_ca_cert", "")]);
    let settings = |enable| {
        let keys = [
            "mqtt.server",
            "mqtt.client_id",
            "mqtt.keep_alive",
            "mqtt.recv_mbuf_limit",
            "mqtt.clean_session",
            "mqtt.ssl_ca_cert",
            "mqtt.ssl_cert",
            "mqtt.ssl_key",
            "mqtt.reconnect_timeout_min",
            "mqtt.reconnect_timeout_max",
        ];
        let defaults = Config::defaults();
        let mut settings = BTreeMap::from([("mqtt.enable".to_owned(), Value::Bool(enable))]);
        settings.extend(keys.map(|key| (key.to_owned(), defaults.value(key).clone())));
        let server = Value::Text(std::ffi::CString::new(address.as_str()).unwrap());
        settings.insert("mqtt.server".into(), server);
        settings.insert("mqtt.ssl_ca_cert".into(), Value::Text(c"".into()));
        settings
    };
    let set = |mqtt: &mut Mqtt, enable| {
        for (key, value) in settings(enable) {
            mqtt.offer(&key, value);
        }
        assert!(mqtt.take_offer(false));
    };
    let before = config.differences();
    set(&mut mqtt, false);
    assert!(mqtt.wants_connection());
    assert!(mqtt.connect(&config, true).is_none() && !mqtt.has_connection());
    assert_eq!(mqtt.publish(&config, message(b"x", 1)), 0);
    assert_eq!(config.differences(), before);
    set(&mut mqtt, true);
    assert!(mqtt.connect(&config, true).is_none() && mqtt.has_connection());
    broker.accept().unwrap();
    set(&mut mqtt, false);
    assert!(!mqtt.has_connection(), "it is closed");
}

#[test]
fn a_library_offered_no_server_keeps_its_settings() {
    let (mut mqtt, config, _signals) = library(&[("mqtt.server", "broker:1")]);
    mqtt.offer("mqtt.enable", Value::Bool(true));
    mqtt.offer("mqtt.server", Value::Text(c"".into()));
    assert!(!mqtt.take_offer(false));
    assert_eq!(mqtt.settings(&config).text("mqtt.server"), "broker:1");
}
