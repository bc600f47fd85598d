//! Calls into the firmware. The device queues them; ffi.rs makes them while nothing borrows the
//! device, because the firmware calls back.
//!
//! Must not know: what a call means.

use std::ffi::c_void;

/// A pointer of the firmware, passed back to it and never dereferenced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Context(pub *mut c_void);

/// Callback of a timer: context.
pub type TimerCallback = unsafe extern "C" fn(*mut c_void);
/// Callback of a pin: GPIO number, context.
pub type PinCallback = unsafe extern "C" fn(i32, *mut c_void);
/// Callback of an event: event, data, context.
pub type EventCallback = unsafe extern "C" fn(i32, *mut c_void, *mut c_void);
/// Callback of the MQTT connection or of a subscription: connection, event,
/// `struct mg_mqtt_message` or NULL, context.
pub type MqttCallback = unsafe extern "C" fn(*mut c_void, i32, *mut c_void, *mut c_void);

/// Content of `struct mg_mqtt_message`; what a packet lacks is 0 or empty.
#[derive(Clone, Debug, Default)]
pub struct Packet {
    /// Packet id of an acknowledgement.
    pub id: u16,
    /// Topic of a PUBLISH.
    pub topic: Vec<u8>,
    /// Payload of a PUBLISH.
    pub payload: Vec<u8>,
}

impl Packet {
    /// An acknowledgement.
    pub fn of_id(id: u16) -> Self {
        Self {
            id,
            ..Self::default()
        }
    }
}

/// One call that is due.
#[derive(Clone, Debug)]
pub enum Call {
    /// A timer ran out.
    Timer(TimerCallback, Context),
    /// A pin changed: callback, GPIO number, context.
    Pin(PinCallback, i32, Context),
    /// A network event happened: callback, event, context.
    Event(EventCallback, i32, Context),
    /// The MQTT connection has an event: callback, event, its packet if it has one, context.
    Mqtt(MqttCallback, i32, Option<Packet>, Context),
    /// The time that the firmware knows moves by this many seconds.
    ShiftTime(i64),
    /// The firmware forgets the time.
    ForgetTime,
}
