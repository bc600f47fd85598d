//! The laptop mode: the local cloud, the functions, the virtual devices and the console, put
//! together into the whole product on one machine. `lockctl` shares its ready file and its JSON of
//! records and events.
//!
//! Must not know: what a press means; the functions decide that.

mod board;
mod change;
pub mod cli;
mod console;
mod device;
mod fault;
mod fleet;
mod metric;
mod narrate;
mod plan;
mod program;
mod progress;
mod provision;
pub mod ready;
mod stack;
pub mod view;
pub mod when;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use provision::PRESS_COUNTS_AFTER;
pub use stack::run;

/// Locks a mutex and ignores poison: each guarded value is valid after every single change.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
