//! Types common to MQTT 3.1.1 and MQTT 5 packets, so that the rest of the broker does not depend
//! on the version.

mod decode;
mod encode;
mod first;

pub use decode::{ConnectRequest, Inbound, PublishRequest, Will, decode};
pub use encode::{
    Accepted, IN_FLIGHT_MAX, accept, acknowledge, disconnect, publish, refuse, subscribed,
    unsubscribed,
};
pub use first::FirstPacket;
