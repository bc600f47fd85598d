//! The world: a whole stack of its own for each test, and the ways to touch it that a person, a device or an AWS client has.
//! It drives `lockctl local` from outside; it must not call into the product's logic.

pub mod browser;
pub mod chronicle;
pub mod mqtt;
pub mod program;
mod sdk;
pub mod step;
pub mod world;

pub use world::World;
