//! The firmware's portable core, compiled from the same C, as a value that a test drives step by
//! step.
//!
//! Must not know: the rules, which the test brings.

pub mod core_ffi;
