//! Reboot of the device: the process executes its own program again, so that the parent keeps its
//! pipes and the pins lose their levels.
//!
//! Must not know: why it reboots.

use std::os::unix::process::CommandExt as _;
use std::sync::OnceLock;
use std::{env, process};

use crate::output::{Output, emit, log};

/// Working directory at the start; the arguments are relative to it.
static START_DIRECTORY: OnceLock<std::path::PathBuf> = OnceLock::new();

/// Stores the working directory for [`restart`].
///
/// # Errors
/// The working directory cannot be read.
pub fn remember_start_directory() -> std::io::Result<()> {
    let directory = env::current_dir()?;
    START_DIRECTORY.get_or_init(|| directory);
    Ok(())
}

/// Executes the program again with the same arguments.
pub fn restart() -> ! {
    emit(&Output::Reboot);
    let mut arguments = env::args_os();
    let program =
        env::current_exe().unwrap_or_else(|_| arguments.next().unwrap_or_default().into());
    let mut command = process::Command::new(program);
    command.args(env::args_os().skip(1));
    if let Some(directory) = START_DIRECTORY.get() {
        command.current_dir(directory);
    }
    let error = command.exec();
    log("error", &format!("shim: cannot restart: {error}"));
    process::exit(1);
}
