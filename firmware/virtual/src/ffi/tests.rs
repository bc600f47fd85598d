//! Tests of the generated C that passes the section of MQTT across the boundary.

use std::ffi::c_void;
use std::sync::mpsc::channel;

use crate::clock::Clock;
use crate::config::Config;
use crate::current::{install, with};
use crate::device::Device;
use crate::inbox::Inbox;
use crate::link::{Link, Signal};
use crate::mqtt::Mqtt;

unsafe extern "C" {
    fn mgos_sys_config_get_mqtt() -> *const c_void;
    fn mgos_mqtt_set_config(config: *const c_void) -> bool;
}

/// Installs a device and gives its library the configuration's own section.
fn install_with_section(enable: &str) {
    let mut config = Config::defaults();
    for (key, value) in [
        ("mqtt.enable", enable),
        ("mqtt.server", "broker:1"),
        ("mqtt.keep_alive", "77"),
        ("mqtt.reconnect_timeout_min", "2.5"),
    ] {
        config.set(key, value).unwrap();
    }
    let link = Link::start(channel::<Signal>().0).unwrap();
    let mut device = Device::new(config, Mqtt::new(link), Inbox::new(channel().1));
    device.clock = Clock::manual();
    install(device);
    // SAFETY: the device is installed on this thread and not borrowed.
    assert!(unsafe { mgos_mqtt_set_config(mgos_sys_config_get_mqtt()) });
}

#[test]
fn a_section_arrives_whole() {
    install_with_section("false");
    with(|d| {
        let own = d.mqtt.settings(&d.config);
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
fn the_section_of_the_configuration_itself_is_not_copied() {
    install_with_section("true");
    with(|d| {
        d.config.set("mqtt.keep_alive", "78").unwrap();
        assert_eq!(d.mqtt.settings(&d.config).int("mqtt.keep_alive"), 78);
    });
}
