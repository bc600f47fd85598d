//! `local-cloud`: runs what a SAM template describes on this machine, until Ctrl-C.
//!
//! Must not know: what the stack is used for.

mod change;
mod command;
mod start;
mod unused;

use std::process::ExitCode;

use clap::Parser;
use local_cloud::narrate::chain;

use command::Command;

/// A tenth less CPU per press than the system's allocator (infra/docs/decisions/).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Warnings go to standard error: standard output carries only events.
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(tracing::Level::WARN)
        .with_target(false)
        .without_time()
        .init();
    match start::run(Command::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-cloud: {}", chain(&*error));
            ExitCode::FAILURE
        }
    }
}
