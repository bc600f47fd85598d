//! The press function: a message on a button's topic, or on a lock's request topic, becomes at most
//! one command.

pub mod handler;
mod memory;
