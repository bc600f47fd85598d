//! MQTT 3.1.1 and MQTT 5 packets in one vocabulary, so that the code behind it need not know the
//! version.

mod decode;
mod encode;
mod first;

pub use decode::{ConnectRequest, Inbound, PublishRequest, Will, decode};
pub use encode::{
    Accepted, IN_FLIGHT_MAX, accept, acknowledge, disconnect, publish, refuse, subscribed,
    unsubscribed,
};
pub use first::FirstPacket;
