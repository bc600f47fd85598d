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
/// Callback of the MQTT connection or of a subscription: connection, event, `struct mg_mqtt_message` or NULL, context.
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
}

/// What `struct mg_mqtt_message` says of a packet.
#[derive(Clone, Debug, Default)]
pub struct Packet {
    /// Packet id, 0 where it has none.
    pub id: u16,
    /// Code of a CONNACK.
    pub code: u8,
    /// Topic of a PUBLISH.
    pub topic: Vec<u8>,
    /// Payload of a PUBLISH.
    pub payload: Vec<u8>,
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
    /// The MQTT connection says something: event, and the packet where it is one.
    Mqtt(MqttCallback, i32, Option<Packet>, Context),
}

/// Event numbers, as `MGOS_EVENT_BASE` makes them.
pub mod event {
    const fn base(a: u8, b: u8, c: u8) -> i32 {
        ((a as i32) << 24) | ((b as i32) << 16) | ((c as i32) << 8)
    }
    /// `MGOS_EVENT_INIT_DONE`
    pub const INIT_DONE: i32 = base(b'M', b'O', b'S');
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
    /// `MG_EV_CLOSE`
    pub const MQTT_CLOSE: i32 = 5;
    /// `MG_EV_MQTT_CONNACK`
    pub const MQTT_CONNACK: i32 = 202;
    /// `MG_EV_MQTT_PUBLISH`
    pub const MQTT_PUBLISH: i32 = 203;
    /// `MG_EV_MQTT_PUBACK`
    pub const MQTT_PUBACK: i32 = 204;
    /// `MG_EV_MQTT_SUBACK`
    pub const MQTT_SUBACK: i32 = 209;
    /// `MGOS_CLOUD_MQTT`
    pub const CLOUD_MQTT: i32 = 0;
}
