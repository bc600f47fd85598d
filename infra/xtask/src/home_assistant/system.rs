//! A Python that is new enough for Home Assistant, with it: the machine's in an environment of its
//! own, or that of a Debian testing below the build directory.
//!
//! Must not know: what Home Assistant does.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::process;
use crate::workspace::{Workspace, find_on_path};

const PINS: &str = include_str!("../../../../tests/home-assistant/requirements.txt");
/// The script that runs Home Assistant.
const SCRIPT: &str = "tests/home-assistant/drive.py";
/// The script that compares the keys of the vector file with those of Home Assistant.
const KEYS: &str = "tests/home-assistant/keys.py";
const VECTOR: &str = "tests/vectors/home-assistant.json";
/// Fails in a Python that is too old, or cannot make environments.
const PROBE: &str = "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 14, 2))";
/// Names under which a Python may be new enough.
const PYTHONS: [&str; 3] = ["python3.15", "python3.14", "python3"];
/// The release of Debian, by the name that every debootstrap knows, and what it needs.
const SUITE: &str = "testing";
const PACKAGES: &str = "--include=ca-certificates,python3,python3-venv";

/// Where things are, as the Python sees them.
struct System {
    /// Words in front of a command, which enter the system.
    enter: Vec<OsString>,
    /// The Python that makes the environment.
    python: &'static str,
    /// Folder of everything, from here and from the system.
    outside: PathBuf,
    inside: PathBuf,
}

impl System {
    /// The machine, if its Python is new enough; else the Debian in `place`.
    fn choose(place: &Path) -> Self {
        let is_good = |name: &&str| process::succeeds(Command::new(name).args(["-c", PROBE]));
        let found = PYTHONS.into_iter().find(is_good);
        if let Some(python) = found {
            return Self {
                enter: Vec::new(),
                python,
                outside: place.to_owned(),
                inside: place.to_owned(),
            };
        }
        let root = place.join("debian");
        Self {
            enter: vec!["chroot".into(), root.clone().into()],
            python: "python3",
            outside: root.join("opt"),
            inside: PathBuf::from("/opt"),
        }
    }

    fn is_debian(&self) -> bool {
        !self.enter.is_empty()
    }

    /// A command in the system.
    fn command(&self, program: impl Into<OsString>) -> Command {
        let mut words = self.enter.iter().cloned().chain([program.into()]);
        let mut command = Command::new(words.next().expect("there is a program"));
        command.args(words);
        command
    }

    fn venv_python(&self) -> PathBuf {
        self.inside.join("venv/bin/python")
    }

    /// Copies a file of the workspace into the system. Returns where it is there.
    fn bring(&self, workspace: &Workspace, file: &str) -> Result<PathBuf> {
        let name = Path::new(file).file_name().context("a file has a name")?;
        let copied = fs::copy(workspace.path(file), self.outside.join(name));
        copied.with_context(|| format!("copy {file}"))?;
        Ok(self.inside.join(name))
    }
}

/// The installed Home Assistant.
pub struct Installed {
    /// The words that run it.
    pub program: Vec<OsString>,
    /// Compares its keys with the vector file.
    pub keys: Command,
}

/// Installs Home Assistant unless it is there.
///
/// # Errors
/// There is neither a Python nor a way to a Debian, or a package cannot be installed.
pub fn prepare(workspace: &Workspace, place: &Path, mirror: Option<&str>) -> Result<Installed> {
    let system = System::choose(place);
    let stamp = place.join("ready.txt");
    let wanted = format!("{PINS}{}\n", system.python);
    let is_ready = fs::read_to_string(&stamp).is_ok_and(|found| found == wanted);
    if !is_ready {
        remove(place)?;
        fs::create_dir_all(place).with_context(|| format!("make {}", place.display()))?;
        if system.is_debian() {
            println!("home-assistant: 1 of 2: Debian {SUITE}, as no Python here is new enough");
            install_debian(place, mirror)?;
        }
        println!("home-assistant: 2 of 2: {}", PINS.trim());
        install_packages(&system)?;
        fs::write(&stamp, wanted).context("write the stamp of the installation")?;
    }
    let folder = system.outside.join("configuration");
    fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
    let mut program = system.enter.clone();
    program.push(system.venv_python().into());
    program.push(system.bring(workspace, SCRIPT)?.into());
    program.push(system.inside.join("configuration").into());
    let mut keys = system.command(system.venv_python());
    keys.arg(system.bring(workspace, KEYS)?);
    keys.arg(system.bring(workspace, VECTOR)?);
    Ok(Installed { program, keys })
}

fn install_debian(place: &Path, mirror: Option<&str>) -> Result<()> {
    let is_here = find_on_path("debootstrap").is_some();
    ensure!(
        is_here,
        "no debootstrap: as root, run `apt-get install debootstrap`; or install Python 3.14.2"
    );
    let user = process::output(Command::new("id").arg("-u"))?;
    ensure!(
        user.trim() == "0",
        "only root can enter a Debian in a folder: run this as root, or install Python 3.14.2"
    );
    let root = place.join("debian");
    let mut bootstrap = Command::new("debootstrap");
    bootstrap.args(["--variant=minbase", PACKAGES, SUITE]);
    bootstrap.arg(&root).args(mirror);
    process::run_or_fail(&mut bootstrap)?;
    // pip there looks for packages where the machine's does, and trusts whom the machine trusts.
    for file in ["etc/pip.conf", "etc/ssl/certs/ca-certificates.crt"] {
        let own = Path::new("/").join(file);
        if own.is_file() {
            fs::copy(&own, root.join(file)).with_context(|| format!("copy {}", own.display()))?;
        }
    }
    Ok(())
}

fn install_packages(system: &System) -> Result<()> {
    let venv = system.inside.join("venv");
    let mut make = system.command(system.python);
    process::run_or_fail(make.args(["-m", "venv"]).arg(venv))?;
    let mut pip = system.command(system.venv_python());
    pip.args(["-m", "pip", "install", "--disable-pip-version-check"]);
    process::run_or_fail(pip.args(PINS.split_whitespace()))
}

/// Removes an installation, whole or in part.
///
/// # Errors
/// Something is mounted in it, as after a debootstrap that was killed, or cannot be removed.
pub fn remove(place: &Path) -> Result<()> {
    if !place.exists() {
        return Ok(());
    }
    // A file of the machine must not be removed along.
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    for mounted in mounted_below(&mounts, place) {
        process::run_or_fail(Command::new("umount").arg(mounted))?;
    }
    fs::remove_dir_all(place).with_context(|| format!("remove {}", place.display()))
}

/// What is mounted below a folder, the latest first.
fn mounted_below<'a>(mounts: &'a str, place: &Path) -> Vec<&'a str> {
    let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
    let mut below: Vec<&str> = places
        .filter(|mounted| Path::new(mounted).starts_with(place))
        .collect();
    below.reverse();
    below
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mounted_in_the_folder_is_found_the_latest_first() {
        let mounts = "proc /proc proc rw 0 0\nproc /t/debian/proc proc rw 0 0\n\
                      sysfs /t/debian/sys sysfs rw 0 0\nx /t/debian-2/proc proc rw 0 0\n";
        let found = mounted_below(mounts, Path::new("/t/debian"));
        assert_eq!(found, ["/t/debian/sys", "/t/debian/proc"]);
    }
}
