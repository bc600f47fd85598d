//! What AWS counts of each rule, in the namespace `AWS/IoT`.
//!
//! Source: AWS IoT developer guide, "AWS IoT metrics and dimensions". Must not know: why anything is counted.

use crate::metric::Key;

const NAMESPACE: &str = "AWS/IoT";

/// Something that is counted by rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A message on a topic of the rule.
    TopicMatch,
    /// A statement whose condition was true.
    RulesExecuted,
    /// A payload that is not the JSON that the statement needs.
    ParseError,
    /// Basic Ingest for a rule there is not.
    RuleNotFound,
}

/// The key of a rule's metric.
pub fn of_rule(rule: &str, metric: Metric) -> Key {
    let name = match metric {
        Metric::TopicMatch => "TopicMatch",
        Metric::RulesExecuted => "RulesExecuted",
        Metric::ParseError => "ParseError",
        Metric::RuleNotFound => "RuleNotFound",
    };
    Key::new(NAMESPACE, name, &[("RuleName", rule)])
}

/// The key of an action's end; `action` is AWS's name for its kind.
pub fn of_action(rule: &str, action: &str, is_error_action: bool, success: bool) -> Key {
    let name = match (is_error_action, success) {
        (false, true) => "Success",
        (false, false) => "Failure",
        (true, true) => "ErrorActionSuccess",
        (true, false) => "ErrorActionFailure",
    };
    Key::new(
        NAMESPACE,
        name,
        &[("ActionType", action), ("RuleName", rule)],
    )
}
