//! AWS's metrics of each rule, in the namespace `AWS/IoT`.
//!
//! Source: AWS IoT developer guide, "AWS IoT metrics and dimensions".

use crate::metric::Key;

const NAMESPACE: &str = "AWS/IoT";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// A message matched the rule's topic filter.
    TopicMatch,
    /// The statement's condition was true.
    RulesExecuted,
    /// The payload is not JSON, which the statement needs.
    ParseError,
    /// Basic Ingest named a rule that does not exist.
    RuleNotFound,
}

pub fn of_rule(rule: &str, metric: Metric) -> Key {
    let name = match metric {
        Metric::TopicMatch => "TopicMatch",
        Metric::RulesExecuted => "RulesExecuted",
        Metric::ParseError => "ParseError",
        Metric::RuleNotFound => "RuleNotFound",
    };
    Key::new(NAMESPACE, name, &[("RuleName", rule)])
}

/// The key of an action's result; `action` is AWS's name for the kind of action in error reports,
/// such as `LambdaAction`. The dimension is shorter: `Lambda`.
pub fn of_action(rule: &str, action: &str, is_error_action: bool, success: bool) -> Key {
    let name = match (is_error_action, success) {
        (false, true) => "Success",
        (false, false) => "Failure",
        (true, true) => "ErrorActionSuccess",
        (true, false) => "ErrorActionFailure",
    };
    let action = action.strip_suffix("Action").unwrap_or(action);
    Key::new(
        NAMESPACE,
        name,
        &[("ActionType", action), ("RuleName", rule)],
    )
}
