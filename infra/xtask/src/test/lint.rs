//! What cfn-lint and checkov find in template.yaml, against infra/deploy/lint.json: what is not
//! fixed is declined there with its reason. A finding without an entry fails, and so does an entry
//! without a finding.
//!
//! Must not know: any rule.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process;
use crate::workspace::Workspace;

const TEMPLATE: &str = "template.yaml";
const DECLINED: &str = "infra/deploy/lint.json";

/// A rule of a tool that a part of the template breaks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    tool: String,
    rule: String,
    /// The resource, or the section.
    place: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} in {}", self.tool, self.rule, self.place)
    }
}

/// Runs both linters; `true` if they find exactly what is declined.
///
/// # Errors
/// A linter could not run, or its answer or the list cannot be read.
pub fn run(workspace: &Workspace) -> Result<bool> {
    let mut cfn_lint = Command::new(workspace.python_tool("cfn-lint"));
    // Informational and experimental rules too.
    cfn_lint.args(["--format", "json", "-c", "I", "-e"]);
    cfn_lint.args(["--non-zero-exit-code", "none", TEMPLATE]);
    let mut checkov = Command::new(workspace.linter("checkov"));
    checkov.args(["--framework", "cloudformation", "--output", "json"]);
    checkov.args(["--quiet", "--compact", "--soft-fail", "--skip-download"]);
    checkov.args(["--file", TEMPLATE]);
    let mut found = of_cfn_lint(&answer(workspace, &mut cfn_lint)?)?;
    found.extend(of_checkov(&answer(workspace, &mut checkov)?)?);
    let list = fs::read_to_string(workspace.path(DECLINED));
    let list = list.with_context(|| format!("read {DECLINED}"))?;
    let declined = of_list(&list).with_context(|| format!("read {DECLINED}"))?;
    let differences = differences(&found, &declined);
    for difference in &differences {
        println!("lint: {difference}");
    }
    println!(
        "lint: {} findings, {} declined, {} wrong",
        found.len(),
        declined.len(),
        differences.len()
    );
    Ok(differences.is_empty())
}

fn answer(workspace: &Workspace, linter: &mut Command) -> Result<Value> {
    let text = process::output(linter.current_dir(workspace.root()))?;
    serde_json::from_str(&text).with_context(|| format!("read the answer of {linter:?}"))
}

fn of_cfn_lint(answer: &Value) -> Result<BTreeSet<Finding>> {
    let findings = answer.as_array().context("cfn-lint gave no list")?;
    let read = |finding: &Value| {
        let path = finding["Location"]["Path"].as_array();
        let path: Vec<&str> = path
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let place = match path.as_slice() {
            ["Resources", resource, ..] => resource,
            [section, ..] => section,
            [] => "the template",
        };
        finding_of("cfn-lint", &finding["Rule"]["Id"], place)
    };
    findings.iter().map(read).collect()
}

fn of_checkov(answer: &Value) -> Result<BTreeSet<Finding>> {
    let results = &answer["results"];
    let unread = results["parsing_errors"].as_array();
    ensure!(
        unread.is_none_or(Vec::is_empty),
        "checkov cannot read {TEMPLATE}"
    );
    let failed = results["failed_checks"].as_array();
    let failed = failed.context("checkov gave no list of failed checks")?;
    let read = |check: &Value| {
        // `AWS::DynamoDB::Table.Table`
        let resource = check["resource"].as_str().unwrap_or_default();
        let place = resource.rsplit('.').next().unwrap_or_default();
        finding_of("checkov", &check["check_id"], place)
    };
    failed.iter().map(read).collect()
}

fn finding_of(tool: &str, rule: &Value, place: &str) -> Result<Finding> {
    let rule = rule.as_str().context("a finding has no rule")?.to_owned();
    let (tool, place) = (tool.to_owned(), place.to_owned());
    Ok(Finding { tool, rule, place })
}

fn of_list(text: &str) -> Result<BTreeSet<Finding>> {
    let list: Vec<Value> = serde_json::from_str(text)?;
    let mut declined = BTreeSet::new();
    for entry in &list {
        let reason = entry["reason"].as_str().unwrap_or_default();
        ensure!(!reason.trim().is_empty(), "{entry} has no reason");
        let tool = entry["tool"].as_str().context("an entry has no tool")?;
        let places = entry["places"].as_array();
        for place in places.context("an entry has no places")? {
            let place = place.as_str().context("a place is not text")?;
            declined.insert(finding_of(tool, &entry["rule"], place)?);
        }
    }
    Ok(declined)
}

fn differences(found: &BTreeSet<Finding>, declined: &BTreeSet<Finding>) -> Vec<String> {
    let new = found.difference(declined);
    let new = new.map(|f| format!("{f}: fix it, or decline it with a reason in {DECLINED}"));
    let stale = declined.difference(found);
    let stale =
        stale.map(|f| format!("{f} is declined in {DECLINED}, but is not found: delete it"));
    new.chain(stale).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const LIST: &str = r#"[
        {"tool": "checkov", "rule": "CKV_1", "places": ["Table"], "reason": "why"},
        {"tool": "cfn-lint", "rule": "I1", "places": ["Metadata", "Queue"], "reason": "why"}
    ]"#;

    fn found(checks: &[(&str, &str)], rules: &[(&str, &[&str])]) -> BTreeSet<Finding> {
        let checks = checks
            .iter()
            .map(|(id, place)| json!({"check_id": id, "resource": format!("AWS::X::Y.{place}")}));
        let checks: Vec<Value> = checks.collect();
        let checkov = json!({"results": {"failed_checks": checks, "parsing_errors": []}});
        let rules = rules
            .iter()
            .map(|(id, path)| json!({"Rule": {"Id": id}, "Location": {"Path": path}}));
        let mut all = of_cfn_lint(&rules.collect()).expect("an answer");
        all.extend(of_checkov(&checkov).expect("an answer"));
        all
    }

    #[test]
    fn exactly_the_declined_findings_are_good() {
        let metadata: &[&str] = &["Metadata"];
        let queue: &[&str] = &["Resources", "Queue", "Properties"];
        let declined = of_list(LIST).expect("a list");
        let good = found(&[("CKV_1", "Table")], &[("I1", metadata), ("I1", queue)]);
        assert_eq!(differences(&good, &declined), [""; 0]);
        let bad = found(&[("CKV_1", "Topic")], &[("I1", metadata), ("I1", queue)]);
        assert_eq!(
            differences(&bad, &declined),
            [
                "checkov CKV_1 in Topic: fix it, or decline it with a reason in \
                 infra/deploy/lint.json",
                "checkov CKV_1 in Table is declined in infra/deploy/lint.json, but is not found: \
                 delete it",
            ]
        );
    }

    #[test]
    fn an_entry_without_a_reason_is_refused() {
        let error = of_list(&LIST.replacen("why", " ", 1)).expect_err("a reason is missing");
        assert!(error.to_string().ends_with("has no reason"), "{error}");
    }

    #[test]
    fn a_template_that_checkov_cannot_read_is_an_error() {
        let answer = json!({"results": {"failed_checks": [], "parsing_errors": [TEMPLATE]}});
        assert!(of_checkov(&answer).is_err());
        assert!(of_checkov(&json!({"passed": 0})).is_err());
    }
}
