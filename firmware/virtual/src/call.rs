//! Calls into the firmware that are due. Modules queue them while they hold the device; ffi.rs makes them when nobody
//! does, because the firmware calls back. It must not know what a call means.

use std::ffi::c_void;

/// A pointer of the firmware's, handed back to it and never looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Context(pub *mut c_void);

/// Callback of a timer.
pub type TimerCallback = unsafe extern "C" fn(*mut c_void);
/// Callback of a pin.
pub type PinCallback = unsafe extern "C" fn(i32, *mut c_void);
/// Callback of an event.
pub type EventCallback = unsafe extern "C" fn(i32, *mut c_void, *mut c_void);
/// Callback of a subscription: connection, topic, its length, message, its length, context.
pub type MessageCallback =
    unsafe extern "C" fn(*mut c_void, *const u8, i32, *const u8, i32, *mut c_void);

/// Callback of the MQTT connection: connection, event, `struct mg_mqtt_message` or NULL, context.
pub type MqttCallback = unsafe extern "C" fn(*mut c_void, i32, *mut c_void, *mut c_void);

/// What an event carries.
#[derive(Clone, Debug)]
pub enum EventData {
    /// NULL.
    Nothing,
    /// `struct mgos_cloud_arg`.
    Cloud(i32),
    /// `struct mgos_net_event_data`.
    Net,
    /// `struct mg_str`.
    Text(Vec<u8>),
    /// `struct mgos_shadow_error`.
    ShadowError(i32, Vec<u8>),
}

/// One call that is due.
#[derive(Clone, Debug)]
pub enum Call {
    /// A timer ran out.
    Timer(TimerCallback, Context),
    /// A pin changed.
    Pin(PinCallback, i32, Context),
    /// An event happened.
    Event(EventCallback, i32, EventData, Context),
    /// A message arrived: topic, payload.
    Message(MessageCallback, Vec<u8>, Vec<u8>, Context),
    /// The MQTT connection says something: event, and packet id and code where it is a packet.
    Mqtt(MqttCallback, i32, Option<(u16, u8)>, Context),
}

/// Event numbers, as `MGOS_EVENT_BASE` makes them.
pub mod event {
    const fn base(a: u8, b: u8, c: u8) -> i32 {
        ((a as i32) << 24) | ((b as i32) << 16) | ((c as i32) << 8)
    }
    /// `MGOS_EVENT_INIT_DONE`
    pub const INIT_DONE: i32 = base(b'M', b'O', b'S');
    /// `MGOS_EVENT_TIME_CHANGED`
    pub const TIME_CHANGED: i32 = INIT_DONE + 3;
    /// `MGOS_EVENT_CLOUD_CONNECTED`
    pub const CLOUD_CONNECTED: i32 = INIT_DONE + 4;
    /// `MGOS_EVENT_CLOUD_DISCONNECTED`
    pub const CLOUD_DISCONNECTED: i32 = INIT_DONE + 5;
    /// `MGOS_NET_EV_DISCONNECTED`
    pub const NET_DISCONNECTED: i32 = base(b'N', b'E', b'T');
    /// `MGOS_NET_EV_CONNECTING`
    pub const NET_CONNECTING: i32 = NET_DISCONNECTED + 1;
    /// `MGOS_NET_EV_CONNECTED`
    pub const NET_CONNECTED: i32 = NET_DISCONNECTED + 2;
    /// `MGOS_NET_EV_IP_ACQUIRED`
    pub const IP_ACQUIRED: i32 = NET_DISCONNECTED + 3;
    /// `MGOS_SHADOW_CONNECTED`
    pub const SHADOW_CONNECTED: i32 = base(b'S', b'D', b'W') + 2;
    /// `MGOS_SHADOW_GET_ACCEPTED`
    pub const SHADOW_GET_ACCEPTED: i32 = SHADOW_CONNECTED + 1;
    /// `MGOS_SHADOW_GET_REJECTED`
    pub const SHADOW_GET_REJECTED: i32 = SHADOW_CONNECTED + 2;
    /// `MGOS_SHADOW_UPDATE_ACCEPTED`
    pub const SHADOW_UPDATE_ACCEPTED: i32 = SHADOW_CONNECTED + 3;
    /// `MGOS_SHADOW_UPDATE_REJECTED`
    pub const SHADOW_UPDATE_REJECTED: i32 = SHADOW_CONNECTED + 4;
    /// `MGOS_SHADOW_UPDATE_DELTA`
    pub const SHADOW_UPDATE_DELTA: i32 = SHADOW_CONNECTED + 5;
    /// `MG_EV_CLOSE`
    pub const MQTT_CLOSE: i32 = 5;
    /// `MG_EV_MQTT_CONNACK`
    pub const MQTT_CONNACK: i32 = 202;
    /// `MG_EV_MQTT_PUBACK`
    pub const MQTT_PUBACK: i32 = 204;
    /// `MGOS_CLOUD_MQTT`
    pub const CLOUD_MQTT: i32 = 0;
    /// `MGOS_CLOUD_AWS`
    pub const CLOUD_AWS: i32 = 2;
}
