//! The firmware's portable core, compiled from the same C, as a value that a test can drive step by step. It must not know
//! what the rules are: whoever drives it does.

pub mod core_ffi;
