//! Events of Mongoose OS: their numbers, and the handlers that the firmware added.
//!
//! Must not know: what a handler does.

use crate::call::{Call, Context, EventCallback, EventData};

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

/// Mask of a handler of one event.
pub const ONE: i32 = !0;
/// Mask of a handler of a group, which the upper three bytes of an event name.
pub const GROUP: i32 = !0xff;

struct Handler {
    event: i32,
    mask: i32,
    callback: EventCallback,
    context: Context,
}

/// The firmware's handlers, in the order in which they were added.
#[derive(Default)]
pub struct Handlers(Vec<Handler>);

impl Handlers {
    /// Adds a handler of `event`, or of its group; `mask` is [`ONE`] or [`GROUP`].
    pub fn add(&mut self, event: i32, mask: i32, callback: EventCallback, context: Context) {
        self.0.push(Handler {
            event: event & mask,
            mask,
            callback,
            context,
        });
    }

    /// The calls that `event` leads to.
    pub fn calls(&self, event: i32, data: EventData) -> impl Iterator<Item = Call> {
        let handlers = self.0.iter().filter(move |h| h.event == event & h.mask);
        handlers.map(move |h| Call::Event(h.callback, event, data, h.context))
    }
}
