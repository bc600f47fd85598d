//! Installing Debian packages: as root, or by a sudo that asks nothing; else the command is shown for a person to run.
//!
//! Must not know: which tools there are.

use std::process::Command;

use anyhow::Result;

use super::Missing;
use crate::process;
use crate::workspace::find_on_path;

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

/// How this process may install packages.
enum Right {
    Root,
    Sudo,
    None,
}

/// Installs the packages, or prints the command where this process has no right to.
pub fn install(packages: &[&str]) -> Result<()> {
    let list = packages.join(" ");
    if find_on_path("apt-get").is_none() {
        println!("set-up: no apt-get here; install what Debian calls: {list}");
        return Ok(());
    }
    let prefix: &[&str] = match right() {
        Right::Root => &[],
        Right::Sudo => &["sudo", "-n"],
        Right::None => {
            println!("set-up: not root; run: sudo apt-get install --no-install-recommends {list}");
            return Ok(());
        }
    };
    process::run_or_fail(apt_get(prefix).args(["update", "-qq"]))?;
    process::run_or_fail(
        apt_get(prefix)
            .args(["install", "-y", "-qq", "--no-install-recommends"])
            .args(packages),
    )
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

fn right() -> Right {
    let user = Command::new("id").arg("-u").output();
    if user.is_ok_and(|output| output.stdout == b"0\n") {
        Right::Root
    } else if process::succeeds(Command::new("sudo").args(["-n", "true"])) {
        Right::Sudo
    } else {
        Right::None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_asked_for_once() {
        let cases: &[(&[&str], &[&str])] = &[
            (&[], &[]),
            (
                &["gcc libc6-dev", "make", "gcc libc6-dev"],
                &["gcc", "libc6-dev", "make"],
            ),
            (&[""], &[]),
        ];
        for (given, expected) in cases {
            let missing: Vec<Missing> = given
                .iter()
                .map(|packages| Missing::example(packages))
                .collect();
            assert_eq!(&packages(&missing), expected);
        }
    }
}
