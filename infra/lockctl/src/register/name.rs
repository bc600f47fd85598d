//! Whether a device of a name will be let in: by the pattern of lock names, and by the policy of
//! its certificate, which is evaluated here.
//!
//! Must not know: where stack and policy come from.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use aws_policy::{Decision, Document, Request};
use lock_aws::registry::PolicyText;
use serde_json::Value;

use super::kind::Kind;

/// Checks the name against the stack's `LockNamePattern`.
///
/// # Errors
///
/// The pattern does not match.
pub fn check_pattern(name: &str, pattern: &str) -> Result<()> {
    if !is_match(pattern, name) {
        bail!(
            "{name} is not registered: the stack's parameter LockNamePattern is {pattern}, and a \
             lock of another name never settles; choose a name that it matches, or deploy with \
             another pattern"
        );
    }
    Ok(())
}

/// Whether a `LockNamePattern` matches a name.
pub fn is_match(pattern: &str, name: &str) -> bool {
    matches(pattern.as_bytes(), name.as_bytes())
}

/// Whether a pattern in which `*` is any text matches the whole of a text.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, rest) => rest.is_none(),
        (Some((b'*', after)), rest) => {
            matches(after, text) || rest.is_some_and(|(_, rest)| matches(pattern, rest))
        }
        (Some((p, after)), Some((t, rest))) => p == t && matches(after, rest),
        (Some(_), None) => false,
    }
}

/// Checks that the policy allows what a device of this kind and name does.
///
/// # Errors
///
/// The policy cannot be read, or does not allow all of it; the message names what is refused.
pub fn check_policy(kind: Kind, name: &str, policy: &PolicyText) -> Result<()> {
    let shown = policy.arn.rsplit('/').next().unwrap_or_default();
    let document = Document::parse(&Value::from(policy.document.as_str()));
    let document = document.with_context(|| format!("read policy {shown}"))?;
    let prefix = policy.arn.split(":policy/").next().unwrap_or_default();
    let variables = variables(kind, name);
    let refused = needs(kind, name).into_iter().filter(|(action, resource)| {
        let resource = format!("{prefix}:{resource}");
        let request = Request {
            action,
            resource: &resource,
            variables: &variables,
        };
        aws_policy::evaluate(std::slice::from_ref(&document), &request) != Decision::Allow
    });
    let refused = refused.map(|(action, resource)| format!("{action} on {resource}"));
    let refused: Vec<String> = refused.collect();
    if !refused.is_empty() {
        bail!(
            "{name} is not registered: policy {shown} does not allow {}; deploy the template again",
            refused.join(", ")
        );
    }
    Ok(())
}

/// What the policies can ask about the device's connection and certificate.
pub fn variables(kind: Kind, name: &str) -> BTreeMap<String, String> {
    let mut all = BTreeMap::from([(
        "iot:Certificate.Subject.CommonName".to_owned(),
        name.to_owned(),
    )]);
    if kind != Kind::GenuineButton {
        for (key, value) in [
            ("iot:ClientId", name),
            ("iot:Connection.Thing.ThingName", name),
            ("iot:Connection.Thing.ThingTypeName", kind.thing_type()),
            ("iot:Connection.Thing.IsAttached", "true"),
        ] {
            all.insert(key.to_owned(), value.to_owned());
        }
    }
    all
}

/// The actions of a device: action, and resource without the beginning of its ARN.
pub fn needs(kind: Kind, name: &str) -> Vec<(&'static str, String)> {
    let shadow = match kind {
        Kind::Lock => format!("$aws/things/{name}/shadow/update"),
        Kind::Button => format!("$aws/things/{name}/shadow/name/button/update"),
        // Its client id is its own choice, so a connection cannot be judged here.
        Kind::GenuineButton => return vec![("iot:Publish", format!("topic/iotbutton/{name}"))],
        // Its policies are made for it.
        Kind::Bridge => return vec![("iot:Connect", format!("client/{name}"))],
    };
    let mut needs = vec![
        ("iot:Connect", format!("client/{name}")),
        ("iot:Publish", format!("topic/{shadow}")),
    ];
    let mut received = vec![format!("{shadow}/accepted"), format!("{shadow}/rejected")];
    match kind {
        Kind::Lock => received.push(format!("remote-lock/{name}")),
        _ => needs.push(("iot:Publish", format!("topic/iotbutton/{name}"))),
    }
    for topic in received {
        needs.push(("iot:Subscribe", format!("topicfilter/{topic}")));
        needs.push(("iot:Receive", format!("topic/{topic}")));
    }
    needs
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_star_matches_any_text() {
        for (pattern, name, wanted) in [
            ("*", "anything", true),
            ("door-*", "door-1", true),
            ("door-*", "door-", true),
            ("door-*", "lock-1", false),
            ("*-door", "front-door", true),
            ("*-door", "front-door-2", false),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("front", "front", true),
            ("front", "Front", false),
        ] {
            assert_eq!(
                check_pattern(name, pattern).is_ok(),
                wanted,
                "{pattern} {name}"
            );
        }
    }

    fn policy(actions: &[&str]) -> PolicyText {
        let of = "arn:aws:iot:r:1:*/${iot:Connection.Thing.ThingName}";
        let statement = json!({"Effect": "Allow", "Action": actions,
            "Resource": [of, format!("{of}*"), "arn:aws:iot:r:1:topic*/$aws/*"]});
        PolicyText {
            arn: "arn:aws:iot:r:1:policy/p".to_owned(),
            document: json!({"Version": "2012-10-17", "Statement": [statement]}).to_string(),
        }
    }

    #[test]
    fn what_the_policy_refuses_is_named() {
        let all = ["iot:Connect", "iot:Publish", "iot:Subscribe", "iot:Receive"];
        check_policy(Kind::Lock, "lock-1", &policy(&all)).expect("allowed");
        for missing in all {
            let given: Vec<&str> = all
                .into_iter()
                .filter(|action| *action != missing)
                .collect();
            for kind in [Kind::Lock, Kind::Button] {
                let refused = check_policy(kind, "lock-1", &policy(&given));
                let text = refused.expect_err("refused").to_string();
                assert!(text.contains(&format!("{missing} on ")), "{text}");
            }
        }
    }
}
