//! The form of a transcript.
//!
//! ```text
//! # Comments, at the beginning only. `stack: OPTIONS` gives options for the stack,
//! # `stack: none` starts none.
//! stack: --locks 2
//! $ lockctl status
//! what it prints, standard error last
//! exit 3
//! & lockctl watch --count 1
//! $ lockctl press button-1 --no-wait
//! pressed button-1 SINGLE
//! wait
//! what the command that began with `&` has printed
//! ```

use std::path::PathBuf;

use anyhow::{Context, Result};

/// A step of a transcript. Other lines are comments and what the steps have printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A comment or an option before the first command: kept as it is.
    Kept(String),
    /// A command that runs to its end.
    Run(String),
    /// A command that goes on until `wait`.
    Begin(String),
    /// Waits for the command that goes on.
    Wait,
}

/// The folder of the transcripts.
fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/transcript"))
}

/// The path of a transcript, by the name of its module.
pub fn path(name: &str) -> PathBuf {
    folder().join(format!("{}.txt", name.replace('_', "-")))
}

/// The names of all transcripts, in order.
pub fn names() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for file in std::fs::read_dir(folder()).context("list the transcripts")? {
        let path = file?.path();
        if path.extension().is_some_and(|ending| ending == "txt") {
            let stem = path.file_stem().and_then(|stem| stem.to_str());
            names.push(stem.context("a name that is not UTF-8")?.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// The steps of a transcript.
pub fn steps(text: &str) -> Vec<Step> {
    let mut has_begun = false;
    let steps = text.lines().filter_map(|line| {
        let command = |begin: &str| line.strip_prefix(begin).map(str::to_owned);
        has_begun |= line.starts_with("$ lockctl") || line.starts_with("& lockctl");
        if !has_begun {
            return Some(Step::Kept(line.to_owned()));
        }
        if line == "wait" {
            return Some(Step::Wait);
        }
        let run = command("$ lockctl").map(Step::Run);
        run.or_else(|| command("& lockctl").map(Step::Begin))
    });
    steps.collect()
}

/// The options of the stack; `None` without a stack.
pub fn stack_options(steps: &[Step]) -> Option<Vec<String>> {
    let mut options = steps.iter().filter_map(|step| match step {
        Step::Kept(line) => line.strip_prefix("stack:"),
        _ => None,
    });
    let options = options.next().unwrap_or_default().trim();
    (options != "none").then(|| options.split_whitespace().map(str::to_owned).collect())
}

#[test]
fn a_transcript_is_read_as_steps() {
    let text =
        "# Why\nstack: --locks 2\n$ lockctl status\n# printed\n& lockctl watch\nwait\nexit 3\n";
    let read = steps(text);
    let wanted = [
        Step::Kept("# Why".to_owned()),
        Step::Kept("stack: --locks 2".to_owned()),
        Step::Run(" status".to_owned()),
        Step::Begin(" watch".to_owned()),
        Step::Wait,
    ];
    assert_eq!(read, wanted);
    assert_eq!(
        stack_options(&read),
        Some(vec!["--locks".into(), "2".into()])
    );
    assert_eq!(stack_options(&[]), Some(Vec::new()));
    assert_eq!(stack_options(&[Step::Kept("stack: none".into())]), None);
}
