//! Reads `AWS::IoT::TopicRule`.

mod action;

use super::Context;
use super::error::TemplateError;
use super::fields::Fields;
use super::identity::Identity;
use super::resource::TopicRule;

pub(super) fn read(
    id: &str,
    identity: Identity,
    context: &Context,
    mut fields: Fields,
) -> Result<TopicRule, TemplateError> {
    let arn = identity.arn().to_owned();
    if !is_valid_name(&identity.name) {
        let reason = "use only letters, digits and underscores, at most 128";
        return Err(fields.refused("RuleName", &identity.name, reason));
    }
    fields.text("RuleName")?;
    fields.accept(&["Tags"]);
    let mut payload = fields.need_map("TopicRulePayload")?;
    fields.finish()?;
    let place = payload.place.clone();
    let actions = payload
        .list("Actions")?
        .ok_or_else(|| payload.missing("Actions"))?;
    if actions.len() > 10 {
        let count = actions.len().to_string();
        return Err(place.refused(payload.at, "Actions", &count, "at most ten are allowed"));
    }
    let actions = actions
        .into_iter()
        .map(|node| action::read(&place, "TopicRulePayload.Actions", node, context))
        .collect::<Result<_, _>>()?;
    let error_action = payload
        .take("ErrorAction")
        .map(|node| action::read(&place, "TopicRulePayload.ErrorAction", node, context))
        .transpose()?;
    let rule = TopicRule {
        logical_id: id.to_owned(),
        name: identity.name,
        arn,
        sql: payload.need_text("Sql")?,
        // AWS's default is the old version.
        sql_version: payload
            .text("AwsIotSqlVersion")?
            .unwrap_or_else(|| "2015-10-08".to_owned()),
        disabled: payload.boolean("RuleDisabled")?.unwrap_or(false),
        actions,
        error_action,
    };
    payload.accept(&["Description"]);
    payload.finish()?;
    Ok(rule)
}

/// Whether a rule's name is valid.
pub(super) fn is_valid_name(name: &str) -> bool {
    (1..=128).contains(&name.len()) && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
