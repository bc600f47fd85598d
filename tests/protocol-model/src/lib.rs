//! The protocol, checked exhaustively: the real decisions of `lock_core`, a transcription of the device, and everything
//! that can go wrong between them. It must not know any service: the network, the table and time are values.
//!
//! | idea | module |
//! |---|---|
//! | what must hold | [`invariant`] |
//! | what can be taken away | [`rule`] |
//! | the device's rules | [`device`] |
//! | the functions' work | [`cloud`] |
//! | everything at once, and at the beginning | [`state`], [`begin`] |
//! | what may happen next | [`step`] |
//! | the end of a run | [`fair`] |
//! | which runs are looked at | [`configuration`], [`catalogue`] |
//! | the checker, its findings in words, and as rows | [`check`], [`word`], [`table`] |

pub mod begin;
pub mod catalogue;
pub mod check;
pub mod cloud;
pub mod configuration;
pub mod device;
pub mod fair;
pub mod invariant;
pub mod rule;
pub mod state;
pub mod step;
pub mod table;
pub mod word;
