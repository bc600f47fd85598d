//! `lockctl register`, `rotate` and `home-assistant`, from a new name to a board or a broker that
//! works, and what is left after an attempt that ended early.

mod account;
mod board;
mod bridge;
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
