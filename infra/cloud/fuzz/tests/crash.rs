//! A test for each crash that a fuzzer found. Its input is in the corpus as `crash-<name>`.

use std::fs;
use std::path::{Path, PathBuf};

use cloud_fuzz::TARGETS;

/// Prefix of the file name of a crash's input.
const PREFIX: &str = "crash-";

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

fn check_crash(target: &str, name: &str) {
    let path = corpus(target).join(format!("{PREFIX}{name}"));
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let known = TARGETS.iter().find(|(known, _)| *known == target);
    let (_, check) = known.unwrap_or_else(|| panic!("no target {target}"));
    check(&bytes);
}

#[test]
fn a_topic_alias_maximum_of_0_does_not_panic() {
    check_crash("mqtt", "connect_topic_alias_maximum_0");
}

#[test]
fn a_policy_at_the_size_limit_follows_the_rules() {
    check_crash("policy", "document_at_the_limit_of_length");
}

#[test]
fn a_yaml_error_is_reported_inside_the_text() {
    check_crash("template", "column_beyond_the_line");
}

#[test]
fn a_yaml_error_is_reported_inside_a_line_that_a_carriage_return_ends() {
    check_crash("template", "column_beyond_a_carriage_return");
}

#[test]
fn every_crash_in_the_corpus_has_a_test_of_its_own() {
    let tests = include_str!("crash.rs");
    for (target, _) in TARGETS {
        for entry in fs::read_dir(corpus(target)).expect("the corpus is checked in") {
            let entry = entry.expect("a file of the corpus");
            let name = entry.file_name().into_string().expect("its name is text");
            if let Some(name) = name.strip_prefix(PREFIX) {
                let call = format!("check_crash(\"{target}\", \"{name}\");");
                assert!(tests.contains(&call), "no test has {call}");
            }
        }
    }
}
