//! The recorded shadow cases: a test that runs the whole file shows them, or tests of their own.
//!
//! Must not know: what a shadow is; a case is a name, a request and the answers it expects.

use anyhow::{Context, Result};
use serde_json::Value;

use super::mark::Claim;
use super::{CASES, Shown};
use crate::tidy::Tree;

/// A recorded case with the tests that run it.
pub struct Case {
    /// Name in the file of cases.
    pub name: String,
    /// Request and expected answers on a line.
    pub expectation: String,
    /// Evidence for the expected answers, as the file names it.
    pub confidence: String,
    /// The tests that run it: path from the root, name.
    pub tests: Vec<(String, String)>,
}

/// Every case of the file with its tests. A case without a test and a mark without a case go to
/// `errors`.
///
/// # Errors
/// The file is not a list of named cases.
pub fn shown(
    text: &str,
    shown: &[Shown],
    tree: &Tree,
    errors: &mut Vec<String>,
) -> Result<Vec<Case>> {
    let file: Value = serde_json::from_str(text).with_context(|| format!("parse {CASES}"))?;
    let list = file["cases"]
        .as_array()
        .with_context(|| format!("{CASES} has no list of cases"))?;
    for mark in shown {
        match &mark.mark.claim {
            Claim::Cases(path) if path != CASES => {
                errors.push(format!("{}: {path} is not {CASES}", mark.file));
            }
            Claim::Case(name) if !list.iter().any(|case| case["name"] == name.as_str()) => {
                errors.push(format!("{}: {CASES} has no case {name}", mark.file));
            }
            _ => {}
        }
    }
    let mut cases = Vec::new();
    for value in list {
        let name = value["name"].as_str().context("a case has no name")?;
        let tests: Vec<(String, String)> = shown
            .iter()
            .filter(|mark| runs(mark, name, tree))
            .map(|mark| (mark.file.clone(), mark.test.clone()))
            .collect();
        cases.push(Case {
            name: name.to_owned(),
            expectation: expectation(value),
            confidence: value["confidence"].as_str().unwrap_or_default().to_owned(),
            tests,
        });
    }
    let bare = cases.iter().filter(|case| case.tests.is_empty());
    let bare: Vec<&str> = bare.map(|case| case.name.as_str()).collect();
    if !bare.is_empty() {
        errors.push(format!(
            "{CASES}: no test shows {}: mark a test of it with `// AWS case(shadow): <name>`, \
             or a test of the whole file with `// AWS cases(shadow): {CASES}` (which skips the \
             cases that its source names)",
            bare.join(", ")
        ));
    }
    Ok(cases)
}

/// Whether this mark's test runs the case. A test of the whole file skips the cases that it names.
fn runs(shown: &Shown, name: &str, tree: &Tree) -> bool {
    match &shown.mark.claim {
        Claim::Case(case) => case == name,
        Claim::Cases(path) => {
            let quoted = format!("\"{name}\"");
            path == CASES
                && !tree
                    .text(&shown.file)
                    .is_some_and(|text| text.contains(&quoted))
        }
        Claim::Behaviour { .. } => false,
    }
}

/// Request and answers: `update → update/rejected 409; never update/accepted`.
fn expectation(case: &Value) -> String {
    let request = case["request"]["topic"].as_str().unwrap_or("?");
    let answers: Vec<String> = list(&case["expected"]).map(answer).collect();
    let never: Vec<&str> = list(&case["never"]).filter_map(Value::as_str).collect();
    let answers = match answers.as_slice() {
        [] => "nothing".to_owned(),
        some => some.join(", "),
    };
    let never = match never.as_slice() {
        [] => String::new(),
        some => format!("; never {}", some.join(", ")),
    };
    format!("{request} → {answers}{never}")
}

fn answer(expected: &Value) -> String {
    let code = &expected["payload"]["code"];
    match (expected["topic"].as_str(), &expected["http"]) {
        (Some(topic), _) if code.is_number() => format!("{topic} {code}"),
        (Some(topic), _) => topic.to_owned(),
        (None, Value::String(status)) => format!("HTTP {}", status.trim_matches(['<', '>'])),
        (None, status) => format!("HTTP {status}"),
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::mark::Mark;
    use super::*;

    const TESTS: &str = "infra/cloud/local-cloud/src/shadow/tests.rs";

    fn of(claim: Claim) -> Shown {
        Shown {
            mark: Mark {
                area: "shadow",
                claim,
            },
            file: TESTS.to_owned(),
            test: "every_case".to_owned(),
        }
    }

    #[test]
    fn each_case_needs_a_test_and_each_mark_a_case() {
        let text = json!({"cases": [{"name": "one"}, {"name": "two"}]}).to_string();
        let whole = || of(Claim::Cases(CASES.to_owned()));
        let single = |name: &str| of(Claim::Case(name.to_owned()));
        let exception = "const NEED_A_CONNECTION: &[&str] = &[\"two\"];";
        let rows: Vec<(&str, Vec<Shown>, Vec<&str>)> = vec![
            ("", vec![whole()], vec![]),
            ("", vec![single("one"), single("two")], vec![]),
            ("", vec![single("one")], vec!["no test shows two"]),
            (exception, vec![whole()], vec!["no test shows two"]),
            (exception, vec![whole(), single("two")], vec![]),
            (
                "",
                vec![whole(), single("three")],
                vec!["has no case three"],
            ),
        ];
        for (source, marks, expected) in rows {
            let tree = Tree::of(&[(TESTS, source)]);
            let mut errors = Vec::new();
            let cases = shown(&text, &marks, &tree, &mut errors).expect("well-formed cases");
            assert_eq!(cases.len(), 2);
            assert_eq!(errors.len(), expected.len(), "{errors:?}");
            for (error, part) in errors.iter().zip(expected) {
                assert!(error.contains(part), "{error}");
            }
        }
    }

    #[test]
    fn an_expectation_is_a_line() {
        let rows = [
            (
                json!({
                    "request": {"topic": "update"},
                    "expected": [{"topic": "update/rejected", "payload": {"code": 409}}],
                    "never": ["update/delta", "update/accepted"],
                }),
                "update → update/rejected 409; never update/delta, update/accepted",
            ),
            (
                json!({"request": {"topic": "GET /x"}, "expected": [{"http": 404, "payload": {}}]}),
                "GET /x → HTTP 404",
            ),
            (
                json!({"request": {"topic": "update"}, "expected": []}),
                "update → nothing",
            ),
        ];
        for (case, expected) in rows {
            assert_eq!(expectation(&case), expected);
        }
    }
}
