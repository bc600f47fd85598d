//! Events of Mongoose OS: their numbers, and the handlers that the firmware added.
//!
//! Must not know: what a handler does.

use crate::call::{Call, Context, EventCallback};

// Values of the enumerators `MGOS_NET_EV_…` and the macros `MG_EV_…`.
pub const NET_DISCONNECTED: i32 = i32::from_be_bytes(*b"NET\0");
pub const NET_CONNECTING: i32 = NET_DISCONNECTED + 1;
pub const NET_CONNECTED: i32 = NET_DISCONNECTED + 2;
pub const NET_IP_ACQUIRED: i32 = NET_DISCONNECTED + 3;
pub const MQTT_CLOSE: i32 = 5;
pub const MQTT_CONNACK: i32 = 202;
pub const MQTT_PUBLISH: i32 = 203;
pub const MQTT_PUBACK: i32 = 204;
pub const MQTT_SUBACK: i32 = 209;

/// The upper three bytes of an event are its group.
const GROUP_MASK: i32 = !0xff;

/// The firmware's handlers with their groups, in the order in which they were added.
#[derive(Default)]
pub struct Handlers(Vec<(i32, EventCallback, Context)>);

impl Handlers {
    /// `mgos_event_add_group_handler`.
    pub fn add(&mut self, group: i32, callback: EventCallback, context: Context) {
        self.0.push((group & GROUP_MASK, callback, context));
    }

    /// The calls that `event` leads to.
    pub fn calls(&self, event: i32) -> impl Iterator<Item = Call> {
        let handlers = self.0.iter().filter(move |h| h.0 == event & GROUP_MASK);
        handlers.map(move |(_, callback, context)| Call::Event(*callback, event, *context))
    }
}
