//! The report function: a lock's report settles its record.

pub mod handler;
