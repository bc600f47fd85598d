//! Pitfalls of Mongoose OS, and the tests that fail for a firmware that steps into them. The
//! virtual device behaves as Mongoose OS does.
//!
//! - A publish "succeeds" offline and is lost or replayed later:
//!   `mqtt::tests::a_publish_offline_succeeds_even_if_it_is_lost`,
//!   `mqtt::tests::messages_queued_offline_are_sent_on_the_next_connection`,
//!   `broker::a_press_made_offline_is_never_sent_later_even_if_the_library_would_queue_it`.
//! - A message is acknowledged before its handler runs:
//!   [`a_command_is_acknowledged_before_it_is_handled`].
//! - Handlers see no retain flag, and old sessions are replayed:
//!   `hostile::an_old_retained_unlock_opens_nothing`; every CONNECT here is checked for a clean
//!   session.
//! - A SUBACK reaches only the handler of its own subscription, granted or not, and each topic has
//!   its own: `mqtt::tests::a_suback_leads_to_a_call_of_its_own_handler_alone_granted_or_not`,
//!   `watchdog::a_broker_that_never_answers_a_subscription_is_given_up`,
//!   [`a_connection_is_reported_once`]; every SUBSCRIBE here is checked.
//! - A topic with a trailing slash matches the filter without it:
//!   `mqtt::tests::a_filter_matches_topics_as_the_library_reads_them`,
//!   `hostile::a_message_on_a_topic_without_a_subscription_is_ignored`.
//! - TLS and CONNACK have no timeout, and a disconnect does not end a handshake:
//!   `hostile::silence_after_tcp_is_given_up` and the tests after it.
//! - Messages are not NUL-terminated:
//!   [`a_command_without_its_last_byte_is_invalid_whatever_follows_it_in_memory`].
//! - The JSON scanner accepts almost anything:
//!   [`json_that_only_mongoose_accepts_is_not_a_command`].
//! - A publish does not know its answer, and an answer before the subscriptions is lost:
//!   `shadow::a_report_is_repeated_until_its_own_answer_arrives`; `Session::grant_lock` expects
//!   nothing before the subscriptions.
//! - An answer may be for another client:
//!   `shadow::a_foreign_write_or_deletion_of_the_report_is_answered_with_a_report`.
//! - The shadow library crashes on a rejection without a message and loses the connection to a long
//!   delta: `shadow::every_rejection_is_harmless_whatever_it_contains`,
//!   `shadow::a_desired_state_that_can_be_received_is_not_answered`; the firmware does not use it.
//! - A setting that the app changes is written by the next save, as the aws library does with the
//!   thing name: `shadow::the_thing_name_is_the_device_id_unless_it_is_set_and_is_not_saved`.
//! - Without TLS settings the connection is plain text:
//!   [`without_settings_nothing_is_sent_in_plain_text`].
//! - A client certificate without an authority fails closed:
//!   [`a_certificate_without_an_authority_never_connects`].
//! - TLS gives no time: [`tls_gives_no_time`].
//! - Defaults are dangerous: `schema::tests::what_the_libraries_leave_open_is_closed_by_the_image`.
//! - Debounce swallows quick taps: [`a_bounce_is_not_a_press_and_a_long_debounce_swallows_one`].
//! - A malformed layer of the configuration is applied in part:
//!   `config::tests::a_bad_layer_is_named_and_applied_up_to_the_error`.
//! - Calls that crash, freeze a setting or were removed:
//!   [`forbidden_calls_are_not_in_the_firmware`].

#[path = "harness/broker.rs"]
mod broker;
#[path = "harness/device.rs"]
mod device;
#[path = "harness/tls.rs"]
mod tls;

use std::io::Read as _;

use broker::{Broker, COMMANDS, Session, command_text};
use device::{Device, flash};
use serde_json::{Value, json};
use tempfile::TempDir;
use tls::Certificates;

/// A lock that knows the time and has executed lock command 1.
fn lock() -> (Broker, TempDir, Device, Session) {
    let (broker, flash) = (Broker::start(), flash());
    let device = broker.device(&flash, "lock", &["mqtt.reconnect_timeout_max=0.1"]);
    let mut session = broker.accept_lock("thing-1");
    session.sync();
    session.command("lock", 1);
    session.report(|r| r["version"] == 1);
    (broker, flash, device, session)
}

fn says(text: &str) -> impl Fn(&Value) -> bool {
    move |line| line["text"].as_str().is_some_and(|t| t.contains(text))
}

