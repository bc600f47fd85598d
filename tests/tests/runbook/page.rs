//! What the document names exists in the template. (That its `lockctl` commands parse is tested
//! with the command line itself.)

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};

/// Words of AWS and its tools that look like names of the template.
const FOREIGN: [&str; 3] = [
    "AccessDenied",
    "DDBStreamBatchInfo",
    "ResourceNotFoundException",
];

fn read(path: &str) -> Result<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))
}

fn runbook() -> Result<String> {
    read("infra/docs/RUNBOOK.md")
}

/// The text after each `begin`, up to the first character that `belongs` does not accept.
fn words<'a>(text: &'a str, begin: &str, belongs: fn(char) -> bool) -> BTreeSet<&'a str> {
    let tails = text
        .match_indices(begin)
        .map(|(at, _)| &text[at + begin.len()..]);
    let words = tails.map(|tail| tail.split(|c| !belongs(c)).next().unwrap_or_default());
    words.filter(|word| !word.is_empty()).collect()
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// The inline code of a document.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn every_alarm_has_a_row_and_every_row_an_alarm() -> Result<()> {
    let (text, template) = (runbook()?, read("template.yaml")?);
    let declared = words(&template, "AlarmName: !Sub '${AWS::StackName}-", is_of_name);
    ensure!(!declared.is_empty(), "template.yaml declares no alarms");
    let rows = text
        .lines()
        .filter(|line| line.starts_with("| `remote-lock-"));
    let first = rows.filter_map(|row| row.split('|').nth(1));
    let described: BTreeSet<&str> = first
        .flat_map(|cell| words(cell, "remote-lock-", is_of_name))
        .collect();
    assert_eq!(described, declared);
    Ok(())
}

#[test]
fn every_rule_policy_output_and_parameter_exists() -> Result<()> {
    let (text, template) = (runbook()?, read("template.yaml")?);
    for rule in words(&text, "remote_lock_", is_of_name) {
        let name = format!("'${{Prefix}}_{rule}'");
        ensure!(template.contains(&name), "no rule remote_lock_{rule}");
    }
    let policies = words(&text, "-policy --policy-name ", |c| {
        is_of_name(c) || c == '$'
    });
    ensure!(!policies.is_empty(), "the document names no policy");
    let policies = policies
        .into_iter()
        .filter(|name| *name != "$STACK-$policy");
    let listed = ["STACK-lock", "STACK-button", "STACK-aws-iot-button"];
    for name in policies.chain(listed) {
        let (_, end) = name
            .split_once('-')
            .context("a policy begins with the stack")?;
        let name = format!("PolicyName: !Sub '${{AWS::StackName}}-{end}'");
        ensure!(template.contains(&name), "no policy {name}");
    }
    let (_, outputs) = template.split_once("\nOutputs:").context("no outputs")?;
    let asked = words(&text, "$(out ", is_of_name);
    ensure!(!asked.is_empty(), "the document reads no output");
    for output in asked {
        ensure!(
            outputs.contains(&format!("\n  {output}:")),
            "no output {output}"
        );
    }
    for function in ["Press", "Report", "Sweep", "Failure", "Announce"] {
        let name = format!("\n  {function}FunctionName:");
        ensure!(outputs.contains(&name), "no output {name}");
    }
    let is_word = |word: &&str| {
        word.starts_with(|c: char| c.is_ascii_uppercase())
            && word.contains(|c: char| c.is_ascii_lowercase())
            && word.chars().all(|c| c.is_ascii_alphanumeric())
    };
    let known: BTreeSet<&str> = template
        .split(|c: char| !c.is_ascii_alphanumeric())
        .collect();
    for word in code(&text).filter(is_word) {
        let is_known = known.contains(word) || FOREIGN.contains(&word);
        ensure!(is_known, "template.yaml does not know {word}");
    }
    Ok(())
}

/// The lines of `text` from the one that is `first` to the next that is not further in; each
/// without indentation.
fn block<'a>(text: &'a str, first: &str) -> Result<Vec<&'a str>> {
    let mut lines = text.lines().skip_while(|line| line.trim() != first);
    let head = lines.next().with_context(|| format!("no line {first}"))?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let inside = lines.take_while(|line| indent(line) > indent(head));
    let inside = inside.map(str::trim).filter(|line| !line.starts_with('#'));
    Ok(inside.collect())
}

#[test]
fn the_imported_table_is_the_templates_table() -> Result<()> {
    let (text, template) = (runbook()?, read("template.yaml")?);
    let imported = block(&text, "Table:")?;
    let declared = block(&template, "Table:")?;
    // An import accepts neither a parameter nor another policy than these two.
    let differ = |line: &str| {
        let begins = ["DeletionPolicy:", "DeletionProtectionEnabled:"];
        begins.iter().any(|begin| line.starts_with(begin))
    };
    for line in declared.into_iter().filter(|line| !differ(line)) {
        ensure!(
            imported.contains(&line),
            "the imported table lacks {line:?}"
        );
    }
    Ok(())
}
