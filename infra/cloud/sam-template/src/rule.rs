//! Reads `AWS::IoT::TopicRule`.

use super::error::{Problem, TemplateError};
use super::fields::{Fields, Place};
use super::identity::Identity;
use super::node::{Data, Node};
use super::resource::{Action, TopicRule};

pub(super) fn read(
    id: &str,
    identity: Identity,
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
        .map(|node| read_action(&place, "TopicRulePayload.Actions", node))
        .collect::<Result<_, _>>()?;
    let error_action = payload
        .take("ErrorAction")
        .map(|node| read_action(&place, "TopicRulePayload.ErrorAction", node))
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

fn read_action(place: &Place, path: &str, node: Node) -> Result<Action, TemplateError> {
    let at = node.at;
    let entry = match node.data {
        Data::Map(entries) => <[_; 1]>::try_from(entries).ok(),
        _ => None,
    };
    let Some([entry]) = entry else {
        return Err(place.kind(at, path, "a map with one action"));
    };
    let name = format!("{path}.{}", entry.key);
    let mut fields = Fields::new(place.clone(), &name, entry.value)?;
    let action = match entry.key.as_str() {
        "Lambda" => Action::Lambda {
            function_arn: fields.need_text("FunctionArn")?,
        },
        "Republish" => Action::Republish {
            topic: fields.need_text("Topic")?,
            qos: u8::try_from(fields.integer("Qos", 0..=1)?.unwrap_or(0)).expect("at most one"),
            headers: fields.json("Headers"),
            role_arn: fields.need_text("RoleArn")?,
        },
        "Sqs" => Action::Sqs {
            queue_url: fields.need_text("QueueUrl")?,
            use_base64: fields.boolean("UseBase64")?.unwrap_or(false),
            role_arn: fields.need_text("RoleArn")?,
        },
        "CloudwatchLogs" => Action::CloudwatchLogs {
            log_group: fields.need_text("LogGroupName")?,
            role_arn: fields.need_text("RoleArn")?,
        },
        _ => {
            let advice = "supported actions are Lambda, Republish, Sqs and CloudwatchLogs; use \
                          one, or make the rule conditional on a parameter";
            let problem = Problem::unsupported(format!("property {name}"), advice);
            return Err(place.error(entry.at, problem));
        }
    };
    fields.finish()?;
    Ok(action)
}
