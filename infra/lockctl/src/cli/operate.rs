//! The options of the operator's commands. Knows nothing of AWS or of the stack.

use clap::{Args, Subcommand, ValueEnum};
use lock_core::action::{self, ClickType};
use lock_core::name::{ButtonSerial, LockName};

/// Options of `press`.
#[derive(Debug, Args)]
pub struct PressArgs {
    /// The button's serial number.
    pub button: ButtonSerial,
    /// How it is pressed.
    #[arg(value_enum, default_value_t = Click::Single)]
    pub click: Click,
    /// Return as soon as the press is published, without waiting for the outcome.
    #[arg(long)]
    pub no_wait: bool,
}

/// How a button is pressed.
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
    fn from(click: Click) -> ClickType {
        match click {
            Click::Single => ClickType::Single,
            Click::Double => ClickType::Double,
            Click::Long => ClickType::Long,
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
    /// Identity of the request; the same one acts once. [default: a new one]
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// Return as soon as the request is published, without waiting for the outcome.
    #[arg(long)]
    pub no_wait: bool,
}

/// Who acts.
#[derive(Debug, Args)]
pub struct Actor {
    /// Who acts: a label for the history. The proof is the principal that AWS sees.
    #[arg(
        id = "actor",
        long,
        value_name = "ACTOR",
        env = "USER",
        default_value = "operator"
    )]
    pub name: String,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The lock's thing name; all locks when left out.
    pub lock: Option<LockName>,
}

/// Options of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The thing name of a lock, or the serial number of a button.
    pub name: LockName,
    /// How many lines.
    #[arg(long, default_value_t = 20)]
    pub limit: u16,
}

/// What is registered.
#[derive(Debug, Subcommand)]
pub enum RegisterThing {
    /// Make a lock known, by the name of its thing in AWS IoT, which its certificate is attached to.
    ///
    /// It is `unknown: never heard` until it reports; its first report makes the system lock it.
    Lock(RegisterLockArgs),
    /// Make a button known, by its serial number: the last part of the topic iotbutton/<serial> that it publishes to.
    ///
    /// Until it is bound to a lock its presses are ignored, with that reason.
    Button(RegisterButtonArgs),
}

/// Options of `register lock`.
#[derive(Debug, Args)]
pub struct RegisterLockArgs {
    /// The lock's thing name, exactly as in AWS IoT: capitals count.
    pub name: LockName,
    #[command(flatten)]
    pub actor: Actor,
}

/// Options of `register button`.
#[derive(Debug, Args)]
pub struct RegisterButtonArgs {
    /// The button's serial number, exactly as it publishes: capitals count.
    pub name: ButtonSerial,
    /// A registered lock that the button is to command.
    #[arg(long, value_name = "LOCK")]
    pub lock: Option<LockName>,
    #[command(flatten)]
    pub actor: Actor,
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
    /// Forget the button's last sequence: for a board whose flash was lost, whose presses are all `superseded`.
    #[arg(long)]
    pub forget_last_press: bool,
    #[command(flatten)]
    pub actor: Actor,
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

/// Options of `forget`.
#[derive(Debug, Args)]
pub struct ForgetArgs {
    /// The lock's thing name.
    pub lock: LockName,
    /// The lock was taken down, or is dead: forget it although nobody can say that its door is shut.
    #[arg(long)]
    pub gone: bool,
    #[command(flatten)]
    pub actor: Actor,
}

/// Options of `recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The lock's thing name.
    #[arg(required_unless_present = "all")]
    pub lock: Option<LockName>,
    /// Every registered lock.
    #[arg(long, conflicts_with = "lock")]
    pub all: bool,
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
    /// Unlock when known to be locked, else lock.
    Toggle,
}

impl From<Intent> for action::Intent {
    fn from(intent: Intent) -> action::Intent {
        match intent {
            Intent::Lock => action::Intent::Lock,
            Intent::Unlock => action::Intent::Unlock,
            Intent::Toggle => action::Intent::Toggle,
        }
    }
}
