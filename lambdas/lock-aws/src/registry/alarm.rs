//! The alarms of a stack in `CloudWatch`.

use aws_sdk_cloudwatch::types::StateValue;

use super::{Registry, RegistryError};

/// An alarm that is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its name.
    pub name: String,
    /// Why it is on, in `CloudWatch`'s words.
    pub reason: String,
}

impl Registry {
    /// The alarms in the state `ALARM` whose names begin with `prefix`.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if a call fails.
    pub async fn list_alarms_on(&self, prefix: &str) -> Result<Vec<Alarm>, RegistryError> {
        let call = self.clients.cloudwatch.describe_alarms();
        let call = call
            .alarm_name_prefix(prefix)
            .state_value(StateValue::Alarm);
        let mut pages = call.into_paginator().send();
        let mut alarms = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                RegistryError::of(format!("cloudwatch:DescribeAlarms {prefix}"), &error)
            })?;
            alarms.extend(page.metric_alarms().iter().map(|alarm| Alarm {
                name: alarm.alarm_name().unwrap_or_default().to_owned(),
                reason: alarm.state_reason().unwrap_or_default().to_owned(),
            }));
        }
        Ok(alarms)
    }
}
