//! The firmware's core, compiled from the device's own C, as values: `core_ffi` is a lock that a
//! test drives in steps, `online` one that exchanges reports, `fleet` one on a real connection.
//!
//! Must not know: the rules that a test checks.

pub mod core_ffi;
pub mod fleet;
pub mod online;
pub mod transport;
