//! Every command has an entry in the schema and a transcript.

use std::path::Path;

use clap::CommandFactory;
use serde_json::Value;

use super::Cli;
use crate::page::SCHEMA;

/// Transcripts of what all commands share.
const OF_ALL_COMMANDS: [&str; 2] = ["status-code", "target"];

/// The commands that do something, as `register-lock`.
fn leaves(command: &clap::Command, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for sub in command.get_subcommands() {
        let name = format!("{prefix}{}", sub.get_name());
        if sub.has_subcommands() {
            found.extend(leaves(sub, &format!("{name}-")));
        } else {
            found.push(name);
        }
    }
    found
}

/// What `there` lacks or has too much, in comparison with the command line.
fn difference(there: &[String]) -> Vec<String> {
    let commands = leaves(&Cli::command(), "");
    let missing = commands.iter().filter(|name| !there.contains(name));
    let surplus = there.iter().filter(|name| !commands.contains(name));
    let missing = missing.map(|name| format!("{name} is missing"));
    missing
        .chain(surplus.map(|name| format!("{name} is not a command")))
        .collect()
}

#[test]
fn the_schema_has_an_entry_for_each_command() {
    let schema: Value = serde_json::from_str(SCHEMA).expect("JSON");
    let entries = schema["$defs"].as_object().expect("an object");
    // A capital letter begins the name of a part.
    let is_command = |name: &&String| name.starts_with(|c: char| c.is_ascii_lowercase());
    let names: Vec<String> = entries.keys().filter(is_command).cloned().collect();
    assert_eq!(difference(&names), [""; 0]);
    jsonschema::validator_for(&schema).expect("a schema");
}

#[test]
fn each_command_has_a_transcript() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/tests/transcript");
    let files = std::fs::read_dir(folder).expect("the folder of transcripts");
    let paths = files.map(|file| file.expect("a file").path());
    let texts = paths.filter(|path| path.extension().is_some_and(|ending| ending == "txt"));
    let names = texts.map(|path| {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        stem.expect("a name in UTF-8").to_owned()
    });
    let names = names.filter(|name| !OF_ALL_COMMANDS.contains(&name.as_str()));
    assert_eq!(difference(&names.collect::<Vec<_>>()), [""; 0]);
}

#[test]
fn the_help_and_the_manual_give_the_exit_statuses() {
    let help = Cli::command().render_long_help().to_string();
    let mut manual = Vec::new();
    clap_mangen::Man::new(Cli::command())
        .render(&mut manual)
        .expect("rendered");
    let manual = String::from_utf8(manual).expect("UTF-8");
    for text in [&help, &manual] {
        assert!(text.contains("Exit status:"), "{text}");
        assert!(text.contains("no answer in time"), "{text}");
    }
}
