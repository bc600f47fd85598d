//! The expire function: the sweeper that looks at every record whose time is over, so that none waits for ever.

pub mod handler;
mod record;
