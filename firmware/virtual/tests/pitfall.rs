//! What Mongoose OS does that a firmware must not trip over, one by one. The virtual device does the same; each test fails for
//! a firmware that relies on better manners.
//!
//! | pitfall | met by |
//! |---|---|
//! | a publish "succeeds" offline, is lost or replayed later | `mqtt::tests::a_publish_offline_succeeds…`, `…what_was_queued_offline_is_replayed…`; `broker::a_press_made_offline_is_never_sent_later…` |
//! | PUBACK before the handler | [`a_command_is_acknowledged_before_it_is_handled`] |
//! | handlers see no retain flag; old sessions replay | `hostile::a_retained_unlock_of_long_ago_opens_nothing`; every CONNECT here is checked for a clean session |
//! | a SUBACK reaches the handler of its own subscription only, refused or not | `mqtt::tests::an_answered_subscription…`; `watchdog::a_broker_that_never_answers…`; every SUBSCRIBE here is checked |
//! | a topic with a slash too many is taken for the one without | `mqtt::tests::a_filter_takes_its_topics`; `hostile::a_message_on_a_topic…` |
//! | no timeout for TLS or CONNACK; a disconnect does not end a handshake | `hostile::silence_after_…` |
//! | messages are not NUL-terminated | [`a_command_without_its_last_byte_is_none_whatever_follows_it_in_memory`] |
//! | a JSON scanner that takes anything | [`json_that_mongoose_would_take_is_no_command`], [`calls_that_the_firmware_must_not_make_are_not_in_it`] |
//! | a publish says nothing of an answer, and one before the subscriptions is answered to nobody | `shadow::a_report_is_repeated_until_its_own_answer_comes`; `Session::grant_lock`: nothing comes before it |
//! | the shadow library crashes on a rejection without a message, and loses the connection to a long delta | not used: [`calls_that_the_firmware_must_not_make_are_not_in_it`]; `shadow::no_rejection_does_harm…`, `shadow::what_is_desired…` |
//! | an answer may be another client's | `shadow::whoever_else_writes…` |
//! | what the app sets in the configuration is kept by the next save: the aws library froze the thing's name so | not used: [`calls_that_the_firmware_must_not_make_are_not_in_it`]; `shadow::the_things_name_is_the_devices…` |
//! | no TLS settings mean plain text | [`without_any_setting_nothing_is_said_in_plain_text`] |
//! | a client certificate without an authority fails closed | [`a_certificate_without_an_authority_connects_to_nobody`] |
//! | TLS gives no time | [`tls_gives_no_time`] |
//! | dangerous defaults | `schema_tests::what_the_libraries_leave_open_is_open_there_and_closed_here` |
//! | debounce swallows quick taps | [`a_bounce_is_no_press_and_a_long_debounce_would_swallow_one`] |
//! | strict compiler flags | build.rs compiles with them |
//! | a callback that was removed years ago | [`calls_that_the_firmware_must_not_make_are_not_in_it`] |
//! | a malformed layer of the configuration is half applied | `config::tests::a_bad_layer_is_named…`; `schema_tests::the_files_of_the_image_are_valid_json…` |
//! | each SUBACK comes by itself | [`a_connection_is_reported_once`] |
//! | empty settings are NULL | `stdio::a_configuration_that_is_no_devices_is_refused` |
//! | the clock is set up to a second ahead | [`a_clock_a_second_ahead_still_opens`] |

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

/// A lock that knows the time and has taken lock command 1.
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
    // The broker will never send it again; only the cloud's own repetition can.
    session.until_acknowledged();
    assert_eq!(device.latches(), ["locked"]);
}

#[test]
fn a_command_without_its_last_byte_is_none_whatever_follows_it_in_memory() {
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
fn json_that_mongoose_would_take_is_no_command() {
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
fn without_any_setting_nothing_is_said_in_plain_text() {
    let certificates = Certificates::make();
    let (broker, flash) = (Broker::start(), flash());
    let _device = certificates.device(&broker, &flash, &["mqtt.ssl_cert=", "mqtt.ssl_key="]);
    let mut first = [0];
    let read = broker.connection().read_exact(&mut first);
    read.expect("the device speaks first");
    assert_eq!(first[0], 0x16, "a TLS handshake");
}

#[test]
fn a_certificate_without_an_authority_connects_to_nobody() {
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
fn a_bounce_is_no_press_and_a_long_debounce_would_swallow_one() {
    for (setting, heard) in [
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
        assert!(says(heard)(&lines[lines.len() - 1]), "{setting}: {lines:?}");
    }
}

#[test]
fn a_clock_a_second_ahead_still_opens() {
    let (_broker, _flash, mut device, mut session) = lock();
    device.say(r#"{"clock":{"offset_ms":990}}"#);
    device.say(r#"{"read":4}"#);
    device.until(|l| l["event"] == "level");
    session.command("unlock", 2);
    device.until(says("c-2: executed"));
    assert_eq!(device.latches(), ["locked", "unlocked"]);
}

#[test]
fn calls_that_the_firmware_must_not_make_are_not_in_it() {
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
