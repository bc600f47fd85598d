//! Settings of metrics. Must not know: which metrics there are.

use super::{Lookup, SettingsError, present};

/// Where metrics go, and which are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetricSettings {
    /// CloudWatch's namespace: `METRIC_NAMESPACE`, else `RemoteLock`.
    pub namespace: String,
    /// `METRICS`: `none`, `few` (the default) or `all`.
    pub level: MetricLevel,
}

/// Which metrics are written. Each has the metrics of those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MetricLevel {
    /// Nothing.
    None,
    /// A handful per function.
    Few,
    /// One for each outcome of a press as well.
    All,
}

impl Default for MetricSettings {
    fn default() -> Self {
        Self {
            namespace: "RemoteLock".to_owned(),
            level: MetricLevel::Few,
        }
    }
}

impl MetricSettings {
    /// Reads `METRIC_NAMESPACE` and `METRICS`.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for another word than the three.
    pub(super) fn from_lookup(lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        let absent = Self::default();
        let level = match present(lookup, "METRICS") {
            None => absent.level,
            Some(word) => match word.as_str() {
                "none" => MetricLevel::None,
                "few" => MetricLevel::Few,
                "all" => MetricLevel::All,
                _ => {
                    return Err(SettingsError::Wrong {
                        name: "METRICS",
                        value: word,
                        wanted: "none, few or all",
                    });
                }
            },
        };
        let namespace = present(lookup, "METRIC_NAMESPACE").unwrap_or(absent.namespace);
        Ok(Self { namespace, level })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_few_unless_the_deployment_says_otherwise() {
        // METRIC_NAMESPACE, METRICS => namespace, level
        for (namespace, word, wanted) in [
            ("", "", ("RemoteLock", MetricLevel::Few)),
            ("RemoteLock/s", "none", ("RemoteLock/s", MetricLevel::None)),
            ("", "few", ("RemoteLock", MetricLevel::Few)),
            ("", "all", ("RemoteLock", MetricLevel::All)),
        ] {
            let lookup = |name: &str| match name {
                "METRIC_NAMESPACE" => Some(namespace.to_owned()),
                "METRICS" => Some(word.to_owned()),
                _ => None,
            };
            let read = MetricSettings::from_lookup(&lookup).expect(word);
            assert_eq!((read.namespace.as_str(), read.level), wanted);
        }
        let error = MetricSettings::from_lookup(&|_| Some("some".to_owned())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "environment variable METRICS is \"some\": wanted none, few or all"
        );
    }
}
