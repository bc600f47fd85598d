//! `lockctl register` and `rotate`, from a new name to a board that works, and what is left after
//! an attempt that ended early.

mod account;
mod board;
mod command;
mod file;
mod genuine;
mod kill;
mod refusal;
mod rotate;
mod seen;
mod story;
mod stray;
mod table;
