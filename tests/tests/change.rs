//! Changes while the stack runs: the template, a function's program, the firmware. A valid change
//! is applied, a broken one is rejected with its place, and the stack's data stay.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use e2e::World;
use e2e::program::program;
use e2e::world::has_event;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A copy of the product's template that a test may change.
struct Draft {
    path: PathBuf,
    text: String,
    _directory: TempDir,
}

impl Draft {
    fn new() -> Result<Self> {
        let original = Path::new(env!("CARGO_MANIFEST_DIR")).join("../template.yaml");
        let text = std::fs::read_to_string(original).context("read template.yaml")?;
        let directory = tempfile::tempdir().context("create the template's folder")?;
        let path = directory.path().join("template.yaml");
        std::fs::write(&path, &text).context("copy template.yaml")?;
        Ok(Self {
            path,
            text,
            _directory: directory,
        })
    }

    fn argument(&self) -> Result<&str> {
        self.path.to_str().context("the path is not UTF-8")
    }

    /// Saves the template with `old`, which must occur once, replaced by `new`. Returns the line.
    fn save_with(&self, old: &str, new: &str) -> Result<usize> {
        let found: Vec<usize> = self.text.match_indices(old).map(|(at, _)| at).collect();
        ensure!(found.len() == 1, "`{old}` is in the template at {found:?}");
        std::fs::write(&self.path, self.text.replace(old, new)).context("save the template")?;
        Ok(self.text[..found[0]].lines().count())
    }

    fn restore(&self) -> Result<()> {
        std::fs::write(&self.path, &self.text).context("save the template")
    }
}

const TTL: &str = "  CommandTtlMs:\n    Type: Number\n    Default: 30000\n";
const TTL_CHANGED: &str = "  CommandTtlMs:\n    Type: Number\n    Default: 90000\n";

#[tokio::test]
async fn a_changed_parameter_applies_to_the_next_press() -> Result<()> {
    let draft = Draft::new()?;
    let world =
        World::start_with(&["--memory", "--watch", "--template", draft.argument()?]).await?;
    world.until_settled("lock-1", "locked").await?;
    draft.save_with(TTL, TTL_CHANGED)?;
    let log = world
        .until_log("the template's change", |log| !log.reloads().is_empty())
        .await?;
    let changed = log.reloads()[0].as_array().context("no list of changes")?;
    assert!(
        changed.contains(&json!("remote-lock-PressFunction")),
        "{changed:?}"
    );

    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    let lives = world.log()?.unlock_lives_ms();
    assert!(
        matches!(lives[..], [ms] if (60_000..=90_000).contains(&ms)),
        "the old template allows 30 s at most: {lives:?}"
    );
    Ok(())
}

#[tokio::test]
async fn a_broken_template_is_rejected_with_its_line_and_a_press_still_works() -> Result<()> {
    let draft = Draft::new()?;
    let world =
        World::start_with(&["--memory", "--watch", "--template", draft.argument()?]).await?;
    let before = world.until_settled("lock-1", "locked").await?;
    let line = 1 + draft.save_with(
        "  Table:\n    Type: AWS::DynamoDB::Table\n",
        "  Table:\n    Type: AWS::DynamoDB::Chair\n",
    )?;
    let log = world
        .until_log("a refusal", |log| !log.rejected_reloads().is_empty())
        .await?;
    let reason = log.rejected_reloads()[0].to_owned();
    let place = [line, line + 1].map(|line| format!("template.yaml:{line}"));
    assert!(
        place.iter().any(|place| reason.contains(place)),
        "{place:?}: {reason}"
    );
    assert!(reason.contains("AWS::DynamoDB::Chair"), "{reason}");

    world.press("button-1", "SINGLE").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;
    assert!(opened["record"]["version"].as_u64() > before["record"]["version"].as_u64());

    draft.restore()?;
    world
        .until_log("the repaired template", |log| {
            log.changes()
                .iter()
                .any(|change| change.contains("template is valid"))
        })
        .await?;
    Ok(())
}

