//! Every crash that a fuzzer has found, by name: the input is kept in the corpus as `crash-<name>`, and holds.
//!
//! Must not know: what is checked.

use std::fs;
use std::path::{Path, PathBuf};

use cloud_fuzz::TARGETS;

/// How the name of such an input begins.
const PREFIX: &str = "crash-";

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target)
}

fn holds(target: &str, name: &str) {
    let path = corpus(target).join(format!("{PREFIX}{name}"));
    let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let known = TARGETS.iter().find(|(known, _)| *known == target);
    let (_, check) = known.unwrap_or_else(|| panic!("no target {target}"));
    check(&bytes);
}

#[test]
fn a_topic_alias_maximum_of_0_panics_no_connection() {
    holds("mqtt", "connect_topic_alias_maximum_0");
}

#[test]
fn a_policy_at_the_limit_of_length_decides_as_the_rules_say() {
    holds("policy", "document_at_the_limit_of_length");
}

#[test]
fn every_crash_in_the_corpus_has_a_test_of_its_own() {
    let tests = include_str!("crash.rs");
    for (target, _) in TARGETS {
        for entry in fs::read_dir(corpus(target)).expect("the corpus is checked in") {
            let entry = entry.expect("a file of the corpus");
            let name = entry.file_name().into_string().expect("its name is text");
            if let Some(name) = name.strip_prefix(PREFIX) {
                let call = format!("holds(\"{target}\", \"{name}\");");
                assert!(tests.contains(&call), "no test has {call}");
            }
        }
    }
}
