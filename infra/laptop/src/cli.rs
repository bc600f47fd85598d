//! The options of `lockctl local`. Knows nothing of the stack that they describe.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

/// What `lockctl local --help` ends with.
pub const EXAMPLES: &str = "\
Examples:
  lockctl local --locks 2 --buttons 3              a small house
  lockctl local --parameter CommandTtlMs=5000      unlocks that live for 5 s only
  lockctl local --fault help                       what can be broken, and how it is written
  lockctl local --no-button-devices                be the button yourself, with any MQTT client
  lockctl local --memory --headless --log json --ready-file r.json
                                                   for a script: r.json appears when all is up";

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

    /// Setting of the virtual devices, of those under config_schema in firmware/mos.yml; repeatable. Unless given, they are
    /// started with lock.unlocked_level=1 and lock.power_on=locked, without which a board does not start.
    #[arg(long = "device-set", value_name = "KEY=VALUE")]
    pub device_settings: Vec<String>,

    /// The template to run. [default: template.yaml of the checkout this was built from]
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,

    /// Use the functions and the virtual device beside this program as they are, instead of building them first with cargo.
    #[arg(long)]
    pub no_build: bool,

    /// Apply changes while everything runs: to the template, the functions in lambdas/ and firmware/. Connections, records and
    /// what devices hold in flash stay; a change that is broken is refused with its reason, and everything runs on as before.
    ///
    /// This is so unless --headless, --log json or --no-build is given; with them it must be asked for. With --no-build,
    /// changed binaries are reloaded, and changed sources are not built.
    #[arg(long, conflicts_with = "no_watch")]
    pub watch: bool,

    /// Do not look for changes: what was started runs until the end.
    #[arg(long)]
    pub no_watch: bool,
}

/// Which stack, here or in AWS.
#[derive(Debug, Clone, Args)]
pub struct StackArgs {
    /// Ready file of a laptop stack. `local` writes it when all is up; the other commands read it.
    #[arg(long, value_name = "PATH", global = true)]
    pub ready_file: Option<PathBuf>,

    /// Where the laptop stack keeps its state (and its ready.json).
    #[arg(long, value_name = "DIR", default_value = ".local", global = true)]
    pub data_dir: PathBuf,

    /// Name of the stack in AWS; the table has the same name.
    #[arg(
        id = "stack",
        long,
        value_name = "NAME",
        env = "REMOTE_LOCK_STACK",
        default_value = "remote-lock",
        global = true
    )]
    pub name: String,
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
