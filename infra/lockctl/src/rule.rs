//! The topic rules of a stack: `lockctl pause` and `lockctl resume`, and the check before a
//! recovery.

use anyhow::{Context, Result, anyhow};
use lock_aws::registry::ListedRule;
use serde_json::json;

use crate::answer::Answer;
use crate::cli::RuleArgs;
use crate::status_code::refuse;
use crate::target::Target;

/// Ends of the names of a stack's rules, in the order in which they are disabled: people first.
const ROLES: [&str; 4] = ["button", "request", LOCK_ONLY, "report"];
/// The rule that a stack of an earlier release does not have.
const LOCK_ONLY: &str = "lock_only";

/// Beginnings of the topics that the rules of a stack listen to.
const TOPICS: [&str; 3] = ["iotbutton/", "remote-lock/", "$aws/things/"];

/// A rule and the state in which it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundRule {
    /// Its name.
    pub name: String,
    /// Whether it was enabled.
    pub was_enabled: bool,
}

/// Runs `lockctl pause`.
pub async fn pause(target: &Target, args: &RuleArgs) -> Result<Answer> {
    switch(target, args, false).await
}

/// Runs `lockctl resume`.
pub async fn resume(target: &Target, args: &RuleArgs) -> Result<Answer> {
    switch(target, args, true).await
}

async fn switch(target: &Target, args: &RuleArgs, enabled: bool) -> Result<Answer> {
    let rules = find(target, args).await?;
    let registry = target.registry();
    for rule in rules.iter().filter(|rule| rule.was_enabled != enabled) {
        let switched = registry.switch_rule(&rule.name, enabled).await;
        let command = if enabled { "resume" } else { "pause" };
        switched.with_context(|| {
            format!("some rules may be switched, others not: repeat `lockctl {command}`")
        })?;
    }
    Ok(switched_answer(&rules, enabled))
}

/// The answer about rules that are now all enabled, or all disabled.
pub fn switched_answer(rules: &[FoundRule], enabled: bool) -> Answer {
    let word = |enabled| if enabled { "enabled" } else { "disabled" };
    let is = word(enabled);
    let mut lines: Vec<String> = rules
        .iter()
        .map(|rule| {
            if rule.was_enabled == enabled {
                format!("{}: was already {is}", rule.name)
            } else {
                format!("{}: was {}, is {is} now", rule.name, word(!enabled))
            }
        })
        .collect();
    lines.push(if enabled {
        "presses, requests and reports are handled again".to_owned()
    } else {
        "presses, requests and reports are lost until `lockctl resume`; the sweep still sends \
         commands that are due"
            .to_owned()
    });
    let shown = rules.iter().map(|rule| {
        let was = word(rule.was_enabled);
        json!({ "rule": rule.name, "was": was, "is": is })
    });
    Answer::new(lines, json!({ "rules": shown.collect::<Vec<_>>() }))
}

/// The state of the stack's rules, or of those named by `--rule`.
async fn find(target: &Target, args: &RuleArgs) -> Result<Vec<FoundRule>> {
    let names = if args.rules.is_empty() {
        names_of(&target.stack)
    } else {
        args.rules.clone()
    };
    let registry = target.registry();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for name in names {
        match registry.is_rule_enabled(&name).await? {
            Some(was_enabled) => found.push(FoundRule { name, was_enabled }),
            None => missing.push(name),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    let listed = registry.list_rules().await;
    let listed = listed.context("find the stack's rules under other names")?;
    if are_of_later_release(&missing, &listed) {
        return Ok(found);
    }
    Err(anyhow!(missing_text(&missing, &listed)))
}

/// The names of a stack's rules: `remote_lock_button` and so on. A rule's name has no hyphens.
fn names_of(stack: &str) -> Vec<String> {
    let stack = stack.replace('-', "_");
    ROLES.map(|role| format!("{stack}_{role}")).into()
}

/// Whether the `missing` rules are one that the stack cannot have yet, and that does not exist.
fn are_of_later_release(missing: &[String], listed: &[ListedRule]) -> bool {
    let is_absent =
        |name: &String| name.ends_with(LOCK_ONLY) && !listed.iter().any(|rule| rule.name == *name);
    missing.iter().all(is_absent)
}

/// The error about `missing` rules: which of the account's rules listen to our topics.
fn missing_text(missing: &[String], listed: &[ListedRule]) -> String {
    let ours = |rule: &&ListedRule| TOPICS.iter().any(|topic| rule.topic.starts_with(topic));
    let ours: Vec<&ListedRule> = listed.iter().filter(ours).collect();
    let missing = missing.join(", ");
    let begin = format!(
        "nothing is switched: rule {missing} does not exist, or these credentials may not read it"
    );
    if ours.is_empty() {
        return format!(
            "{begin}; no rule of this account and region listens to our topics: is --stack the \
             name of your stack, and AWS_REGION its region?"
        );
    }
    let shown = ours.iter().map(|rule| {
        let state = if rule.is_enabled { "" } else { ", disabled" };
        format!("{} ({}{state})", rule.name, rule.topic)
    });
    let options = ours.iter().map(|rule| format!(" --rule {}", rule.name));
    format!(
        "{begin}; a stack of an earlier release has other names: these rules listen to our \
         topics: {}; if all of them belong to the stack, repeat the command with{}",
        shown.collect::<Vec<_>>().join(", "),
        options.collect::<String>()
    )
}

/// Checks that the stack's rules are disabled, before its records are distrusted (C12).
///
/// # Errors
///
/// A rule is enabled, or its state is not known.
pub async fn check_paused(target: &Target, args: &RuleArgs) -> Result<()> {
    let rules = find(target, args).await;
    let rules = rules.context("check that the topic rules are disabled")?;
    let enabled = rules.into_iter().filter(|rule| rule.was_enabled);
    let enabled: Vec<String> = enabled.map(|rule| rule.name).collect();
    if !enabled.is_empty() {
        return Err(refuse(format!(
            "rules are enabled: {}; after a restore first run `lockctl pause`, and wait longer \
             than the life of an unlock; to repair a version while everything runs, pass --running",
            enabled.join(", ")
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
