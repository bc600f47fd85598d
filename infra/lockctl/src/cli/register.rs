//! The options of `register` and `rotate`: of the commands that give a device its identity.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lock_core::label::Label;
use lock_core::name::{ButtonSerial, LockName};

use super::Actor;

/// What to register.
#[derive(Debug, Subcommand)]
pub enum RegisterThing {
    /// Register a lock under its thing name in AWS IoT, and make the folder that its board needs.
    ///
    /// Its state is unknown until it reports; the system answers its first report with a lock
    /// command. Repeat the command after a failure: it continues with what is left.
    Lock(RegisterLockArgs),
    /// Register a button under its serial number, the last part of its topic iotbutton/SERIAL, and
    /// make the folder that its board needs.
    ///
    /// Its presses are ignored with the reason `not bound` until it is bound to a lock. Repeat the
    /// command after a failure: it continues with what is left.
    Button(RegisterButtonArgs),
}

/// Options of `register lock`.
#[derive(Debug, Args)]
pub struct RegisterLockArgs {
    /// The lock's thing name, exactly as in AWS IoT; case matters.
    pub name: LockName,
    /// Level of the relay's pin that unlocks the latch.
    #[arg(
        long,
        value_name = "LEVEL",
        value_parser = clap::value_parser!(u8).range(0..=1),
        required_unless_present_any = ["record_only", "dry_run"]
    )]
    pub unlocked_level: Option<u8>,
    /// State of the latch after power-on: locked (fail-secure) or unlocked (fail-safe).
    #[arg(long, value_enum, required_unless_present_any = ["record_only", "dry_run"])]
    pub power_on: Option<PowerOn>,
    /// What people call it, shown with its name.
    #[arg(long, value_name = "TEXT")]
    pub label: Option<Label>,
    /// The room it belongs to, shown with its name.
    #[arg(long, value_name = "TEXT")]
    pub room: Option<Label>,
    #[command(flatten)]
    pub identity: IdentityArgs,
    #[command(flatten)]
    pub actor: Actor,
}

/// State of a latch after power-on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PowerOn {
    /// Locked.
    Locked,
    /// Unlocked.
    Unlocked,
}

/// Options of `register button`.
#[derive(Debug, Args)]
pub struct RegisterButtonArgs {
    /// The button's serial number, exactly as in its topic; case matters.
    pub name: ButtonSerial,
    /// A registered lock to bind the button to.
    #[arg(long, value_name = "LOCK")]
    pub lock: Option<LockName>,
    /// What people call it, shown with its serial number.
    #[arg(long, value_name = "TEXT")]
    pub label: Option<Label>,
    /// A genuine AWS IoT Button, which has a policy of its own and needs --csr.
    #[arg(long, requires = "csr")]
    pub genuine: bool,
    /// Signing request of a genuine button, whose common name is the serial number.
    #[arg(long, value_name = "FILE", requires = "genuine")]
    pub csr: Option<PathBuf>,
    #[command(flatten)]
    pub identity: IdentityArgs,
    #[command(flatten)]
    pub actor: Actor,
}

/// Options of `rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The thing name of a lock, or the serial number of a button.
    pub name: LockName,
    /// End the rotation: cut the old certificate off, wait for the device, and delete it.
    #[arg(long)]
    pub finish: bool,
    /// With --finish: how long to wait for the device, in seconds.
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 180,
        requires = "finish"
    )]
    pub wait: u64,
    /// With --finish: you have seen the device with its new certificate; the command does not look.
    ///
    /// For a region or role to which AWS does not offer iot:GetConnection, and for a genuine AWS
    /// IoT Button, whose client id is not its name. First bring the new files to the device; look
    /// whether it has restarted and reports, or whether its press arrives (`lockctl history`). A
    /// device that still has its old certificate can never connect again.
    #[arg(long, requires = "finish", conflicts_with = "wait")]
    pub seen: bool,
    /// Signing request with a new key of a genuine AWS IoT Button, whose common name is the serial
    /// number.
    #[arg(long, value_name = "FILE", conflicts_with = "finish")]
    pub csr: Option<PathBuf>,
    /// Folder of the devices' folders.
    #[arg(long, value_name = "DIR", default_value = "devices")]
    pub devices: PathBuf,
}

/// How a device gets its key and certificate.
#[derive(Debug, Args)]
pub struct IdentityArgs {
    /// Make no thing, key or certificate: the identity exists, or is made elsewhere.
    #[arg(long)]
    pub record_only: bool,
    /// Print the calls, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Folder of the devices' folders, each with a private key.
    #[arg(long, value_name = "DIR", default_value = "devices")]
    pub devices: PathBuf,
}
