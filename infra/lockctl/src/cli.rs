//! The command line: what can be said to `lockctl`, and how it teaches itself. Knows nothing of AWS or of the stack.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Operates remote locks: on the laptop stack that it can run itself, or in an AWS account.
///
/// Without a command it is `lockctl local`: the whole product on this machine, with no AWS account and no hardware.
#[derive(Debug, Parser)]
#[command(name = "lockctl", version, after_help = TARGETS)]
pub struct Cli {
    /// What to do; `local` when left out.
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Options that every command takes.
    #[command(flatten)]
    pub global: Global,
}

impl Cli {
    /// The command that was given, `local` with its defaults when there was none.
    pub fn into_parts(self) -> (Command, Global) {
        let command = self.command.unwrap_or_else(|| {
            let plain = Self::parse_from(["lockctl", "local"]);
            plain.command.expect("the word `local` was parsed just now")
        });
        (command, self.global)
    }
}

const TARGETS: &str = "\
Which locks are meant (the first line of every answer names it):
  1. --ready-file FILE       the laptop stack that wrote FILE
  2. AWS settings            AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN, AWS_REGION, AWS_ENDPOINT_URL_*
                             (profiles and SSO: eval \"$(aws configure export-credentials --format env)\")
  3. a running laptop stack  found by ready.json in the data directory (.local)

Examples:
  lockctl                          run everything here, open the printed address
  lockctl press button-1           press a button as the hardware would
  lockctl unlock lock-1            ask by name, with who asked in the history
  lockctl status                   every lock, with the age of what is known
  lockctl history lock-1           one line per press, with the reason
  lockctl bind button-2 lock-1     let a button command a lock
  lockctl revoke button-2          take that away; locks the door if it is open";

const LOCAL: &str = "\
Examples:
  lockctl local --locks 2 --buttons 3              a small house
  lockctl local --parameter CommandTtlMs=5000      unlocks that live for 5 s only
  lockctl local --fault help                       what can be broken, and how it is written
  lockctl local --no-button-devices                be the button yourself, with any MQTT client
  lockctl local --memory --headless --log json --ready-file r.json
                                                   for a script: r.json appears when all is up";

/// Options that every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// How to print answers.
    #[arg(long, value_enum, default_value_t = Output::Human, global = true)]
    pub output: Output,

    /// Ready file of a laptop stack. `local` writes it when all is up; the other commands read it.
    #[arg(long, value_name = "PATH", global = true)]
    pub ready_file: Option<PathBuf>,

    /// Where the laptop stack keeps its state (and its ready.json).
    #[arg(long, value_name = "DIR", default_value = ".local", global = true)]
    pub data_dir: PathBuf,

    /// Name of the stack in AWS; the table has the same name.
    #[arg(
        long,
        value_name = "NAME",
        env = "REMOTE_LOCK_STACK",
        default_value = "remote-lock",
        global = true
    )]
    pub stack: String,
}

/// How answers are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Lines to read.
    Human,
    /// One JSON document on standard output.
    Json,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the whole product on this machine: cloud stand-in, functions, virtual devices, console.
    ///
    /// Prints the console's address and each step of each press, until Ctrl-C. State stays in --data-dir for the next time.
    #[command(after_help = LOCAL)]
    Local(LocalArgs),
    /// Press a button: publishes what the button would publish.
    Press(PressArgs),
    /// Ask a lock to lock.
    Lock(RequestArgs),
    /// Ask a lock to unlock.
    Unlock(RequestArgs),
    /// Show what is known of one lock, or of all.
    Status(StatusArgs),
    /// Show what happened at a lock (or at a button no lock knows), newest first, with the reasons.
    History(HistoryArgs),
    /// Let a button command a lock. Binding anew replaces what was there.
    Bind(BindArgs),
    /// Take a button's right away. Where its lock is open, or about to open, it is locked in the same step.
    Revoke(RevokeArgs),
    /// After the table was restored from a backup: believe nothing in it until each lock is heard.
    ///
    /// Disable the topic rules first, and wait for longer than the life of an unlock (30 s); enable them afterwards.
    Recover(RecoverArgs),
}

/// Options of `local`.
#[derive(Debug, Clone, Args)]
pub struct LocalArgs {
    /// Port of the console; the other ports are free ones. [default: a free port]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub port: u16,

    /// Keep nothing on disk: each start is the first one, and commands from a second shell need --ready-file.
    #[arg(long)]
    pub memory: bool,

    /// How many virtual locks to run.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub locks: u16,

    /// How many buttons to register; button i is bound to lock i modulo the number of locks.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub buttons: u16,

    /// Register and bind the buttons, but run no device for them: another client can be the button.
    #[arg(long)]
    pub no_button_devices: bool,

    /// Seed of every random choice the faults make.
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub seed: u64,

