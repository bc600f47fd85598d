//! The document as steps: its sections, the commands of their console blocks, and the output that
//! it shows below each.
//!
//! Must not know: what a command does.

use std::path::Path;

use anyhow::{Context, Result};

/// A section: from one heading of the second level to the next.
#[derive(Debug, PartialEq, Eq)]
pub struct Section {
    pub title: String,
    pub steps: Vec<Step>,
}

/// A command, and what the document says about it.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Number of its line in the document.
    pub line: usize,
    /// The command without its comment.
    pub command: String,
    /// Whether its comment is `fails`: it ends with another exit code than 0.
    pub fails: bool,
    /// The lines below it.
    pub shown: Vec<String>,
}

/// The sections of the document.
pub fn read() -> Result<Vec<Section>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/docs/OPERATING.md");
    let text = std::fs::read_to_string(&path);
    let text = text.with_context(|| format!("read {}", path.display()))?;
    Ok(parse(&text))
}

fn parse(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let (mut is_inside, mut continues) = (false, false);
    for (index, line) in text.lines().map(str::trim_end).enumerate() {
        if let Some(title) = line.strip_prefix("## ") {
            sections.push(Section {
                title: title.to_owned(),
                steps: Vec::new(),
            });
        }
        let line = line.trim_start();
        if line.starts_with("```") {
            is_inside = line == "```console";
            continue;
        }
        let Some(section) = sections.last_mut().filter(|_| is_inside) else {
            continue;
        };
        let command = line.strip_prefix("$ ");
        if let Some(text) = command.or(continues.then_some(line)) {
            if command.is_some() {
                section.steps.push(Step {
                    line: index + 1,
                    ..Step::default()
                });
            }
            if let Some(step) = section.steps.last_mut() {
                continues = step.add(text);
            }
        } else if let Some(step) = section.steps.last_mut() {
            step.shown
                .extend((!line.is_empty()).then(|| line.to_owned()));
        }
    }
    sections
}

impl Step {
    /// Adds a line of the command. Returns whether it continues on the next.
    fn add(&mut self, text: &str) -> bool {
        let (text, comment) = text.split_once(" # ").unwrap_or((text, ""));
        self.fails |= comment.trim() == "fails";
        let continued = text.strip_suffix('\\');
        if !self.command.is_empty() {
            self.command.push(' ');
        }
        self.command.push_str(continued.unwrap_or(text).trim());
        continued.is_some()
    }

    /// Its words, as a shell splits them: double quotes keep blanks.
    pub fn words(&self) -> Vec<String> {
        let (mut words, mut word, mut is_quoted) = (Vec::new(), None::<String>, false);
        for c in self.command.chars() {
            match c {
                '"' => {
                    is_quoted = !is_quoted;
                    word.get_or_insert_default();
                }
                c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }
}

#[test]
fn commands_and_the_lines_below_them_are_found() {
    let text = "# Page\n```console\n$ no section\n```\n## One\n```console\n$ a \"b c\" \\\n  \
                d   # a comment\nline 1\n$ e  # fails\n```\nText.\n```text\n$ f\n```\n## Two";
    let step = |line, command: &str, fails, shown: &[&str]| Step {
        line,
        command: command.to_owned(),
        fails,
        shown: shown.iter().map(|&text| text.to_owned()).collect(),
    };
    let sections = parse(text);
    let titles: Vec<&str> = sections.iter().map(|s| s.title.as_str()).collect();
    assert_eq!(titles, ["One", "Two"]);
    assert_eq!(
        sections[0].steps,
        [
            step(7, "a \"b c\" d", false, &["line 1"]),
            step(10, "e", true, &[])
        ]
    );
    assert_eq!(sections[0].steps[0].words(), ["a", "b c", "d"]);
}

#[test]
fn every_section_with_commands_has_a_test() -> Result<()> {
    let tests = include_str!("main.rs");
    let sections = read()?;
    anyhow::ensure!(sections.len() > 3, "the document has few sections");
    let is_run = |step: &Step| step.command.starts_with("lockctl ");
    for section in sections.iter().filter(|s| s.steps.iter().any(is_run)) {
        let call = format!("walk(\"{}\")", section.title);
        anyhow::ensure!(tests.contains(&call), "no test calls {call}");
    }
    Ok(())
}

#[test]
fn the_first_door_takes_ten_lines() -> Result<()> {
    let text = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../infra/docs/OPERATING.md"),
    )?;
    let (_, section) = text
        .split_once("## The first door")
        .context("no such section")?;
    let block = section.split("```console\n").nth(1).context("no block")?;
    let block = block.split("```").next().unwrap_or_default();
    let commands = block.lines().filter(|line| line.starts_with("$ ")).count();
    let continued = block.lines().filter(|line| line.ends_with('\\')).count();
    assert_eq!((commands, continued), (10, 0), "{block}");
    Ok(())
}

#[test]
fn every_command_is_one_of_lockctl_or_known_to_be_done_by_hand() -> Result<()> {
    for section in read()? {
        for step in section.steps {
            let is_known = step.command.starts_with("lockctl ") || crate::hand::is_known(&step);
            anyhow::ensure!(is_known, "line {}: {}", step.line, step.command);
        }
    }
    Ok(())
}
