//! The sweep function: every minute it acts on each record that is due (C10).

mod due_lock;
pub mod handler;
