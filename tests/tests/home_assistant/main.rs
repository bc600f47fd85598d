//! A house with Home Assistant: its broker is a real mosquitto, whose bridge reaches the cloud with
//! a certificate and a policy of its own. Home Assistant's part is played with its templates.
//!
//! Tests whose names begin with `mosquitto` need that program.

mod discovery;
mod house;
mod line;
mod message;
mod publish;
mod right;
mod story;
