//! The options of the operator's commands.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use lock_core::action::{self, ClickType};
use lock_core::label::Label;
use lock_core::name::{ButtonSerial, LockName};

/// Options of `press`.
#[derive(Debug, Args)]
pub struct PressArgs {
    /// The button's serial number.
    pub button: ButtonSerial,
    /// Kind of press.
    #[arg(value_enum, default_value_t = Click::Single)]
    pub click: Click,
    /// Return once the press is published, without waiting for the outcome.
    #[arg(long)]
    pub no_wait: bool,
}

/// Kind of press.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Click {
    /// A short press.
    Single,
    /// Two short presses.
    Double,
    /// A long press.
    Long,
}

impl From<Click> for ClickType {
    fn from(click: Click) -> Self {
        match click {
            Click::Single => Self::Single,
            Click::Double => Self::Double,
            Click::Long => Self::Long,
        }
    }
}

/// Options of `lock` and `unlock`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The lock's thing name.
    pub lock: LockName,
    #[command(flatten)]
    pub actor: Actor,
    /// Id of the request; requests with the same id act once. [default: a new id]
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// Return once the request is published, without waiting for the outcome.
    #[arg(long)]
    pub no_wait: bool,
}

/// Who acts, for the history.
#[derive(Debug, Args)]
pub struct Actor {
    /// Your name in the history: only a label. The credentials decide what you may do.
    #[arg(
        id = "actor",
        long,
        value_name = "ACTOR",
        env = "USER",
        default_value = "operator"
    )]
    pub name: String,
}

/// Options of `bind`.
#[derive(Debug, Args)]
pub struct BindArgs {
    /// The button's serial number.
    pub button: ButtonSerial,
    /// The lock's thing name.
    pub lock: LockName,
    /// What a single press asks for.
    #[arg(long, value_enum, default_value_t = Intent::Toggle)]
    pub single: Intent,
    /// What a double press asks for.
    #[arg(long, value_enum, default_value_t = Intent::Lock)]
    pub double: Intent,
    /// What a long press asks for.
    #[arg(long, value_enum, default_value_t = Intent::Unlock)]
    pub long: Intent,
    /// Forget the button's last sequence: for a board that lost its flash, so that its presses
    /// count again.
    #[arg(long)]
    pub forget_last_press: bool,
    #[command(flatten)]
    pub actor: Actor,
}

/// Options of `label`.
#[derive(Debug, Args)]
pub struct LabelArgs {
    /// The thing name of a lock, or the serial number of a button.
    pub name: LockName,
    /// What people call it: 1 to 40 characters.
    pub text: Option<Label>,
    /// The room that a lock belongs to: 1 to 40 characters.
    #[arg(long, value_name = "TEXT")]
    pub room: Option<Label>,
    /// Remove the label and the room, except what is given here.
    #[arg(long)]
    pub clear: bool,
}

/// Options of `unbind`.
#[derive(Debug, Args)]
pub struct UnbindArgs {
    /// The button's serial number.
    pub button: ButtonSerial,
    #[command(flatten)]
    pub actor: Actor,
}

/// Options of `revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The button's serial number.
    pub button: ButtonSerial,
    #[command(flatten)]
    pub actor: Actor,
}

/// Options of `enable`.
#[derive(Debug, Args)]
pub struct EnableArgs {
    /// The button's serial number.
    pub button: ButtonSerial,
    #[command(flatten)]
    pub actor: Actor,
}

/// Options of `forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// The lock's thing name.
    pub lock: LockName,
    /// Forget it even if it is not known to be locked: it was taken down, or is dead.
    #[arg(long)]
    pub gone: bool,
    #[command(flatten)]
    pub actor: Actor,
}

/// Options of `retire`.
#[derive(Debug, Args)]
pub struct RetireArgs {
    /// The thing name of a lock, or the serial number of a button.
    pub name: LockName,
    /// Retire a lock even if it is not known to be locked: it was taken down, or is dead.
    #[arg(long)]
    pub gone: bool,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub yes: bool,
    /// Print the calls, and change nothing.
    #[arg(long, conflicts_with = "yes")]
    pub dry_run: bool,
    /// Folder of the devices' folders. An inactive certificate whose key is in the device's own
    /// folder is deleted too: a registration or rotation that was cut short left it.
    #[arg(long, value_name = "DIR", default_value = "devices")]
    pub devices: PathBuf,
    /// Signing request of a genuine AWS IoT Button: an inactive certificate for its key is deleted
    /// too.
    #[arg(long, value_name = "FILE")]
    pub csr: Option<PathBuf>,
    #[command(flatten)]
    pub actor: Actor,
}

/// Which topic rules.
#[derive(Debug, Clone, Args)]
pub struct RuleArgs {
    /// Name of a topic rule, for a stack whose rules have other names; repeatable. [default: those
    /// that the stack's name yields, such as `remote_lock_button`]
    #[arg(long = "rule", value_name = "NAME")]
    pub rules: Vec<String>,
}

/// Options of `recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The lock's thing name.
    #[arg(required_unless_present = "all")]
    pub lock: Option<LockName>,
    /// Recover every registered lock.
    #[arg(long, conflicts_with = "lock")]
    pub all: bool,
    /// Recover while the topic rules are enabled: to repair a version, not after a restore.
    #[arg(long)]
    pub running: bool,
    #[command(flatten)]
    pub rules: RuleArgs,
    #[command(flatten)]
    pub actor: Actor,
}

/// What a press asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Intent {
    /// Lock.
    Lock,
    /// Unlock.
    Unlock,
    /// Unlock if known to be locked, else lock.
    Toggle,
}

impl From<Intent> for action::Intent {
    fn from(intent: Intent) -> Self {
        match intent {
            Intent::Lock => Self::Lock,
            Intent::Unlock => Self::Unlock,
            Intent::Toggle => Self::Toggle,
        }
    }
}
