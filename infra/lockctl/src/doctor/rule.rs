//! The links of the topic rules: the stack's own, their permissions, and those of others.
//!
//! Must not know: how anything was seen.

use std::collections::BTreeMap;

use aws_policy::{Decision, Document, Principal, Request};
use lock_aws::registry::{LIVE, ListedRule, Trigger};
use serde_json::Value;

use super::evidence::{Evidence, Rule};
use super::judge::unknown;
use super::link::{Link, Verdict};

/// The topics of the stack's rules. Every stack of an account has the same.
const TOPICS: [&str; 4] = [
    "iotbutton/+",
    "remote-lock/+/request",
    "remote-lock/+/request/lock",
    "$aws/things/+/shadow/update/accepted",
];

/// The links of the stack's own rules.
pub fn rules(evidence: &Evidence) -> Vec<Link> {
    let links = evidence.rules.iter().flat_map(|rule| {
        [
            Link::new(format!("rule {}", rule.role), state(evidence, rule)),
            Link::new(
                format!("permission {}", rule.role),
                permission(evidence, rule),
            ),
        ]
    });
    links.collect()
}

/// Name of the function that a rule must invoke, if it was seen.
fn function_name<'a>(evidence: &'a Evidence, rule: &Rule) -> Option<&'a str> {
    let mut functions = evidence.functions.iter();
    let found = functions.find(|function| function.role == rule.function)?;
    found.name.as_deref().ok()
}

fn state(evidence: &Evidence, rule: &Rule) -> Verdict {
    let name = &rule.name;
    let found = match &rule.found {
        Err(unseen) => return unknown(evidence, unseen),
        Ok(None) => return absent(evidence, name),
        Ok(Some(found)) => found,
    };
    if !found.is_enabled {
        let what = format!("the rule {name} is disabled: its messages are lost");
        return Verdict::broken(what, evidence.lockctl("resume"));
    }
    let wanted = function_name(evidence, rule);
    let fits = |arn: &String| match wanted {
        Some(function) => arn.ends_with(&format!(":function:{function}:{LIVE}")),
        None => arn.ends_with(&format!(":{LIVE}")),
    };
    if found.functions.iter().any(fits) {
        return Verdict::Ok(format!("{name} is enabled, and invokes {}", rule.function));
    }
    let invokes = match found.functions.first() {
        Some(arn) => arn.as_str(),
        None => "no function",
    };
    let alias = wanted.unwrap_or(rule.function);
    Verdict::broken(
        format!("the rule {name} invokes {invokes}, not {alias}:{LIVE}"),
        evidence.deploy(),
    )
}

/// AWS has one answer for a rule that does not exist, and for one that may not be read.
fn absent(evidence: &Evidence, name: &str) -> Verdict {
    match &evidence.listed {
        Err(unseen) => unknown(evidence, unseen),
        Ok(listed) if listed.iter().any(|rule| rule.name == *name) => Verdict::Unknown(format!(
            "these credentials may not read the rule {name} (iot:GetTopicRule)"
        )),
        Ok(_) => Verdict::broken(format!("there is no rule {name}"), evidence.deploy()),
    }
}

fn permission(evidence: &Evidence, rule: &Rule) -> Verdict {
    let (function, trigger) = match (function_name(evidence, rule), &rule.found) {
        (Some(function), Ok(Some(trigger))) => (function, trigger),
        _ => return Verdict::Unknown("not looked at: the rule was not seen".to_owned()),
    };
    let policy = match &rule.policy {
        Err(unseen) => return unknown(evidence, unseen),
        Ok(policy) => policy.as_deref().unwrap_or_default(),
    };
    let mut functions = trigger.functions.iter();
    let resource = functions.find(|arn| arn.contains(&format!(":function:{function}")));
    let resource = resource.map_or_else(String::new, Clone::clone);
    if !policy.is_empty() {
        match may_invoke(policy, trigger, &resource) {
            Ok(true) => {
                return Verdict::Ok(format!("{} may invoke {function}:{LIVE}", rule.name));
            }
            Ok(false) => {}
            Err(error) => {
                return Verdict::Unknown(format!("read the policy of {function}: {error}"));
            }
        }
    }
    let what = format!(
        "the rule {} may not invoke {function}:{LIVE}: its messages go to the failure queue",
        rule.name
    );
    if evidence.is_local {
        return Verdict::broken(what, evidence.deploy());
    }
    Verdict::broken(
        what,
        format!(
            "aws lambda add-permission --function-name {function} --qualifier {LIVE} \
             --statement-id {} --action lambda:InvokeFunction --principal iot.amazonaws.com \
             --source-account {} --source-arn {}",
            rule.name,
            account(&trigger.arn),
            trigger.arn
        ),
    )
}

