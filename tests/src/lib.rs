//! A stack for each test, with the interfaces that a person, a device or an AWS client has.
//!
//! Must not know: the product's code. It drives `lockctl` from outside.

#![expect(
    clippy::missing_errors_doc,
    reason = "any error fails the test that gets it"
)]

mod act;
pub mod animation;
pub mod browser;
pub mod frame;
pub mod inspect;
pub mod item;
pub mod line;
pub mod log;
pub mod mosquitto;
pub mod mqtt;
pub mod page;
pub mod place;
pub mod program;
pub mod proxy;
mod sdk;
pub mod shell;
pub mod step;
pub mod world;

pub use world::World;
