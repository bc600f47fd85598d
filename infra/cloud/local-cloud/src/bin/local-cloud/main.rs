//! `local-cloud`: runs what a SAM template describes, on this machine, until Ctrl-C.
//!
//! Composes the library and says where everything is. Must not know what any template is for.

mod change;
mod command;
mod narrate;
mod start;

use std::process::ExitCode;

use clap::Parser;

use command::Command;

fn main() -> ExitCode {
    // What the parts have to warn of goes to standard error, beside what happens.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::WARN)
        .with_target(false)
        .without_time()
        .init();
    match start::run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-cloud: {}", narrate::chain(&*error));
            ExitCode::FAILURE
        }
    }
}
