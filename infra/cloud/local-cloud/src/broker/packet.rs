//! MQTT 3.1.1 and MQTT 5 packets in one vocabulary, so that nothing behind this file asks for the version.
//!
//! Must not know sessions, policies or sockets.

mod decode;
mod encode;
mod first;

pub use decode::{ConnectRequest, Inbound, PublishRequest, Will, decode};
pub use encode::{
    Accepted, IN_FLIGHT_MAX, accept, acknowledge, disconnect, publish, refuse, subscribed,
    unsubscribed,
};
pub use first::FirstPacket;
