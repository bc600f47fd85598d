//! The checker's results as rows: one per configuration, one per rule removed.

use std::fmt;

use crate::catalogue;
use crate::checker::{CheckResult, explore, find_shortest_break};
use crate::narrative;
use crate::rule::{Rule, Rules};
use crate::step::Scenario;

/// One configuration, all rules in force.
#[derive(Debug)]
pub struct ConfigurationRow {
    /// Name of the configuration.
    pub name: &'static str,
    /// What the checker found.
    pub result: CheckResult,
    /// The steps that break an invariant, in words; empty if none does.
    pub steps: Vec<String>,
}

/// One rule removed.
#[derive(Debug)]
pub struct RuleRow {
    /// The rule.
    pub rule: Rule,
    /// What the checker found without it.
    pub result: CheckResult,
    /// The steps that break an invariant, in words; empty if none does.
    pub steps: Vec<String>,
}

/// Explores every configuration, or those whose name contains `only`, one after another.
pub fn check_configurations(
    deep: bool,
    only: Option<&str>,
) -> impl Iterator<Item = ConfigurationRow> {
    let mut wanted = catalogue::all(deep);
    wanted.retain(|config| only.is_none_or(|text| config.name.contains(text)));
    wanted.into_iter().map(|config| {
        let rules = Rules::ALL;
        let scenario = Scenario { config, rules };
        let result = explore(&scenario);
        ConfigurationRow {
            name: scenario.config.name,
            steps: breaking_steps(&scenario, &result),
            result,
        }
    })
}

/// Removes every rule, or those whose number or text contains `only`, one after another.
pub fn check_rules(only: Option<&str>) -> impl Iterator<Item = RuleRow> {
    let wanted = move |rule: &&Rule| {
        only.is_none_or(|text| rule.number() == text || rule.text().contains(text))
    };
    Rule::ALL.iter().filter(wanted).map(|rule| {
        let config = catalogue::named(rule.configuration());
        let rules = Rules::all_but(*rule);
        let scenario = Scenario { config, rules };
        let result = find_shortest_break(&scenario, rule.breaks());
        RuleRow {
            rule: *rule,
            steps: breaking_steps(&scenario, &result),
            result,
        }
    })
}

impl RuleRow {
    /// Whether the invariant that the rule protects broke.
    pub fn is_shown(&self) -> bool {
        let broken = self.result.broken.as_ref();
        broken.is_some_and(|(invariant, _)| *invariant == self.rule.breaks())
    }
}

fn breaking_steps(scenario: &Scenario, result: &CheckResult) -> Vec<String> {
    let broken = result.broken.as_ref();
    broken.map_or_else(Vec::new, |(_, steps)| narrative::narrate(scenario, steps))
}

/// The result in a word or two: `holds`, `breaks S1`.
fn summary(result: &CheckResult) -> String {
    match &result.broken {
        None => "holds".to_owned(),
        Some((invariant, _)) => format!("breaks {invariant}"),
    }
}

impl fmt::Display for ConfigurationRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, result, .. } = self;
        let (states, depth) = (result.states, result.depth);
        let (seconds, summary) = (result.took.as_secs_f64(), summary(result));
        write!(
            f,
            "{name:<32}{states:>10}{depth:>7}{seconds:>9.1}  {summary}"
        )?;
        self.steps
            .iter()
            .try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// The heading above [`ConfigurationRow`]s.
pub fn heading() -> String {
    let (states, depth, seconds) = ("states", "depth", "seconds");
    format!("{:<32}{states:>10}{depth:>7}{seconds:>9}", "configuration")
}

impl fmt::Display for RuleRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (number, text) = (self.rule.number(), self.rule.text());
        let (summary, steps) = (summary(&self.result), self.steps.join("; "));
        write!(f, "{number:<4}{text}\n    {summary}: {steps}")
    }
}
