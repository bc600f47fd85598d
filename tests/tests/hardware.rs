//! HARDWARE.md names every reason why a press has no effect, so that a person finds what to do.

use std::collections::BTreeSet;

const PAGE: &str = include_str!("../../infra/docs/HARDWARE.md");
/// The page with the reasons.
const DECISIONS: [&str; 2] = [
    include_str!("../../lambdas/lock-core/src/decide/press.rs"),
    include_str!("../../lambdas/lock-core/src/decide.rs"),
];
/// The firmware's names of refusals, in the order of `enum refusal`; the first is empty.
const REFUSALS: &str = include_str!("../../firmware/core/report.c");

/// The words in backticks in the first column of the table under this heading.
fn named(heading: &str) -> BTreeSet<String> {
    let (_, after) = PAGE.split_once(heading).expect("the page has the heading");
    let table = after.split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    rows.filter_map(|row| row.split('|').nth(1))
        .flat_map(|cell| cell.split('`').skip(1).step_by(2).map(str::to_owned))
        .collect()
}

/// The reasons for which the decisions ignore a press, as texts.
fn reasons() -> BTreeSet<String> {
    let mut reasons = BTreeSet::new();
    for source in DECISIONS {
        for before in ["ignore(Reason::", "ignore_in_button_history(Reason::"] {
            for rest in source.split(before).skip(1) {
                let name: String = rest
                    .chars()
                    .take_while(|c| c.is_ascii_uppercase() || *c == '_')
                    .collect();
                reasons.insert(name.to_lowercase().replace('_', " "));
            }
        }
    }
    reasons
}

#[test]
fn every_reason_for_an_ignored_press_is_in_hardware_md() {
    let (named, reasons) = (named("### Why a press was ignored"), reasons());
    assert!(reasons.len() >= 10, "{reasons:?}");
    let missing: Vec<&String> = reasons.difference(&named).collect();
    assert!(missing.is_empty(), "{missing:?} are not in {named:?}");
}

#[test]
fn every_refusal_of_an_unlock_is_in_hardware_md() {
    let (_, after) = REFUSALS
        .split_once("refusal_names[] = {")
        .expect("report.c has the names");
    let names = after.split("};").next().unwrap_or_default();
    let names: Vec<&str> = names.split('"').skip(1).step_by(2).collect();
    assert!(names.contains(&"implausible"), "{names:?}");
    let named = named("### Why a press was ignored");
    // A newer command causes these; a person has nothing to repair.
    let passing = ["", "malformed", "superseded", "conflict"];
    for name in names.iter().filter(|name| !passing.contains(name)) {
        assert!(named.contains(&format!("refused: {name}")), "{name}");
    }
}
