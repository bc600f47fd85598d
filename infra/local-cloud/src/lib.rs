//! A stand-in for the AWS services that a SAM template uses.

pub mod function;
pub mod policy;
pub mod shadow;
pub mod sql;
pub mod template;
