//! What `lockctl local` is made of: the local cloud, the functions, the virtual devices and the console, put together into
//! the whole product on one machine. `lockctl` reads the ready file and shows records by the same code.

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

pub use plan::PRESS_COUNTS_AFTER;
pub use stack::run;
