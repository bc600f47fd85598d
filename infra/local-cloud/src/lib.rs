//! A stand-in for the AWS services that a SAM template uses.

pub mod broker;
pub mod clock;
pub mod event;
pub mod fault;
pub mod function;
pub mod policy;
pub mod registry;
pub mod shadow;
pub mod sql;
mod storage;
pub mod template;