/// Whether a function's policy lets the rule invoke it.
fn may_invoke(
    policy: &str,
    trigger: &Trigger,
    function_arn: &str,
) -> Result<bool, aws_policy::PolicyError> {
    let document = Document::parse_resource(&Value::from(policy))?;
    let variables: BTreeMap<String, String> = [
        ("aws:SourceArn", trigger.arn.as_str()),
        ("aws:SourceAccount", account(&trigger.arn)),
    ]
    .map(|(key, value)| (key.to_owned(), value.to_owned()))
    .into();
    let request = Request {
        action: "lambda:InvokeFunction",
        resource: function_arn,
        variables: &variables,
    };
    let rules_engine = Principal::Service("iot.amazonaws.com");
    let decision = aws_policy::evaluate_resource(&document, &rules_engine, &request);
    Ok(decision == Decision::Allow)
}

/// The account in an ARN.
fn account(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

/// The link of the rules of others that act on the same topics.
pub fn others(evidence: &Evidence) -> Verdict {
    let listed = match &evidence.listed {
        Err(unseen) => return unknown(evidence, unseen),
        Ok(listed) => listed,
    };
    let is_own = |rule: &ListedRule| evidence.rules.iter().any(|own| own.name == rule.name);
    let acts_too = |rule: &&ListedRule| {
        rule.is_enabled
            && !is_own(rule)
            && !evidence.accepted.contains(&rule.name)
            && TOPICS.iter().any(|topic| overlap(topic, &rule.topic))
    };
    let Some(rule) = listed.iter().find(acts_too) else {
        return Verdict::Ok("no other enabled rule acts on the topics of this stack".to_owned());
    };
    let (name, topic) = (&rule.name, &rule.topic);
    let whose = if TOPICS.contains(&topic.as_str()) {
        "another stack's, or a copy: both would command the same locks"
    } else {
        "a stranger's: it sees who opens which door"
    };
    Verdict::broken(
        format!("the rule {name} acts on {topic} too; it may be {whose}"),
        format!(
            "aws iot disable-topic-rule --rule-name {name}; if it does no harm: {}",
            evidence.lockctl(&format!("doctor --accept-rule {name}"))
        ),
    )
}

/// Whether some topic matches both filters.
fn overlap(one: &str, other: &str) -> bool {
    let (mut one, mut other) = (one.split('/'), other.split('/'));
    let mut is_first = true;
    loop {
        let (a, b) = match (one.next(), other.next()) {
            (None, None) => return true,
            // `a/#` matches `a` too.
            (Some("#"), None) | (None, Some("#")) => return true,
            (None, _) | (_, None) => return false,
            (Some(a), Some(b)) => (a, b),
        };
        let is_wild = |level: &str| matches!(level, "+" | "#");
        // A wildcard at the beginning matches no topic of AWS's own.
        let is_aws = |level: &str| is_first && level.starts_with('$');
        if (is_wild(a) && is_aws(b)) || (is_wild(b) && is_aws(a)) {
            return false;
        }
        if a == "#" || b == "#" {
            return true;
        }
        if a != b && a != "+" && b != "+" {
            return false;
        }
        is_first = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_filters_overlap_if_a_topic_matches_both() {
        for (one, other, wanted) in [
            ("iotbutton/+", "iotbutton/+", true),
            ("iotbutton/+", "iotbutton/G030JF", true),
            ("iotbutton/+", "#", true),
            ("iotbutton/+", "+/+", true),
            ("iotbutton/+", "iotbutton/#", true),
            ("iotbutton/+", "iotbutton/+/more", false),
            ("iotbutton/+", "iotbutton", false),
            ("iotbutton/+", "other/+", false),
            ("remote-lock/+/request", "remote-lock/#", true),
            ("remote-lock/+/request", "remote-lock/+", false),
            ("remote-lock/+/request", "+/lock-1/+", true),
            ("$aws/things/+/shadow/update/accepted", "#", false),
            ("$aws/things/+/shadow/update/accepted", "+/things/#", false),
            (
                "$aws/things/+/shadow/update/accepted",
                "$aws/things/a/shadow/#",
                true,
            ),
            (
                "$aws/things/+/shadow/update/accepted",
                "$aws/things/+/shadow/update/documents",
                false,
            ),
        ] {
            assert_eq!(overlap(one, other), wanted, "{one} {other}");
            assert_eq!(overlap(other, one), wanted, "{other} {one}");
        }
    }
}
