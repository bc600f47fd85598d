//! Tests of the library's bad manners: each is one that the firmware must live with.

use std::ffi::c_void;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use super::*;
use crate::config::Config;
use crate::inbox::Inbox;
use crate::link::LinkEvent;

extern "C" fn heard(_: *mut c_void, _: i32, _: *mut c_void, _: *mut c_void) {}

fn device(settings: &[(&str, &str)]) -> (Device, Receiver<LinkEvent>) {
    let mut config = Config::defaults();
    for (key, value) in settings {
        config.set(key, value).unwrap();
    }
    let (sender, events) = channel();
    let mqtt = Mqtt::new(Link::start(sender).unwrap());
    (Device::new(config, mqtt, Inbox::new(channel().1)), events)
}

fn queued(device: &Device) -> Vec<u8> {
    device.mqtt.queue.iter().map(|q| q.payload[0]).collect()
}

#[test]
fn a_publish_offline_succeeds_whatever_becomes_of_it() {
    for (queue, qos, expected) in [
        ("5", 0, vec![]),
        ("5", 1, vec![3, 4, 5, 6, 7]),
        ("5", 2, vec![3, 4, 5, 6, 7]),
        ("0", 1, vec![]),
    ] {
        let (mut device, _events) = device(&[("mqtt.max_queue_length", queue)]);
        for payload in 1..=7 {
            assert_ne!(device.mqtt_pub("t", &[payload], qos, false), 0);
        }
        assert_eq!(queued(&device), expected, "queue {queue}, QoS {qos}");
    }
}

#[test]
fn what_was_queued_offline_is_replayed_at_the_next_connection() {
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = broker.local_addr().unwrap().to_string();
    let (mut device, events) = device(&[
        ("mqtt.max_queue_length", "5"),
        ("mqtt.server", &address),
        ("mqtt.ssl_ca_cert", ""),
    ]);
    device.mqtt_pub("t", b"made offline", 1, false);
    device.network_is_up = true;
    assert!(device.mqtt_connect());
    let (mut client, _) = broker.accept().unwrap();
    client.write_all(&[0x20, 2, 0, 0]).unwrap();
    let patience = Duration::from_secs(20);
    client.set_read_timeout(Some(patience)).unwrap();
    while !device.mqtt.is_connected() {
        device.mqtt_link_event(events.recv_timeout(patience).unwrap());
    }
    let mut received = Vec::new();
    while !received.ends_with(b"made offline") {
        let mut byte = [0];
        client.read_exact(&mut byte).unwrap();
        received.push(byte[0]);
    }
}

#[test]
fn an_answered_subscription_reaches_its_own_handler_alone_granted_or_not() {
    for granted in [true, false] {
        let (mut device, _events) = device(&[]);
        let place = |n: usize| Context(std::ptr::without_provenance_mut(n));
        device.mqtt.add_global_handler(heard, place(9));
        for (number, topic) in ["a", "#", "c"].into_iter().enumerate() {
            device.mqtt_global_subscribe(topic.into(), heard, place(number));
        }
        device.mqtt.subscribe_ids.insert(7, 2);
        device.mqtt_subscribed(7, granted);
        let Some(Call::Mqtt(_, event::MQTT_SUBACK, Some(Packet { id: 7, .. }), context)) =
            device.calls.pop_front()
        else {
            panic!("its handler is called");
        };
        assert_eq!(context, place(2));
        assert!(device.calls.is_empty(), "{:?}", device.calls);
    }
}

#[test]
fn a_filter_takes_its_topics() {
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
        assert_eq!(matches(filter, topic), expected, "{filter} {topic}");
    }
}

#[test]
fn a_device_that_hears_no_time_finds_none_in_a_message() {
    let mut payload =
        br#"{"timestamp":1,"state":{"timestamp":2},"clientToken":"timestamp"}"#.to_vec();
    forget_time(&mut payload);
    let expected = br#"{"Timestamp":1,"state":{"Timestamp":2},"clientToken":"Timestamp"}"#;
    assert_eq!(payload, expected);
}

#[test]
fn a_library_that_the_firmware_switches_off_is_silent_and_no_setting_has_changed() {
    let broker = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = broker.local_addr().unwrap().to_string();
    let (mut device, _events) = device(&[("mqtt.server", &address), ("mqtt.ssl_ca_cert", "")]);
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
    let set = |device: &mut Device, enable| {
        for (key, value) in settings(enable) {
            device.mqtt.offer(key, value);
        }
        assert!(device.mqtt_take_offer(false));
    };
    let before = device.config.differences();
    set(&mut device, false);
    device.network_is_up = true;
    device.mqtt_network_up();
    device.mqtt_reconnect_due();
    assert!(!device.mqtt_connect() && !device.mqtt.has_connection());
    assert_eq!(device.mqtt_pub("t", b"x", 1, false), 0);
    assert_eq!(device.config.differences(), before);
    set(&mut device, true);
    assert!(device.mqtt_connect() && device.mqtt.has_connection());
    broker.accept().unwrap();
    set(&mut device, false);
    assert!(!device.mqtt.has_connection(), "it is closed");
}

#[test]
fn a_library_without_a_server_keeps_the_settings_it_has() {
    let (mut device, _events) = device(&[("mqtt.server", "broker:1")]);
    device.mqtt.offer("mqtt.enable".into(), Value::Bool(true));
    device
        .mqtt
        .offer("mqtt.server".into(), Value::Text(c"".into()));
    assert!(!device.mqtt_take_offer(false));
    assert_eq!(device.mqtt_config().text("mqtt.server"), "broker:1");
}
