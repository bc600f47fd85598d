//! System packages: Debian's are installed as root or by a sudo that asks nothing; otherwise, and
//! on macOS with Homebrew, the command is shown for a person to run.
//!
//! Must not know: which tools there are.

use std::process::Command;

use anyhow::Result;

use super::Missing;
use crate::process;
use crate::workspace::find_on_path;

/// Who brings this platform's packages, and the command that installs some.
pub const SYSTEM: &str = if cfg!(target_os = "macos") {
    "Homebrew"
} else {
    "Debian"
};
pub const INSTALL: &str = if cfg!(target_os = "macos") {
    "brew install"
} else {
    "apt-get install"
};

/// The packages that bring the missing tools, each once, sorted.
pub fn packages(missing: &[Missing]) -> Vec<&'static str> {
    let mut packages: Vec<&str> = missing
        .iter()
        .flat_map(|tool| tool.packages.split_whitespace())
        .collect();
    packages.sort_unstable();
    packages.dedup();
    packages
}

/// Installs the packages, or prints the command if this process has no right to.
pub fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if cfg!(target_os = "macos") {
        println!("set-up: run: {INSTALL} {list}");
        return Ok(());
    }
    if find_on_path("apt-get").is_none() {
        println!("set-up: apt-get is missing; install these packages of {SYSTEM}: {list}");
        return Ok(());
    }
    let Some(prefix) = right() else {
        println!("set-up: not root; run: sudo {INSTALL} --no-install-recommends {list}");
        return Ok(());
    };
    process::run_or_fail(apt_get(prefix).args(["update", "-qq"]))?;
    process::run_or_fail(
        apt_get(prefix)
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages),
    )
}

/// What this process writes in front of a command to run it as root; none if it cannot.
fn right() -> Option<&'static [&'static str]> {
    let user = Command::new("id").arg("-u").output();
    if user.is_ok_and(|output| output.stdout == b"0\n") {
        Some(&[])
    } else if process::succeeds(Command::new("sudo").args(["-n", "true"])) {
        Some(&["sudo", "-n"])
    } else {
        None
    }
}

fn apt_get(prefix: &[&str]) -> Command {
    let mut words =
        prefix
            .iter()
            .copied()
            .chain(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let mut command = Command::new(words.next().expect("the chain is never empty"));
    command.args(words);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_asked_for_once() {
        let missing = ["gcc libc6-dev", "make", "gcc libc6-dev", ""].map(Missing::example);
        assert_eq!(packages(&missing), ["gcc", "libc6-dev", "make"]);
    }
}
