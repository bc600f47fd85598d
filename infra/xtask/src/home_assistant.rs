//! `cargo xtask home-assistant`: installs the real Home Assistant below the build directory, and
//! takes it through every state of a door. Too large for the test command, which plays its part.
//!
//! Must not know: what a state means; the program `tour` does.

mod system;

use std::process::Command;

use anyhow::Result;

use crate::process;
use crate::setup;
use crate::workspace::Workspace;

/// Page of the states that Home Assistant showed.
const PAGE: &str = "tests/home-assistant/results/reference.md";

/// What `--help` explains at its end.
pub const HELP: &str = "\
What happens:
  1. Home Assistant is installed once, into `home-assistant` of the build directory (2 GB, minutes).
     It needs Python 3.14.2. Where the machine has none, Debian testing is put there by debootstrap,
     which needs root.
  2. The keys of discovery in tests/vectors/home-assistant.json are compared with those that it has.
  3. A stack on the local cloud starts, with one door. `lockctl home-assistant` joins a mosquitto
     to it, and Home Assistant to that, without a page and without a login.
  4. Its lock entity locks and unlocks the door; the device loses its network, the bolt jams, the
     line stalls, things restart, the certificate is revoked. Each state is compared.
     Its log is home-assistant.log in the folder of its configuration, below `home-assistant`.
  5. The table is written to tests/home-assistant/results/reference.md. Read it, and commit it.

Ctrl-C ends every program that was started. An installation that it interrupts begins again with the
next call.

Examples:
  cargo xtask home-assistant              install if necessary, and run
  cargo xtask home-assistant --prepare    only install
  cargo xtask home-assistant --clean      remove the installation

Needs `cargo xtask setup`, for mosquitto.";

/// Options of `cargo xtask home-assistant`.
#[derive(clap::Args)]
pub struct Options {
    /// Only install; run nothing.
    #[arg(long)]
    prepare: bool,
    /// Only remove the installation.
    #[arg(long, conflicts_with = "prepare")]
    clean: bool,
    /// Where debootstrap finds Debian. [default: debootstrap's own]
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
}

/// Installs, compares the keys, builds, runs the tour; `false` if a key or a state was wrong.
///
/// # Errors
/// The installation or the build fails, or the tour cannot start.
pub fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let place = workspace.target().join("home-assistant");
    if options.clean {
        system::remove(&place)?;
        println!("home-assistant: {} is removed", place.display());
        return Ok(true);
    }
    setup::broker(workspace)?;
    let mut installed = system::prepare(workspace, &place, options.mirror.as_deref())?;
    if options.prepare {
        println!("home-assistant: ready in {}", place.display());
        return Ok(true);
    }
    println!("home-assistant: compares the keys of the vector file");
    if !process::run(&mut installed.keys)? {
        return Ok(false);
    }
    println!("home-assistant: builds every program");
    let built = workspace.build_programs("dev")?;
    let mut tour = Command::new(built.join("tour"));
    tour.arg(workspace.path(PAGE)).args(&installed.program);
    process::run(&mut tour)
}
