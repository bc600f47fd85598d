//! Topic rules: whether they are enabled, and switching them.

use super::{Registry, RegistryError};

/// AWS answers so for a rule that does not exist, and for one that the caller may not use.
const UNKNOWN: &str = "UnauthorizedException";

/// A rule of the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRule {
    /// Its name.
    pub name: String,
    /// The topic filter of its statement.
    pub topic: String,
    /// Whether it is enabled.
    pub is_enabled: bool,
}

impl Registry {
    /// Whether the rule of this name is enabled; `None` if it does not exist or the caller may not
    /// read it, which AWS does not distinguish.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails otherwise.
    pub async fn is_rule_enabled(&self, name: &str) -> Result<Option<bool>, RegistryError> {
        let call = self.client.get_topic_rule().rule_name(name);
        match call.send().await {
            Ok(found) => {
                let rule = found.rule();
                let disabled = rule.and_then(|rule| rule.rule_disabled());
                Ok(Some(!disabled.unwrap_or_default()))
            }
            Err(error) => {
                let error = RegistryError::of(format!("iot:GetTopicRule {name}"), &error);
                error.absent_if(UNKNOWN)
            }
        }
    }

    /// Enables or disables a rule.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn switch_rule(&self, name: &str, enabled: bool) -> Result<(), RegistryError> {
        if enabled {
            let sent = self.client.enable_topic_rule().rule_name(name).send().await;
            let failed = |error| RegistryError::of(format!("iot:EnableTopicRule {name}"), &error);
            sent.map(drop).map_err(failed)
        } else {
            let call = self.client.disable_topic_rule().rule_name(name);
            let failed = |error| RegistryError::of(format!("iot:DisableTopicRule {name}"), &error);
            call.send().await.map(drop).map_err(failed)
        }
    }

    /// Every rule of the account and region.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the call fails.
    pub async fn list_rules(&self) -> Result<Vec<ListedRule>, RegistryError> {
        let mut pages = self.client.list_topic_rules().into_paginator().send();
        let mut rules = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| RegistryError::of("iot:ListTopicRules", &error))?;
            rules.extend(page.rules().iter().map(|rule| ListedRule {
                name: rule.rule_name().unwrap_or_default().to_owned(),
                topic: rule.topic_pattern().unwrap_or_default().to_owned(),
                is_enabled: !rule.rule_disabled().unwrap_or_default(),
            }));
        }
        Ok(rules)
    }
}