#[test]
fn a_command_is_acknowledged_before_it_is_handled() {
    let (_broker, _flash, mut device, mut session) = lock();
    device.say(r#"{"power_cut":"before-erase:1"}"#);
    device.say(r#"{"read":4}"#);
    device.until(|l| l["event"] == "level");
    session.command("unlock", 2);
    device.until(|l| l["event"] == "power_cut");
    // The broker never sends it again; only the cloud can repeat it.
    session.until_acknowledged();
    assert_eq!(device.latches(), ["locked"]);
}

#[test]
fn a_command_without_its_last_byte_is_invalid_whatever_follows_it_in_memory() {
    let (_broker, _flash, device, mut session) = lock();
    let whole = command_text("unlock", 2);
    for missing in 1..4 {
        session.send(COMMANDS, &whole[..whole.len() - missing]);
        device.until(says("lock: not a command"));
    }
    session.command("unlock", 2);
    device.until(says("c-2: executed"));
    assert_eq!(device.latches(), ["locked", "unlocked"]);
}

#[test]
fn json_that_only_mongoose_accepts_is_not_a_command() {
    let (_broker, _flash, device, mut session) = lock();
    let good = command_text("unlock", 2);
    for bad in [
        format!("{good}x"),
        format!("{good}{good}"),
        good.replace("\"v\"", "v"),
        good.replace("\"version\":2", "\"version\":\"2\""),
        good.replace("\"version\":2", "\"version\":1,\"version\":2"),
        good.replace("\"version\":2", "\"version\":2e0"),
        good.replace("\"unlock\"", "\"lock\",\"action\":\"unlock\""),
        good.replace("\"unlock\"", "unlock"),
        good.replace("\"c-2\"", "5"),
        good.replace('}', ""),
    ] {
        assert_ne!(bad, good);
        session.send(COMMANDS, &bad);
        device.until(says("lock: not a command"));
    }
    session.command("lock", 2);
    device.until(says("c-2: executed"));
    assert_eq!(device.latches(), ["locked"]);
}

#[test]
fn a_connection_is_reported_once() {
    let (broker, _flash, _device, session) = lock();
    drop(session);
    let mut session = broker.accept_lock("thing-1");
    assert_eq!(session.report(|_| true)["state"]["reported"]["version"], 1);
    session.command("lock", 2);
    assert_eq!(session.report(|_| true)["state"]["reported"]["version"], 2);
}

#[test]
fn without_settings_nothing_is_sent_in_plain_text() {
    let certificates = Certificates::make();
    let (broker, flash) = (Broker::start(), flash());
    let _device = certificates.device(&broker, &flash, &["mqtt.ssl_cert=", "mqtt.ssl_key="]);
    let mut first = [0];
    let read = broker.connection().read_exact(&mut first);
    read.expect("the device sends first");
    assert_eq!(first[0], 0x16, "a TLS handshake");
}

#[test]
fn a_certificate_without_an_authority_never_connects() {
    let certificates = Certificates::make();
    let (broker, flash) = (Broker::start(), flash());
    for setting in [
        "mqtt.ssl_ca_cert=",
        "mqtt.ssl_ca_cert=ca.pem",
        "mqtt.ssl_ca_cert=*",
    ] {
        let device = certificates.device(&broker, &flash, &[setting]);
        device.until(says("MQTT0 cannot connect"));
        assert!(broker.no_connection(), "{setting}");
    }
}

#[test]
fn tls_gives_no_time() {
    let certificates = Certificates::make();
    let (broker, flash) = (Broker::start(), flash());
    let device = certificates.device(&broker, &flash, &[]);
    let mut session = certificates.accept(broker.connection());
    session.take_connect().expect("TLS is up");
    session.write(&[0x20, 2, 0, 0]);
    session.grant_lock("thing-1");
    session.command("lock", 1);
    session.command("unlock", 2);
    session.report(|r| r["refused"]["reason"] == "clock");
    device.until(says("c-2: refused"));
    assert_eq!(device.latches(), ["locked"]);
}

#[test]
fn a_bounce_is_not_a_press_and_a_long_debounce_swallows_one() {
    for (setting, press) in [
        ("button.debounce_ms=50", "SINGLE"),
        ("button.debounce_ms=250", "LONG"),
    ] {
        let flash = flash();
        let mut device = Device::start(flash.path(), "button", &[setting]);
        device.until_ready();
        for level in [false, true, false, true] {
            device.say(&json!({"pin": {"number": 0, "level": level}}).to_string());
        }
        device.say(r#"{"press":"single"}"#);
        device.say(r#"{"press":"long"}"#);
        let lines = device.until(says("dropped: offline"));
        assert!(says(press)(&lines[lines.len() - 1]), "{setting}: {lines:?}");
    }
}

#[test]
fn forbidden_calls_are_not_in_the_firmware() {
    let mut files = 0;
    for folder in ["../core", "../src"] {
        for file in std::fs::read_dir(folder).expect("the firmware's folder can be read") {
            let path = file.expect("the firmware's folder can be read").path();
            let text = std::fs::read_to_string(&path).expect("the firmware is text");
            for call in [
                "json_scanf",
                "mgos_sys_config_save",
                "mgos_wifi_add_on_change_cb",
                "mgos_shadow_",
                "MGOS_SHADOW_",
                "mgos_aws_",
                "mgos_sys_config_set_aws",
                "mgos_sys_config_set_device",
                "mgos_mqtt_global_disconnect(",
            ] {
                assert!(!text.contains(call), "{call} in {}", path.display());
            }
            files += 1;
        }
    }
    assert!(files > 20, "{files} files");
}