    /// Factor on waits of the cloud's own making, above 0 and at most 1: the minute of a schedule and the minutes before a
    /// failed function is retried. 0.05 makes 3 s of a minute. The life of a command and the devices' clocks stay as they are.
    #[arg(long, value_name = "F", default_value_t = 1.0, value_parser = time_scale)]
    pub time_scale: f64,

    /// Inject a fault, as `what[:target]@when`; repeatable. `--fault help` lists all.
    #[arg(long = "fault", value_name = "SPEC")]
    pub faults: Vec<String>,

    /// Serve no console page and print no hints; for scripts.
    #[arg(long)]
    pub headless: bool,

    /// How to print what happens.
    #[arg(long, value_enum, default_value_t = Log::Pretty)]
    pub log: Log,

    /// Value for a parameter of the template, such as CommandTtlMs=60000; repeatable. It goes before the default that the
    /// template has, also when that is changed while all runs. The names are under Parameters in template.yaml.
    #[arg(long = "parameter", value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,

    /// Setting of the virtual devices, of those under config_schema in firmware/mos.yml; repeatable.
    #[arg(long = "device-set", value_name = "KEY=VALUE")]
    pub device_settings: Vec<String>,

    /// The template to run. [default: template.yaml of the checkout this was built from]
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,

    /// Use the functions and the virtual device beside this program as they are, instead of building them first with cargo.
    #[arg(long)]
    pub no_build: bool,

    /// Take up changes while all runs: of the template, of the functions in lambdas/, of firmware/. Connections, records and
    /// what devices hold in flash stay; a change that is broken is refused with its reason, and all runs on as before.
    ///
    /// This is so unless --headless, --log json or --no-build is given; with them it must be asked for. With --no-build,
    /// changed programs are taken up, changed sources are not built.
    #[arg(long, conflicts_with = "no_watch")]
    pub watch: bool,

    /// Do not look for changes: what was started runs until the end.
    #[arg(long)]
    pub no_watch: bool,
}

/// A factor above 0 and at most 1.
fn time_scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(factor) if factor > 0.0 && factor <= 1.0 => Ok(factor),
        _ => Err("it must lie above 0 and be at most 1".to_owned()),
    }
}

/// How `local` prints what happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Log {
    /// Lines to read.
    Pretty,
    /// One JSON object per line.
    Json,
}

/// Options of `press`.
#[derive(Debug, Args)]
pub struct PressArgs {
    /// The button's serial number.
    pub button: String,
    /// How it is pressed.
    #[arg(value_enum, default_value_t = Click::Single)]
    pub click: Click,
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

impl Click {
    /// The word on the wire, as the AWS IoT Button writes it.
    pub fn wire(self) -> &'static str {
        match self {
            Self::Single => "SINGLE",
            Self::Double => "DOUBLE",
            Self::Long => "LONG",
        }
    }
}

/// Options of `lock` and `unlock`.
#[derive(Debug, Args)]
pub struct RequestArgs {
    /// The lock's thing name.
    pub lock: String,
    /// Who asks: a label for the history. The proof is the principal that AWS sees.
    #[arg(long, env = "USER", default_value = "operator")]
    pub actor: String,
    /// Identity of the request; the same one acts once. [default: a new one]
    #[arg(long, value_name = "ID")]
    pub request_id: Option<String>,
    /// Return as soon as the request is published, without waiting for the outcome.
    #[arg(long)]
    pub no_wait: bool,
}

/// Options of `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// The lock's thing name; all locks when left out.
    pub lock: Option<String>,
}

/// Options of `history`.
#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// The thing name of a lock, or the serial number of a button.
    pub name: String,
    /// How many lines.
    #[arg(long, default_value_t = 20)]
    pub limit: u16,
}

/// Options of `bind`.
#[derive(Debug, Args)]
pub struct BindArgs {
    /// The button's serial number.
    pub button: String,
    /// The lock's thing name.
    pub lock: String,
    /// What a single press asks for.
    #[arg(long, value_enum, default_value_t = Intent::Toggle)]
    pub single: Intent,
    /// What a double press asks for.
    #[arg(long, value_enum, default_value_t = Intent::Lock)]
    pub double: Intent,
    /// What a long press asks for.
    #[arg(long, value_enum, default_value_t = Intent::Unlock)]
    pub long: Intent,
}

/// Options of `revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The button's serial number.
    pub button: String,
    /// Who revokes: a label for the history.
    #[arg(long, env = "USER", default_value = "operator")]
    pub actor: String,
}

/// Options of `recover`.
#[derive(Debug, Args)]
pub struct RecoverArgs {
    /// The lock's thing name.
    #[arg(required_unless_present = "all")]
    pub lock: Option<String>,
    /// Every lock in the table.
    #[arg(long, conflicts_with = "lock")]
    pub all: bool,
    /// Who recovers: a label for the history.
    #[arg(long, env = "USER", default_value = "operator")]
    pub actor: String,
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
