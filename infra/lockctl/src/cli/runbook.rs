//! Every `lockctl` command in the runbook is one that this program accepts.

use std::path::Path;

use clap::Parser;

use super::Cli;

/// The commands of a document: inline code that begins with `lockctl `, and console lines that
/// begin with `$ lockctl `.
fn commands(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let console = lines.filter_map(|line| line.strip_prefix("$ "));
    let code = text.split('`').skip(1).step_by(2);
    let all = console
        .chain(code)
        .filter(|text| text.starts_with("lockctl "));
    all.map(|command| command.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn every_command_of_the_runbook_is_accepted() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/RUNBOOK.md");
    let text = std::fs::read_to_string(path).expect("the runbook");
    let commands = commands(&text);
    for command in &commands {
        let parsed = Cli::try_parse_from(command.split(' '));
        assert!(parsed.is_ok(), "`{command}`: {}", parsed.unwrap_err());
    }
    for needed in ["pause", "resume", "recover --all", "retire", "revoke"] {
        let begin = format!("lockctl {needed}");
        let is_there = commands.iter().any(|command| command.starts_with(&begin));
        assert!(is_there, "the runbook never says `{begin}`");
    }
}

#[test]
fn commands_are_found_in_text_and_in_consoles() {
    let text =
        "Run `lockctl pause`, or\n```console\n$ lockctl status\n```\nor `lockctl bind\n  a b`.";
    let found = commands(text);
    assert_eq!(
        found,
        ["lockctl status", "lockctl pause", "lockctl bind a b"]
    );
}
