//! The local cloud as its clients see it: MQTT over mutual TLS, REST, topic rules, functions,
//! tables.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod action;
mod alarm;
mod cloudformation;
mod cloudwatch;
mod configuration;
mod control_plane;
mod data_plane;
mod deletion;
mod direct_message;
mod fault;
mod follow;
mod function;
mod iam;
mod mqtt;
mod mqtt_connect;
mod mqtt_event;
mod mqtt_limit;
mod mqtt_session;
mod mqtt_tls;
mod notification;
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
mod stream;
mod stream_failure;
mod thing_group;
mod topic_rule;
mod user;
mod variable;
mod world;
mod written;
