//! The programs under measurement as processes: the local cloud alone, or with the product on it.
//!
//! Must not know: what is measured.

use std::ffi::OsString;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use running_cloud::RunningCloud;
use tempfile::TempDir;

use crate::page::root;

/// Where the programs are.
#[derive(Debug, Clone, clap::Args)]
pub struct Programs {
    /// `lockctl`, with the functions and the virtual device next to it.
    #[arg(long, value_name = "PATH")]
    pub lockctl: PathBuf,
    /// `local-cloud`.
    #[arg(long, value_name = "PATH")]
    pub local_cloud: PathBuf,
    /// The floor: the press function by hand, and the no-op function as well.
    #[arg(long, value_name = "PATH")]
    pub noop: PathBuf,
}

/// What `lockctl local` starts from its own folder, apart from the press function.
const OTHERS: [&str; 6] = [
    "report",
    "sweep",
    "failure",
    "announce",
    "show",
    "virtual-device",
];

/// The local cloud with `tests/benches/template.yaml` and these things.
pub async fn start_alone(programs: &Programs, things: &[String]) -> Result<RunningCloud> {
    let directory = tempfile::tempdir().context("create a directory for the cloud")?;
    let noop = format!("noop={}", programs.noop.display());
    let template = root().join("tests/benches/template.yaml");
    let mut words: Vec<OsString> = vec!["--template".into(), template.into()];
    words.extend(["--memory", "--no-watch", "--log", "none"].map(OsString::from));
    words.extend(["--binary", &noop].map(OsString::from));
    for thing in things {
        words.extend(["--thing".into(), format!("{thing}=bench").into()]);
    }
    RunningCloud::start(&programs.local_cloud, words, directory).await
}

/// The product with so many locks, and a button for each that this program holds.
pub async fn start_product(programs: &Programs, locks: u32) -> Result<RunningCloud> {
    start_from(&programs.lockctl, locks, allow_to_listen, new_directory()?).await
}

/// The same with the press function by hand in the place of ours.
pub async fn start_by_hand(programs: &Programs, locks: u32) -> Result<RunningCloud> {
    let directory = new_directory()?;
    let folder = directory.path().join("programs");
    let lockctl = replace_press(programs, &folder).context("gather the programs")?;
    start_from(&lockctl, locks, allow_to_listen, directory).await
}

/// The product with one lock, whose stream takes the events of a long history in large batches:
/// what is measured is how they are read, long after they were announced.
pub async fn start_for_history(programs: &Programs) -> Result<RunningCloud> {
    start_from(&programs.lockctl, 1, batch_announcements, new_directory()?).await
}

fn new_directory() -> Result<TempDir> {
    tempfile::tempdir().context("create a directory for the product")
}

/// A folder with the product's programs, where `press` is the function by hand. Returns the
/// `lockctl` in it: a copy, as it looks for the others in the folder that it is really in.
fn replace_press(programs: &Programs, folder: &Path) -> Result<PathBuf> {
    let product = programs.lockctl.parent().context("lockctl has no folder")?;
    std::fs::create_dir(folder)?;
    for name in OTHERS {
        symlink(product.join(name).canonicalize()?, folder.join(name))?;
    }
    symlink(programs.noop.canonicalize()?, folder.join("press"))?;
    let lockctl = folder.join("lockctl");
    std::fs::copy(&programs.lockctl, &lockctl)?;
    Ok(lockctl)
}

async fn start_from(
    lockctl: &Path,
    locks: u32,
    change: fn(&str) -> Result<String>,
    directory: TempDir,
) -> Result<RunningCloud> {
    let template = directory.path().join("template.yaml");
    let text = std::fs::read_to_string(root().join("template.yaml"));
    let text = change(&text.context("read template.yaml")?)?;
    std::fs::write(&template, text).context("write the template")?;
    let locks = locks.to_string();
    let mut words: Vec<OsString> = vec!["local".into(), "--template".into(), template.into()];
    words.extend(["--checkout".into(), root().into_os_string()]);
    words.extend(["--data-dir".into(), directory.path().join("data").into()]);
    words.extend(
        [
            "--locks",
            &locks,
            "--buttons",
            &locks,
            "--no-button-devices",
            "--memory",
        ]
        .map(OsString::from),
    );
    words.extend(["--headless", "--no-build", "--no-watch", "--log", "none"].map(OsString::from));
    RunningCloud::start(lockctl, words, directory).await
}

/// The template with a policy by which a button may listen to its lock, so that one client sees
/// both ends of a press.
fn allow_to_listen(template: &str) -> Result<String> {
    let lacks = "template.yaml lacks the policy of a button";
    let (head, rest) = template.split_once("\n  ButtonPolicy:\n").context(lacks)?;
    let (middle, tail) = rest.split_once("        Statement:\n").context(lacks)?;
    let statement =
        "          - {Effect: Allow, Action: [iot:Subscribe, iot:Receive], Resource: '*'}";
    Ok(format!(
        "{head}\n  ButtonPolicy:\n{middle}        Statement:\n{statement}\n{tail}"
    ))
}

fn batch_announcements(template: &str) -> Result<String> {
    let mut text = template.to_owned();
    for position in ["TRIM_HORIZON", "LATEST"] {
        let small = format!("StartingPosition: {position}\n      BatchSize: 10\n");
        let lacks = "template.yaml lacks the batch size of its stream";
        let (head, tail) = text.split_once(&small).context(lacks)?;
        let large = small.replace("10\n", "1000\n");
        text = format!("{head}{large}{tail}");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_programs_has_the_function_by_hand_as_press_and_a_lockctl_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let product = directory.path().join("product");
        std::fs::create_dir(&product).unwrap();
        for name in OTHERS.iter().chain(&["lockctl", "press", "by-hand"]) {
            std::fs::write(product.join(name), name).unwrap();
        }
        let programs = Programs {
            lockctl: product.join("lockctl"),
            local_cloud: PathBuf::new(),
            noop: product.join("by-hand"),
        };
        let folder = directory.path().join("programs");
        let lockctl = replace_press(&programs, &folder).unwrap();
        assert!(
            !lockctl.is_symlink(),
            "it would look in the product's folder"
        );
        let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
        assert_eq!(read("press"), "by-hand");
        for name in OTHERS.iter().chain(&["lockctl"]) {
            assert_eq!(read(name), *name);
        }
    }

    #[test]
    fn a_button_may_listen_in_the_template_of_this_checkout() {
        let text = std::fs::read_to_string(root().join("template.yaml")).unwrap();
        let changed = allow_to_listen(&text).unwrap();
        assert_eq!(changed.lines().count(), text.lines().count() + 1);
        assert!(allow_to_listen("Resources:\n").is_err());
        let changed = batch_announcements(&text).unwrap();
        assert_eq!(changed.matches("BatchSize: 1000\n").count(), 2);
    }
}
