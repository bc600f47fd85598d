//! What a topic rule invokes.

use super::{Registry, RegistryError};

/// AWS answers so for a rule that does not exist, and for one that the caller may not read.
const UNKNOWN: &str = "UnauthorizedException";

/// A topic rule, and the functions that it invokes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// ARN of the rule.
    pub arn: String,
    /// Whether the rule is enabled.
    pub is_enabled: bool,
    /// ARNs of the functions, each with the alias if the rule names one.
    pub functions: Vec<String>,
}

impl Registry {
    /// The rule of this name; `None` if it does not exist or the caller may not read it, which AWS
    /// does not distinguish.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails otherwise.
    pub async fn find_trigger(&self, rule: &str) -> Result<Option<Trigger>, RegistryError> {
        let found = match self.client.get_topic_rule().rule_name(rule).send().await {
            Ok(found) => found,
            Err(error) => {
                let error = RegistryError::of(format!("iot:GetTopicRule {rule}"), &error);
                return error.absent_if(UNKNOWN);
            }
        };
        let arn = found.rule_arn().unwrap_or_default().to_owned();
        let rule = found.rule();
        let actions = rule.map_or(&[][..], |rule| rule.actions());
        let functions = actions.iter().filter_map(|action| action.lambda());
        Ok(Some(Trigger {
            arn,
            is_enabled: !rule
                .and_then(|rule| rule.rule_disabled())
                .unwrap_or_default(),
            functions: functions
                .map(|found| found.function_arn().to_owned())
                .collect(),
        }))
    }
}
