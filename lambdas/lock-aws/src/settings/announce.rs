//! Settings of the announce function alone. Must not know: time zones, which its crate reads.

use super::{Lookup, SettingsError, present, required};

/// Where announcements go, and which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnnounceSettings {
    /// The topic of alerts: `ALERT_TOPIC_ARN`.
    pub topic_arn: String,
    /// Whether unlocks are announced as well: `ANNOUNCE_UNLOCKS`, `true` or `false` (the default).
    pub unlocks: bool,
    /// The name of the readers' time zone: `TIME_ZONE`, else `UTC`.
    pub time_zone: String,
}

impl AnnounceSettings {
    /// Reads the three variables.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first variable that is missing or invalid.
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        Ok(Self {
            topic_arn: topic_arn(lookup)?,
            unlocks: is_on(lookup, "ANNOUNCE_UNLOCKS")?,
            time_zone: present(lookup, "TIME_ZONE").unwrap_or_else(|| "UTC".to_owned()),
        })
    }
}

fn topic_arn(lookup: Lookup<'_>) -> Result<String, SettingsError> {
    const NAME: &str = "ALERT_TOPIC_ARN";
    let value = required(lookup, NAME)?;
    if value.starts_with("arn:") {
        return Ok(value);
    }
    Err(SettingsError::Wrong {
        name: NAME,
        value,
        wanted: "the ARN of an SNS topic",
    })
}

/// Whether a switch is on; absent is off.
fn is_on(lookup: Lookup<'_>, name: &'static str) -> Result<bool, SettingsError> {
    match present(lookup, name).as_deref() {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(value) => Err(SettingsError::Wrong {
            name,
            value: value.to_owned(),
            wanted: "true or false",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:sns:eu-west-1:123456789012:alerts";

    fn read(change: &[(&str, &str)]) -> Result<AnnounceSettings, String> {
        let find = |name: &str| {
            let own = [("ALERT_TOPIC_ARN", ARN)];
            let mut all = change.iter().chain(&own);
            let found = all.find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        AnnounceSettings::from_lookup(&find).map_err(|error| error.to_string())
    }

    #[test]
    fn only_the_topic_has_no_default() {
        let absent = AnnounceSettings {
            topic_arn: ARN.to_owned(),
            unlocks: false,
            time_zone: "UTC".to_owned(),
        };
        assert_eq!(read(&[]), Ok(absent.clone()));
        let set = [("ANNOUNCE_UNLOCKS", "true"), ("TIME_ZONE", "Europe/Berlin")];
        let wanted = AnnounceSettings {
            unlocks: true,
            time_zone: "Europe/Berlin".to_owned(),
            ..absent.clone()
        };
        assert_eq!(read(&set), Ok(wanted));
        assert_eq!(read(&[("ANNOUNCE_UNLOCKS", "false")]), Ok(absent));
    }

    #[test]
    fn each_invalid_variable_is_named_with_its_allowed_values() {
        for (name, value, wanted) in [
            ("ALERT_TOPIC_ARN", "", "ALERT_TOPIC_ARN is not set"),
            (
                "ALERT_TOPIC_ARN",
                "alerts",
                "ALERT_TOPIC_ARN is \"alerts\": wanted the ARN of an SNS topic",
            ),
            (
                "ANNOUNCE_UNLOCKS",
                "yes",
                "ANNOUNCE_UNLOCKS is \"yes\": wanted true or false",
            ),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!(error, format!("environment variable {wanted}"));
        }
    }
}
