//! A broker outage over a large fleet, with the real decisions of `lock_core`.
//!
//! No lock can be reached for some hours, and then all come back. The sweep decides on one record
//! after the other, as the deployed function does; the time of one record is assumed. Must not
//! know: the table, the broker.

mod fleet;
mod outage;
pub mod table;

pub use outage::{Outage, Outcome, run};
