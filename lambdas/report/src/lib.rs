//! The report function: what a lock says of itself settles its record.

pub mod handler;
