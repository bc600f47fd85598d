//! Tests of what crosses the border by C of the shim's own, generated from the schema. They must not know what a setting means.

use std::ffi::c_void;
use std::sync::mpsc::channel;

use crate::clock::Clock;
use crate::config::Config;
use crate::device::{Device, install, with};
use crate::inbox::Inbox;
use crate::link::{Link, LinkEvent};
use crate::mqtt::Mqtt;

unsafe extern "C" {
    fn mgos_sys_config_get_mqtt() -> *const c_void;
    fn mgos_mqtt_set_config(config: *const c_void) -> bool;
}

/// A device whose library was given the configuration's own section.
fn given_the_section(enable: &str) {
    let mut config = Config::defaults();
    for (key, value) in [
        ("mqtt.enable", enable),
        ("mqtt.server", "broker:1"),
        ("mqtt.keep_alive", "77"),
        ("mqtt.reconnect_timeout_min", "2.5"),
    ] {
        config.set(key, value).unwrap();
    }
    let link = Link::start(channel::<LinkEvent>().0).unwrap();
    let mut device = Device::new(config, Mqtt::new(link), Inbox::new(channel().1));
    device.clock = Clock::still();
    install(device);
    // SAFETY: the device is installed on this thread and nobody holds it.
    assert!(unsafe { mgos_mqtt_set_config(mgos_sys_config_get_mqtt()) });
}

#[test]
fn a_section_that_was_given_arrives_whole() {
    given_the_section("false");
    with(|d| {
        let own = d.mqtt_config();
        assert!(!std::ptr::eq(own, &raw const d.config));
        let keys = d.config.keys().filter(|key| key.starts_with("mqtt."));
        let mut count = 0;
        for key in keys {
            assert_eq!(own.value(key), d.config.value(key), "{key}");
            count += 1;
        }
        assert_eq!(own.keys().count(), count);
        assert!(count > 10, "{count}");
    });
}

#[test]
fn the_configurations_own_section_is_not_copied() {
    given_the_section("true");
    with(|d| {
        d.config.set("mqtt.keep_alive", "78").unwrap();
        assert_eq!(d.mqtt_config().int("mqtt.keep_alive"), 78);
    });
}
