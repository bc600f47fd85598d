//! The firmware's core, compiled from the device's own C, as a value that a test drives in steps.
//!
//! Must not know: the rules that a test checks.

pub mod core_ffi;
