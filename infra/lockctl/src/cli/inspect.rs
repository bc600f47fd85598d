//! The options of the commands that look for what is broken.

use clap::Args;
use lock_core::name::LockName;

/// Options of `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// The thing name of a lock, or the serial number of a button; all registered ones by default.
    pub name: Option<LockName>,
    /// Name of another topic rule on the same topics that you know and accept; repeatable.
    #[arg(long = "accept-rule", value_name = "NAME")]
    pub accepted: Vec<String>,
}

/// Options of `failures`.
#[derive(Debug, Args)]
pub struct FailuresArgs {
    /// Send the messages of the poison queue back to the failure queue, once their cause is fixed.
    #[arg(long)]
    pub redrive: bool,
}
