//! The topic rules in force, and which of them are enabled.
//!
//! `EnableTopicRule` and `DisableTopicRule` switch a rule. As in AWS, a changed template leaves the
//! switch of an unchanged rule alone: CloudFormation updates only what differs between the two
//! templates. Must not know: what a rule does.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, RwLock};

use serde::{Deserialize, Serialize};

use crate::storage::{Shelf, StorageError};
use crate::sync::{read, write};
use sam_template::TopicRule;

const DIRECTORY: &str = "rules";

/// All rules with their switches; clones share them.
#[derive(Debug, Clone)]
pub struct Switches {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `None` keeps everything in memory.
    shelf: Option<Shelf>,
    rules: RwLock<BTreeMap<String, Switched>>,
}

/// A rule in force.
#[derive(Debug, Clone)]
pub struct Switched {
    pub rule: TopicRule,
    pub record: SwitchRecord,
}

/// What is saved of a rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SwitchRecord {
    /// The rule as the template declared it; a rule that differs is a changed rule.
    declaration: String,
    pub enabled: bool,
    /// When the rule was created, milliseconds since the Unix epoch.
    pub created_at_ms: u64,
}

impl Switches {
    /// The rules of a template, with the switches that `data_dir` keeps.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the data directory cannot be used.
    pub fn open(
        data_dir: Option<&Path>,
        rules: &[TopicRule],
        now_ms: u64,
    ) -> Result<Self, StorageError> {
        let shelf = data_dir.map(|dir| Shelf::open(dir.join(DIRECTORY)));
        let shelf = shelf.transpose()?;
        let kept = shelf.as_ref().map(Shelf::load).transpose()?;
        let switches = Self {
            inner: Arc::new(Inner {
                shelf,
                rules: RwLock::default(),
            }),
        };
        switches.put(rules, &kept.unwrap_or_default(), now_ms)?;
        Ok(switches)
    }

    /// Puts the rules of a changed template in force. A switch that cannot be saved is reported,
    /// and is in force until the next start.
    pub fn replace(&self, rules: &[TopicRule], now_ms: u64) {
        let rules_before = self.list().into_iter();
        let kept = rules_before.map(|before| (before.rule.name, before.record));
        let kept: BTreeMap<String, SwitchRecord> = kept.collect();
        if let Err(error) = self.put(rules, &kept, now_ms) {
            tracing::error!(%error, "save the switches of rules");
        }
    }

    fn put(
        &self,
        rules: &[TopicRule],
        kept: &BTreeMap<String, SwitchRecord>,
        now_ms: u64,
    ) -> Result<(), StorageError> {
        let switched = rules.iter().map(|rule| {
            let record = record_of(rule, kept.get(&rule.name), now_ms);
            let rule = rule.clone();
            (rule.name.clone(), Switched { rule, record })
        });
        let switched: BTreeMap<String, Switched> = switched.collect();
        *write(&self.inner.rules) = switched.clone();
        let Some(shelf) = &self.inner.shelf else {
            return Ok(());
        };
        for name in kept.keys().filter(|name| !switched.contains_key(*name)) {
            shelf.put::<SwitchRecord>(name, None)?;
        }
        for (name, Switched { record, .. }) in &switched {
            if kept.get(name) != Some(record) {
                shelf.put(name, Some(record))?;
            }
        }
        Ok(())
    }

    /// Every rule, in the order of the names.
    pub fn list(&self) -> Vec<Switched> {
        read(&self.inner.rules).values().cloned().collect()
    }

    /// The rule of this name.
    pub fn find(&self, name: &str) -> Option<Switched> {
        read(&self.inner.rules).get(name).cloned()
    }

    /// Whether the rule of this name exists and is enabled.
    pub fn is_enabled(&self, name: &str) -> bool {
        let rules = read(&self.inner.rules);
        rules.get(name).is_some_and(|rule| rule.record.enabled)
    }

    /// Enables or disables a rule. Returns false if there is none of this name.
    ///
    /// # Errors
    ///
    /// [`StorageError`] if the switch cannot be saved; then nothing has changed.
    pub fn switch(&self, name: &str, enabled: bool) -> Result<bool, StorageError> {
        let mut rules = write(&self.inner.rules);
        let Some(rule) = rules.get_mut(name) else {
            return Ok(false);
        };
        let record = SwitchRecord {
            enabled,
            ..rule.record.clone()
        };
        if let Some(shelf) = &self.inner.shelf {
            shelf.put(name, Some(&record))?;
        }
        rule.record = record;
        Ok(true)
    }
}

/// The record of a rule: the kept one, unless the rule differs from it.
fn record_of(rule: &TopicRule, kept: Option<&SwitchRecord>, now_ms: u64) -> SwitchRecord {
    let declaration = format!("{rule:?}");
    let unchanged = kept.filter(|kept| kept.declaration == declaration);
    unchanged.cloned().unwrap_or_else(|| SwitchRecord {
        declaration,
        enabled: !rule.disabled,
        created_at_ms: kept.map_or(now_ms, |kept| kept.created_at_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(name: &str, sql: &str, disabled: bool) -> TopicRule {
        TopicRule {
            logical_id: name.to_owned(),
            name: name.to_owned(),
            arn: format!("arn:{name}"),
            sql: sql.to_owned(),
            sql_version: "2016-03-23".to_owned(),
            disabled,
            actions: Vec::new(),
            error_action: None,
        }
    }

    #[test]
    fn a_switch_lasts_until_its_rule_changes_in_the_template() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (rule("a", "SELECT 1", false), rule("b", "SELECT 1", true));
        let both = [a.clone(), b.clone()];
        let open = |rules: &[TopicRule]| Switches::open(Some(dir.path()), rules, 7).unwrap();
        let enabled = |s: &Switches| [s.is_enabled("a"), s.is_enabled("b")];
        let switches = open(&both);
        assert_eq!(enabled(&switches), [true, false]);
        assert!(switches.switch("a", false).unwrap());
        assert!(switches.switch("b", true).unwrap());
        assert!(!switches.switch("c", true).unwrap());
        // Neither a reload nor a restart with the same rules changes a switch.
        switches.replace(&both, 8);
        assert_eq!(enabled(&switches), [false, true]);
        let switches = open(&both);
        assert_eq!(enabled(&switches), [false, true]);
        // A changed rule has the switch that the template gives it.
        switches.replace(&[rule("a", "SELECT 2", false), b.clone()], 9);
        assert_eq!(enabled(&switches), [true, true]);
        assert_eq!(switches.find("a").unwrap().record.created_at_ms, 7);
        // A removed rule is unknown, and is created as declared when it returns.
        switches.replace(&[b], 10);
        assert!(!switches.switch("a", true).unwrap());
        let switches = open(&both);
        assert_eq!(enabled(&switches), [true, true]);
    }
}
