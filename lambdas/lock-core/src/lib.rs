//! The lock's protocol as pure functions: what a press, a request or a report
//! means, as a value.
//!
//! Nothing here reads a clock, draws a random number, logs, waits, or knows
//! AWS, so nothing here can fail for a reason outside its arguments:
//! `decide(&record, &press, now) -> Decision`. The rules C1…C14 named in
//! comments are those of `infra/docs/PROTOCOL.md`.
//!
//! | idea | module |
//! |---|---|
//! | who is who | [`name`], [`id`] |
//! | what can be asked | [`action`]; enums as words: [`word`] |
//! | what arrives | [`press`], [`request`], [`report`], read strictly by [`field`]; [`payload`] |
//! | what was given up | [`failure`] |
//! | what is kept | [`record`], [`binding`], [`event`] |
//! | what is decided, and why | [`decide`], [`reason`] |
//! | what changes, and on which condition | [`write`] |
//! | what goes out | [`command`] |
//! | how long, how often, how many | [`limits`], [`time`] |
//!
//! A shell around this crate does three things. It loads what a decision needs,
//! asks for the decision, and performs it: all of [`write::Writes`] in one
//! transaction, and only then [`decide::Publish`]. When a condition no longer
//! holds it starts again from the loading (C3). Whatever it may skip, repeat or be
//! killed in the middle of, these conditions keep the rules: that is what the
//! laws in `decide/law.rs` and `decide/sweep/law.rs` try to break.

pub mod action;
pub mod binding;
pub mod command;
pub mod decide;
pub mod event;
pub mod failure;
pub mod field;
mod hash;
pub mod id;
pub mod limits;
pub mod name;
pub mod payload;
pub mod press;
pub mod reason;
pub mod record;
pub mod report;
pub mod request;
pub mod time;
pub mod word;
pub mod write;

pub use decide::{
    BindWish, Decision, ForgetRefusal, Publish, decide_bind, decide_forget, decide_given_up,
    decide_press, decide_recover, decide_register_button, decide_register_lock, decide_report,
    decide_request, decide_revoke, decide_sweep, decide_unbind,
};
