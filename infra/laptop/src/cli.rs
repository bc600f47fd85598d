//! The options of `lockctl local`, and of every command that finds a stack.

use std::path::PathBuf;

use clap::Args;
use local_cloud::cli::CloudArgs;

/// The end of `lockctl local --help`.
pub const EXAMPLES: &str = "\
Examples:
  lockctl local --locks 2 --buttons 3              a small house
  lockctl local --parameter CommandTtlMs=5000      unlocks that expire after 5 s
  lockctl local --fault help                       all faults, and how to write them
  lockctl local --no-button-devices                be the button yourself, with any MQTT client
  lockctl local --memory --headless --log json --ready-file r.json
                                                   for a script: r.json appears once all is ready";

/// Options of `local`.
#[derive(Debug, Clone, Args)]
pub struct LocalArgs {
    /// Port of the console. All other ports are chosen freely. [default: a free port]
    #[arg(long, value_name = "N", default_value_t = 0, hide_default_value = true)]
    pub port: u16,

    /// Keep nothing on disk: each start begins without state, and commands in a second shell need
    /// --ready-file.
    #[arg(long)]
    pub memory: bool,

    /// Number of virtual locks.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub locks: u16,

    /// Number of buttons, bound to the locks in turn.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub buttons: u16,

    /// Register and bind the buttons, but run no devices for them, so that another client can be
    /// the button.
    #[arg(long)]
    pub no_button_devices: bool,

    /// Serve no console page and print no hints; for scripts.
    #[arg(long)]
    pub headless: bool,

    /// Options of the local cloud.
    #[command(flatten)]
    pub cloud: CloudArgs,

    /// Setting of the virtual devices, as under `config_schema` in firmware/mos.yml; repeatable. By
    /// default they get `lock.unlocked_level=1` and `lock.power_on=locked`, without which a board
    /// does not start.
    #[arg(long = "device-set", value_name = "KEY=VALUE")]
    pub device_settings: Vec<String>,

    /// The checkout to build and watch. [default: the one that lockctl was built from, else the one
    /// around the current directory]
    #[arg(long, value_name = "DIR", env = "REMOTE_LOCK_CHECKOUT")]
    pub checkout: Option<PathBuf>,

    /// The template to run. [default: template.yaml of the checkout]
    #[arg(long, value_name = "FILE")]
    pub template: Option<PathBuf>,

    /// Use the functions and the virtual device next to this program, instead of building them with
    /// cargo first.
    #[arg(long)]
    pub no_build: bool,

    /// Apply changes to the template, the functions in lambdas/ and firmware/ while everything
    /// runs. Connections, records and the devices' flash are kept; an invalid change is rejected
    /// with a reason.
    ///
    /// On by default, except with --headless, --log json, --log none or --no-build. With
    /// --no-build, changed binaries are reloaded but changed sources are not built.
    #[arg(long, conflicts_with = "no_watch")]
    pub watch: bool,

    /// Do not watch for changes.
    #[arg(long)]
    pub no_watch: bool,
}

/// Which stack, on this machine or in AWS.
#[derive(Debug, Clone, Args)]
pub struct StackArgs {
    /// Ready file of a laptop stack. `local` writes it once all is ready; other commands read it.
    #[arg(long, value_name = "PATH", global = true)]
    pub ready_file: Option<PathBuf>,

    /// Directory of the laptop stack's state and its ready.json.
    #[arg(long, value_name = "DIR", default_value = ".local", global = true)]
    pub data_dir: PathBuf,

    /// Name of the stack in AWS, and of its table.
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
