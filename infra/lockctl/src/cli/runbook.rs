//! Every `lockctl` command in the runbook, HARDWARE.md and `HOME_ASSISTANT.md` is one that
//! this program accepts.
//! Those of OPERATING.md are run, by a test of their own.

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

/// The commands of a page, each of which is accepted.
fn accepted(page: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let text = std::fs::read_to_string(path.join(page)).expect("a page");
    let commands = commands(&text);
    for command in &commands {
        let parsed = Cli::try_parse_from(command.split(' '));
        assert!(
            parsed.is_ok(),
            "{page}: `{command}`: {}",
            parsed.unwrap_err()
        );
    }
    commands
}

/// Checks that a page has a command that begins with each of these.
fn check_needed(page: &str, needed: &[&str]) {
    let commands = accepted(page);
    for needed in needed {
        let begin = format!("lockctl {needed}");
        let is_there = commands.iter().any(|command| command.starts_with(&begin));
        assert!(is_there, "{page} never says `{begin}`");
    }
}

#[test]
fn every_command_of_the_page_about_hardware_is_accepted() {
    let needed = ["register lock", "register button", "rotate", "retire"];
    check_needed("HARDWARE.md", &needed);
    let genuine = [
        "rotate G030JF055364XVRB --csr",
        "rotate G030JF055364XVRB --finish --seen",
    ];
    check_needed("HARDWARE.md", &genuine);
}

#[test]
fn every_command_of_the_runbook_is_accepted() {
    let changes = ["pause", "resume", "recover --all", "retire", "revoke"];
    check_needed("RUNBOOK.md", &changes);
    let looks = [
        "enable",
        "rotate front-door --finish --seen",
        "doctor",
        "failures --redrive",
    ];
    check_needed("RUNBOOK.md", &looks);
}

#[test]
fn every_command_of_the_page_about_home_assistant_is_accepted() {
    let needed = [
        "home-assistant front-door",
        "home-assistant --remove",
        "retire home-assistant",
    ];
    check_needed("HOME_ASSISTANT.md", &needed);
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
