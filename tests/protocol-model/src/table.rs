//! The checker's findings as rows: one per configuration, one per rule taken away. Must not decide what is a failure.

use std::fmt;

use crate::catalogue;
use crate::check::{Found, check, shortest};
use crate::invariant::Invariant;
use crate::rule::{Rule, Rules};
use crate::step::{Step, World};
use crate::word;

/// One configuration, all rules in force.
#[derive(Debug)]
pub struct Held {
    /// Its name.
    pub name: &'static str,
    /// What was found.
    pub found: Found,
    /// What broke, in words.
    pub words: Vec<String>,
}

/// One rule taken away.
#[derive(Debug)]
pub struct Weakened {
    /// The rule.
    pub rule: Rule,
    /// What was found.
    pub found: Found,
    /// The way to the break, in words.
    pub words: Vec<String>,
}

/// Looks at every configuration, or those whose name contains `only`, one after another.
pub fn hold(deep: bool, only: Option<&str>) -> impl Iterator<Item = Held> {
    let mut wanted = catalogue::all(deep);
    wanted.retain(|config| only.is_none_or(|text| config.name.contains(text)));
    wanted.into_iter().map(|config| {
        let world = World {
            config,
            rules: Rules::ALL,
        };
        let found = check(&world);
        Held {
            name: world.config.name,
            words: told(&world, &found),
            found,
        }
    })
}

impl Weakened {
    /// Whether the rule's own invariant broke.
    pub fn broke(&self) -> bool {
        let broken = self.found.broken.as_ref();
        broken.is_some_and(|(invariant, _)| *invariant == self.rule.breaks())
    }
}

/// Takes away every rule, or those whose number or words contain `only`, one after another.
pub fn weaken(only: Option<&str>) -> impl Iterator<Item = Weakened> {
    let wanted = move |rule: &&Rule| {
        only.is_none_or(|text| rule.number() == text || rule.text().contains(text))
    };
    Rule::EVERY.iter().filter(wanted).map(|rule| {
        let config = catalogue::named(rule.configuration());
        let rules = Rules::all_but(*rule);
        let world = World { config, rules };
        let found = shortest(&world, rule.breaks());
        Weakened {
            rule: *rule,
            words: told(&world, &found),
            found,
        }
    })
}

fn told(world: &World, found: &Found) -> Vec<String> {
    let broken: Option<&(Invariant, Vec<Step>)> = found.broken.as_ref();
    broken.map_or_else(Vec::new, |(_, steps)| word::tell(world, steps))
}

/// What came out, in a word or two: `holds`, `breaks S1`.
fn outcome(found: &Found) -> String {
    match &found.broken {
        None => "holds".to_owned(),
        Some((invariant, _)) => format!("breaks {invariant}"),
    }
}

impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Found {
            states,
            depth,
            took,
            ..
        } = &self.found;
        let (outcome, seconds) = (outcome(&self.found), took.as_secs_f64());
        write!(
            f,
            "{:<32}{states:>10}{depth:>7}{seconds:>9.1}  {outcome}",
            self.name
        )?;
        self.words
            .iter()
            .try_for_each(|line| write!(f, "\n    {line}"))
    }
}

/// The heading of [`Held`]'s rows.
pub fn heading() -> String {
    format!(
        "{:<32}{:>10}{:>7}{:>9}",
        "configuration", "states", "depth", "seconds"
    )
}

impl fmt::Display for Weakened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rule = self.rule;
        let steps = self.words.join("; ");
        write!(
            f,
            "{:<4}{}\n    {}: {steps}",
            rule.number(),
            rule.text(),
            outcome(&self.found)
        )
    }
}
