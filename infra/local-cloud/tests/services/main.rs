//! The local cloud as its clients see it: MQTT over mutual TLS, REST, topic rules, functions, tables.

mod mqtt;
mod provision;
mod restart;
mod rule;
mod shadow;
mod world;
