//! Reads the statements of rules, and warns of what is not known to work so in AWS.
//!
//! Must not know: actions, messages.

use super::RuleError;
use iot_sql::{Statement, Version};
use sam_template::{Template, TopicRule};

/// AWS's name for the newest version of the SQL engine.
const BETA: &str = "beta";

/// The statement of a rule.
pub(super) fn parse(rule: &TopicRule, template: &Template) -> Result<Statement, RuleError> {
    let version = version_of(&rule.sql_version).ok_or_else(|| RuleError::Version {
        rule: rule.name.clone(),
        id: rule.logical_id.clone(),
        version: rule.sql_version.clone(),
    })?;
    let statement =
        Statement::parse(&rule.sql, version).map_err(|source| RuleError::Statement {
            rule: rule.name.clone(),
            id: rule.logical_id.clone(),
            source,
        })?;
    let place = template.places.of_sql(&rule.logical_id);
    if rule.sql_version == BETA {
        tracing::warn!("{place}: sql version beta is run as 2016-03-23; AWS may change its own");
    }
    for doubt in statement.doubts() {
        tracing::warn!("{place}: sql: {doubt}");
    }
    Ok(statement)
}

/// The topic filter of a rule's statement; `None` if the statement is invalid.
pub fn topic_filter(rule: &TopicRule) -> Option<String> {
    let version = version_of(&rule.sql_version)?;
    let statement = Statement::parse(&rule.sql, version).ok()?;
    Some(statement.topic_filter().to_owned())
}

/// The version of the SQL that this name stands for. AWS's `beta` is the newest engine.
fn version_of(name: &str) -> Option<Version> {
    match name {
        BETA => Some(Version::V2016),
        name => Version::from_name(name),
    }
}
