//! The local cloud as its clients see it: MQTT over mutual TLS, REST, topic rules, functions,
//! tables.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod control_plane;
mod data_plane;
mod direct_message;
mod fault;
mod function;
mod iam;
mod mqtt;
mod mqtt_connect;
mod mqtt_event;
mod mqtt_limit;
mod mqtt_session;
mod mqtt_tls;
mod provision;
mod queue;
mod queue_api;
mod raw;
mod reload;
mod restart;
mod rule;
mod schedule;
mod shadow;
mod shadow_case;
mod sigv4;
mod standalone;
mod topic_rule;
mod variable;
mod world;
