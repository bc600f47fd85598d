//! Every command in a `console` block of a document is run here, or `elsewhere.list` says which
//! test runs it or why none can.
//!
//! `cargo run` is the built `lockctl`, with a stack of its own for each document; `cargo xtask` is
//! the built `xtask`.

mod block;

use std::collections::{BTreeMap, BTreeSet};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use e2e::World;
use e2e::world::program;
use tokio::process;

use crate::block::{Command, read_all, root};

/// How long a command may take. Generous: test machines are shared.
const DEADLINE: Duration = Duration::from_secs(120);
/// What a document may wait for.
const REASONS: [&str; 4] = ["account", "hardware", "time", "tools"];

/// What is not run here: by command, or by document.
#[derive(Debug, Default)]
struct Elsewhere {
    rows: BTreeMap<String, String>,
}

impl Elsewhere {
    /// Reads rows `COMMAND => test PATH::NAME`, `COMMAND => needs REASON: WORDS`, and the same with
    /// the name of a document instead of a command.
    fn parse(text: &str) -> Result<Self> {
        let mut rows = BTreeMap::new();
        let lines = text.lines();
        for line in lines.filter(|line| !line.is_empty() && !line.starts_with("# ")) {
            let (what, way) = line
                .rsplit_once(" => ")
                .with_context(|| format!("not a row: {line}"))?;
            let known = match way.split_once(' ') {
                Some(("test", test)) => is_test(test),
                Some(("needs", reason)) => reason
                    .split_once(": ")
                    .is_some_and(|(need, words)| REASONS.contains(&need) && words.contains(' ')),
                _ => false,
            };
            ensure!(known, "no such test, and no reason: {line}");
            let before = rows.insert(what.to_owned(), way.to_owned());
            ensure!(before.is_none(), "twice: {line}");
        }
        Ok(Self { rows })
    }

    /// The row of a command.
    fn row(&self, command: &Command) -> Option<&str> {
        let found = [&command.text, &command.document];
        let mut found = found
            .into_iter()
            .filter_map(|key| self.rows.get_key_value(key));
        found.next().map(|(what, _)| what.as_str())
    }

    /// The rows that no command needs.
    fn stale(&self, commands: &[Command]) -> Vec<&str> {
        let used: BTreeSet<&str> = commands.iter().filter_map(|c| self.row(c)).collect();
        let rows = self.rows.keys().map(String::as_str);
        rows.filter(|row| !used.contains(row)).collect()
    }
}

/// Whether a test exists: `PATH::NAME`.
fn is_test(named: &str) -> bool {
    let Some((path, name)) = named.split_once("::") else {
        return false;
    };
    let text = std::fs::read_to_string(root().join(path)).unwrap_or_default();
    text.contains(&format!("fn {name}("))
}

/// The program of a command and its arguments; `None` if a shell is needed.
fn words(command: &str) -> Option<(&'static str, Vec<&str>)> {
    if command.contains(['&', '|', ';', '$', '(', '"', '\'', '*', '\\', '>']) {
        return None;
    }
    let words: Vec<&str> = command.split_whitespace().collect();
    let (program, arguments) = match &words[..] {
        ["cargo", "run", "-q", "--", rest @ ..] | ["lockctl", rest @ ..] => ("lockctl", rest),
        ["cargo", "xtask", rest @ ..] => ("xtask", rest),
        _ => return None,
    };
    Some((program, arguments.to_vec()))
}

/// Runs the commands of one document in its order.
async fn follow(commands: &[&Command]) -> Result<()> {
    let world = World::start_with(&[]).await?;
    world.until_settled("lock-1", "locked").await?;
    for command in commands {
        let place = format!("{}:{}: {}", command.document, command.line, command.text);
        if command.text == "cargo run" {
            // The stack that runs.
            continue;
        }
        let Some((name, arguments)) = words(&command.text) else {
            bail!("{place}: it cannot be run here: add a row to elsewhere.list");
        };
        let mut run = process::Command::new(program(name)?);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("AWS_")) {
            run.env_remove(name);
        }
        run.args(arguments).current_dir(world.folder());
        if name == "lockctl" {
            run.arg("--data-dir").arg(world.data_dir());
        }
        run.stdin(Stdio::null()).kill_on_drop(true);
        let output = tokio::time::timeout(DEADLINE, run.output()).await;
        let output = output.with_context(|| format!("{place}: it goes on"))??;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "{place}: {}: {errors}",
            output.status
        );
    }
    Ok(())
}

fn elsewhere() -> Result<Elsewhere> {
    Elsewhere::parse(include_str!("elsewhere.list"))
}

#[tokio::test]
async fn every_command_of_the_documents_works_or_is_known_to_need_more() -> Result<()> {
    let (commands, elsewhere) = (read_all()?, elsewhere()?);
    ensure!(commands.len() > 100, "only {} were found", commands.len());
    let mut here: BTreeMap<&str, Vec<&Command>> = BTreeMap::new();
    for command in commands.iter().filter(|c| elsewhere.row(c).is_none()) {
        here.entry(&command.document).or_default().push(command);
    }
    ensure!(here.contains_key("README.md"), "README.md has none to run");
    for commands in here.values() {
        follow(commands).await?;
    }
    Ok(())
}

#[test]
fn no_row_is_stale() -> Result<()> {
    assert_eq!(elsewhere()?.stale(&read_all()?), [""; 0]);
    Ok(())
}

#[test]
fn a_row_needs_a_test_or_a_reason_and_a_command() -> Result<()> {
    for row in [
        "no row",
        "a b => why so",
        "a b => test tests/tests/command/main.rs::absent",
        "a b => needs luck: a lot of it",
        "a b => needs time: long",
        "a b => needs time: an hour long\na b => needs time: an hour long",
    ] {
        ensure!(Elsewhere::parse(row).is_err(), "{row}");
    }
    let command = |text: &str| Command {
        document: "a.md".to_owned(),
        line: 1,
        text: text.to_owned(),
    };
    let rows =
        Elsewhere::parse("# why\na b => needs time: an hour long\nc => needs time: a day long")?;
    assert_eq!(rows.row(&command("a b")), Some("a b"));
    assert_eq!(rows.row(&command("a b c")), None);
    assert_eq!(rows.stale(&[command("a b")]), ["c"]);
    let document = Elsewhere::parse("a.md => needs account: all of it")?;
    assert_eq!(document.row(&command("a b")), Some("a.md"));
    Ok(())
}

#[test]
fn only_what_needs_no_shell_is_run() {
    let lockctl = |words: &[&'static str]| Some(("lockctl", words.to_vec()));
    assert_eq!(
        words("cargo run -q -- status -v"),
        lockctl(&["status", "-v"])
    );
    assert_eq!(words("lockctl doctor"), lockctl(&["doctor"]));
    assert_eq!(words("cargo xtask --help"), Some(("xtask", vec!["--help"])));
    for shell in [
        "lockctl a && b",
        "lockctl $A",
        "mos wifi A B",
        "cargo test",
        "lockctl \"a b\"",
    ] {
        assert_eq!(words(shell), None, "{shell}");
    }
}
