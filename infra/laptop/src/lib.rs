//! The laptop mode: the local cloud, the functions, the virtual devices and the console, put
//! together into the whole product on one machine. `lockctl` shares its ready file, its JSON of
//! records and events, and the console's page with its board.
//!
//! Must not know: what a press means; the functions decide that.

mod board;
mod cargo;
mod change;
mod claim;
pub mod cli;
mod compiler;
mod console;
mod device;
mod disk;
mod fault;
mod fleet;
pub mod history;
mod message;
mod metric;
mod narrate;
mod page;
mod plan;
mod program;
mod progress;
mod provision;
pub mod ready;
mod stack;
mod trail;
pub mod unknown;
pub mod view;
mod way;
mod welcome;
pub mod when;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use board::{About, Can, PolledBoard, Read};
pub use console::remote;
pub use provision::PRESS_COUNTS_AFTER;
pub use stack::run;

/// Locks or buttons that are read at once: enough to hide the network's delay, too few for a table
/// to refuse them.
pub const READS_AT_ONCE: usize = 8;

/// Locks a mutex and ignores poison: each guarded value is valid after every single change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