/// A folder with the stack's programs, some of which can be replaced.
fn programs() -> Result<TempDir> {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).context("create a folder")?;
    for name in [
        "lockctl",
        "press",
        "report",
        "sweep",
        "failure",
        "announce",
        "show",
        "virtual-device",
    ] {
        std::fs::hard_link(program(name)?, folder.path().join(name))
            .with_context(|| format!("link {name}"))?;
    }
    Ok(folder)
}

/// Replaces a program as a build does: the copy has one more byte at its end.
fn rebuild(folder: &TempDir, name: &str) -> Result<()> {
    let (built, path) = (folder.path().join("built"), folder.path().join(name));
    let what = || format!("rebuild {name}");
    std::fs::copy(&path, &built).with_context(what)?;
    let mut bytes = std::fs::OpenOptions::new()
        .append(true)
        .open(&built)
        .with_context(what)?;
    std::io::Write::write_all(&mut bytes, b"\n").with_context(what)?;
    drop(bytes);
    std::fs::rename(&built, &path).with_context(what)
}

fn pid(lock: &Value) -> Option<u64> {
    lock["device"]["pid"].as_u64()
}

fn boots(lock: &Value) -> u64 {
    lock["shadow"]["reported"]["bootCount"]
        .as_u64()
        .unwrap_or_default()
}

#[tokio::test]
async fn a_changed_program_restarts_its_processes_and_the_record_is_kept() -> Result<()> {
    let folder = programs()?;
    let directory = tempfile::tempdir().context("create the stack's directory")?;
    let arguments = ["--memory", "--watch", "--headless"];
    let world = World::start_program(&folder.path().join("lockctl"), directory, &arguments).await?;
    world.until_settled("lock-1", "locked").await?;
    world.press("button-1", "SINGLE").await?;
    let opened = world.until_settled("lock-1", "unlocked").await?;

    // A function: a new process decides the next press, and the lock is left alone.
    let started = world.log()?.cold_starts("PressFunction");
    rebuild(&folder, "press")?;
    let log = world
        .until_log("the function's change", |log| !log.reloads().is_empty())
        .await?;
    assert_eq!(log.reloads(), [&json!(["remote-lock-PressFunction"])]);
    let kept = world.lock("lock-1").await?;
    assert_eq!(kept["record"]["version"], opened["record"]["version"]);
    assert_eq!(
        pid(&kept),
        pid(&opened),
        "a changed function must not restart the device"
    );
    world.press("button-1", "DOUBLE").await?;
    let closed = world.until_settled("lock-1", "locked").await?;
    assert!(world.log()?.cold_starts("PressFunction") > started);

    // The firmware: the devices restart with their flash, and the record stays.
    rebuild(&folder, "virtual-device")?;
    let again = world
        .until("lock-1", "a new process that is connected", |lock| {
            pid(lock).is_some() && pid(lock) != pid(&closed) && lock["device"]["connected"] == true
        })
        .await?;
    assert!(pid(&opened).is_some() && pid(&again) != pid(&opened));
    let booted = world
        .until("lock-1", "with its boot in its history", |lock| {
            boots(lock) == boots(&closed) + 1
        })
        .await?;
    let version = |version: &Value| version.as_u64().unwrap_or_default();
    let last = version(&closed["record"]["version"]);
    assert!(
        version(&booted["shadow"]["reported"]["version"]) >= last,
        "the flash has lost the last command"
    );
    let settled = world.until_settled("lock-1", "locked").await?;
    assert!(version(&settled["record"]["version"]) >= last);
    assert!(
        has_event(&settled, "button-1 SINGLE: unlock"),
        "the earlier press is no longer in the history"
    );
    let button = |state: &Value| state["buttons"][0]["device"]["connected"] == true;
    world.until_state("the button connected", button).await?;
    world.press("button-1", "SINGLE").await?;
    world.until_settled("lock-1", "unlocked").await?;
    Ok(())
}
