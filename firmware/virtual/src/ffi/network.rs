//! Events, MQTT and Wi-Fi, as the firmware calls them.
//!
//! Must not know: what a message means.
#![allow(unsafe_code, reason = "this module is the boundary to C")]

use std::ffi::{c_char, c_int, c_void};

use super::{MgStr, to_bytes, to_string};
use crate::call::{Context, EventCallback, MqttCallback};
use crate::current::with;
use crate::link::Publish;

#[unsafe(no_mangle)]
extern "C" fn mgos_wifi_sta_get_rssi() -> c_int {
    with(|d| if d.network_is_up { -61 } else { 0 })
}

#[unsafe(no_mangle)]
extern "C" fn mgos_event_add_group_handler(
    group: c_int,
    callback: EventCallback,
    context: *mut c_void,
) -> bool {
    with(|d| d.handlers.add(group, callback, Context(context)));
    true
}

#[unsafe(no_mangle)]
extern "C" fn mgos_mqtt_add_global_handler(callback: MqttCallback, context: *mut c_void) {
    with(|d| d.mqtt.add_global_handler(callback, Context(context)));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mgos_mqtt_global_subscribe(
    topic: MgStr,
    callback: MqttCallback,
    context: *mut c_void,
) {
    // SAFETY: the firmware passes a text with its length.
    let topic = unsafe { to_bytes(topic.p.cast(), topic.len) };
    let topic = String::from_utf8_lossy(&topic).into_owned();
    with(|d| d.mqtt.subscribe(topic, callback, Context(context)));
}

#[unsafe(no_mangle)]
unsafe extern "C" fn mgos_mqtt_pub(
    topic: *const c_char,
    message: *const c_void,
    length: usize,
    qos: c_int,
    retain: bool,
) -> u16 {
    // SAFETY: the firmware passes a NUL-terminated topic, and a message with its length.
    let (topic, payload) = unsafe { (to_string(topic), to_bytes(message, length)) };
    let message = Publish {
        topic,
        payload,
        qos: u8::try_from(qos).unwrap_or(0),
        retain,
    };
    with(|d| d.mqtt.publish(&d.config, message))
}

#[unsafe(no_mangle)]
extern "C" fn mgos_mqtt_global_connect() -> bool {
    with(|d| {
        d.connect_mqtt();
        d.mqtt.has_connection()
    })
}

#[unsafe(no_mangle)]
extern "C" fn mgos_mqtt_global_disconnect() {
    with(|d| d.mqtt.disconnect());
}

#[unsafe(no_mangle)]
extern "C" fn mgos_mqtt_global_is_connected() -> bool {
    with(|d| d.mqtt.is_connected())
}

#[unsafe(no_mangle)]
extern "C" fn shim_mqtt_has_connection() -> bool {
    with(|d| d.mqtt.has_connection())
}
