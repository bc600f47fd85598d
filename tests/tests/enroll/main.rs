//! `lockctl register` from a new name to a board that works, and what is left after an attempt that
//! ended early.

mod account;
mod board;
mod kill;
mod story;
