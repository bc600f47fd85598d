//! The lock's protocol as pure functions: they return what a press, a request or a report means.
//!
//! Nothing here reads a clock, draws a random number, logs, waits or knows AWS, so a result depends
//! on the arguments alone: `decide(&record, &press, now) -> Decision`. Comments name the rules
//! C1…C16 of `infra/docs/PROTOCOL.md`.
//!
//! | idea | module |
//! |---|---|
//! | names | [`name`], [`id`]; what people call them: [`label`] |
//! | what can be asked | [`action`]; enums as words: [`word`] |
//! | what arrives | [`press`], [`request`], [`report`], read strictly by [`field`]; [`payload`] |
//! | what is not retried | [`failure`] |
//! | what is stored | [`record`], [`binding`], [`event`] |
//! | what is decided, and why | [`decide`], [`reason`] |
//! | what changes, and under which conditions | [`mod@write`] |
//! | what a process knows without reading | [`predict`] |
//! | what is sent | [`command`] |
//! | what a person reads | [`announce`]; what a home's hub reads: [`state`] |
//! | how long, how often, how many | [`limits`], [`time`] |
//!
//! A caller does three things. It loads what a decision needs, asks for the decision, and performs
//! it: all of [`write::Writes`] in one transaction, and only then [`decide::Publish`]. If a
//! condition does not hold, it loads and decides again (C3). Whatever the caller skips, repeats or
//! is killed in, the conditions keep the rules: the laws in `decide/law.rs` and
//! `decide/sweep/law.rs` try to break them.

pub mod action;
pub mod announce;
pub mod binding;
pub mod command;
pub mod decide;
pub mod event;
pub mod failure;
pub mod field;
mod hash;
pub mod id;
pub mod label;
pub mod limits;
pub mod name;
pub mod payload;
pub mod predict;
pub mod press;
pub mod reason;
pub mod record;
pub mod report;
pub mod request;
pub mod state;
pub mod time;
pub mod word;
pub mod write;

pub use decide::{
    BindWish, Decision, ForgetRefusal, Publish, decide_bind, decide_forget, decide_given_up,
    decide_press, decide_recover, decide_register_button, decide_register_lock, decide_report,
    decide_request, decide_revoke, decide_sweep, decide_unbind,
};
