//! The form of a transcript.
//!
//! ```text
//! # Comments, at the beginning only. `lines: N` keeps more lines of a long output.
//! # `stack: OPTIONS` gives options for the stack, `stack: none` starts none. After the first
//! # command it begins again: another stack, in a folder of its own. The next three lines hold
//! # for the commands after them, up to that.
//! stack: --locks 2
//! env: NAME=VALUE
//! file: PATH CONTENT
//! ready: NAME=VALUE
//! $ lockctl status
//! what it prints, standard error last
//! exit 3
//! & lockctl watch --count 1
//! $ lockctl press button-1 --no-wait
//! pressed button-1 SINGLE
//! wait
//! what the command that began with `&` has printed
//! ```
//!
//! `FOLDER` in a value, a content or an argument is the folder of the commands, and `\n` in a
//! content a new line; a content that begins with `#!` is a program. `ready:` changes a value of
//! the stack's ready file, such as the address of a service (a text, or JSON): commands then read a
//! changed copy. A command with a `--ready-file` of its own does not get the stack's.

use std::path::PathBuf;

use anyhow::{Context, Result};

/// A step of a transcript. Other lines are comments and what the steps have printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// A comment or an option before the first command: kept as it is.
    Kept(String),
    /// Another stack, with these options; `none` starts none.
    Stack(String),
    /// An environment variable of the commands: `NAME=VALUE`.
    Variable(String),
    /// A file for the commands: `PATH CONTENT`.
    File(String),
    /// A value of the ready file that the commands read: `NAME=VALUE`.
    Ready(String),
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
        let setting = command("env: ").map(Step::Variable);
        let setting = setting.or_else(|| command("file: ").map(Step::File));
        let setting = setting.or_else(|| command("ready: ").map(Step::Ready));
        if setting.is_some() {
            return setting;
        }
        has_begun |= line.starts_with("$ lockctl") || line.starts_with("& lockctl");
        if !has_begun {
            return Some(Step::Kept(line.to_owned()));
        }
        if line == "wait" {
            return Some(Step::Wait);
        }
        let run = command("$ lockctl").map(Step::Run);
        let begin = || command("& lockctl").map(Step::Begin);
        run.or_else(begin)
            .or_else(|| command("stack: ").map(Step::Stack))
    });
    steps.collect()
}

/// The options of the first stack; `None` without a stack.
pub fn first_stack(steps: &[Step]) -> Option<Vec<String>> {
    let mut options = steps.iter().filter_map(|step| match step {
        Step::Kept(line) => line.strip_prefix("stack:"),
        _ => None,
    });
    stack_options(options.next().unwrap_or_default())
}

/// How many lines of one output are kept.
///
/// # Errors
///
/// It is not a number.
pub fn lines_max(steps: &[Step]) -> Result<usize> {
    const USUAL: usize = 12;
    let given = steps.iter().find_map(|step| match step {
        Step::Kept(line) => line.strip_prefix("lines: "),
        _ => None,
    });
    given.map_or(Ok(USUAL), |given| given.parse().context("wanted: lines: N"))
}

/// The options of a stack; `None` without a stack.
pub fn stack_options(options: &str) -> Option<Vec<String>> {
    (options.trim() != "none").then(|| options.split_whitespace().map(str::to_owned).collect())
}

/// The arguments of a command. Double quotes keep spaces together.
pub fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, part) in command.split('"').enumerate() {
        if number % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

#[test]
fn quotes_keep_spaces_together() {
    let wanted = ["label", "lock-1", "Front door", "--room", ""];
    assert_eq!(words(r#" label lock-1 "Front door" --room """#), wanted);
}

#[test]
fn a_transcript_is_read_as_steps() {
    let text = "# Why\nstack: --locks 2\nenv: A=b c\n$ lockctl status\n# printed\n\
                & lockctl watch\nwait\nexit 3\nstack: none\nfile: a/b c d\nready: sqs=x\n";
    let read = steps(text);
    let wanted = [
        Step::Kept("# Why".to_owned()),
        Step::Kept("stack: --locks 2".to_owned()),
        Step::Variable("A=b c".to_owned()),
        Step::Run(" status".to_owned()),
        Step::Begin(" watch".to_owned()),
        Step::Wait,
        Step::Stack("none".to_owned()),
        Step::File("a/b c d".to_owned()),
        Step::Ready("sqs=x".to_owned()),
    ];
    assert_eq!(read, wanted);
    assert_eq!(first_stack(&read), Some(vec!["--locks".into(), "2".into()]));
    assert_eq!(first_stack(&[]), Some(Vec::new()));
    assert_eq!(first_stack(&[Step::Kept("stack: none".into())]), None);
    let more = lines_max(&[Step::Kept("lines: 60".into())]);
    assert_eq!((lines_max(&read).ok(), more.ok()), (Some(12), Some(60)));
}
