//! The press function: what arrives on a button's topic, or on a lock's request topic, becomes at most one command.

pub mod handler;
