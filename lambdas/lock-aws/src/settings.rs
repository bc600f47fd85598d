//! Settings from the environment. An error names the variable and its allowed values.
//! Must not know: what the settings are used for.

mod announce;
mod metric;
mod operator;

use std::fmt;

use lock_core::limits::{LimitError, LimitSettings, Limits, VERSION_MAX};

pub use announce::AnnounceSettings;
pub use metric::{MetricLevel, MetricSettings};
pub use operator::OperatorEndpoints;

/// A function's deployment: table, limits, metrics, access.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The table's name: `TABLE_NAME`.
    pub table: String,
    /// `COMMAND_TTL_MS`, `QUIET_WINDOW_MS`, `SAME_WISH_MS`, `EVENT_TTL_DAYS`, `LEFT_OPEN_MINUTES`,
    /// `FORCED_ALERT`, `BATTERY_LOW_MV`, each with the protocol's default.
    pub limits: Limits,
    /// `METRIC_NAMESPACE` and `METRICS`.
    pub metrics: MetricSettings,
    /// Region, credentials and endpoints of AWS.
    pub access: Access,
}

/// Region, credentials and endpoints of AWS.
#[derive(Clone)]
pub struct Access {
    /// `AWS_REGION`, or else `AWS_DEFAULT_REGION`.
    pub region: String,
    /// The access key's id: `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// The access key's secret: `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN` of temporary credentials, which a function always has.
    pub session_token: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, or else `AWS_ENDPOINT_URL`; `http` is allowed. `None`: AWS.
    pub dynamodb: Option<String>,
    /// `AWS_ENDPOINT_URL_IOT_DATA_PLANE`, or else `AWS_ENDPOINT_URL`, as above.
    pub iot_data: Option<String>,
    /// `AWS_ENDPOINT_URL_SNS`, or else `AWS_ENDPOINT_URL`, as above.
    pub sns: Option<String>,
    /// Endpoints of the services that only `lockctl` calls.
    pub operator: OperatorEndpoints,
}

/// Leaves out the secrets.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .field("dynamodb", &self.dynamodb)
            .field("iot_data", &self.iot_data)
            .field("sns", &self.sns)
            .field("operator", &self.operator)
            .finish_non_exhaustive()
    }
}

/// A missing or invalid environment variable.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable without a default is unset or empty.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable has an invalid value.
    #[error("environment variable {name} is {value:?}: wanted {wanted}")]
    Wrong {
        /// The variable's name.
        name: &'static str,
        /// The value it has.
        value: String,
        /// The values it may have, in words.
        wanted: &'static str,
    },
    /// A number is too small, too large, or does not fit another one.
    #[error("environment variable {name} does not fit")]
    Limit {
        /// The variable's name.
        name: &'static str,
        /// The bound it violates.
        source: LimitError,
    },
}

impl From<LimitError> for SettingsError {
    fn from(source: LimitError) -> Self {
        let name = match source {
            LimitError::CommandTtl(_) => "COMMAND_TTL_MS",
            LimitError::QuietWindow { .. } => "QUIET_WINDOW_MS",
            LimitError::SameWish(_) => "SAME_WISH_MS",
            LimitError::EventTtl(_) => "EVENT_TTL_DAYS",
            LimitError::LeftOpen(_) => "LEFT_OPEN_MINUTES",
            LimitError::BatteryLow(_) => "BATTERY_LOW_MV",
        };
        Self::Limit { name, source }
    }
}

/// Finds a variable's value; the process's environment outside tests.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The value of a variable of the process.
pub(crate) fn process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Settings {
    /// Reads the process's environment.
    pub(crate) fn from_env() -> Result<Self, SettingsError> {
        Self::from_lookup(&process)
    }

    /// Reads settings from `lookup`.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first variable that is missing or invalid.
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        let absent = LimitSettings::default();
        let limits = LimitSettings {
            command_ttl_ms: number(lookup, "COMMAND_TTL_MS", absent.command_ttl_ms)?,
            quiet_window_ms: number(lookup, "QUIET_WINDOW_MS", absent.quiet_window_ms)?,
            same_wish_ms: number(lookup, "SAME_WISH_MS", absent.same_wish_ms)?,
            event_ttl_days: number(lookup, "EVENT_TTL_DAYS", absent.event_ttl_days)?,
            left_open_minutes: number(lookup, "LEFT_OPEN_MINUTES", absent.left_open_minutes)?,
            forced_alert: flag(lookup, "FORCED_ALERT", absent.forced_alert)?,
            battery_low_mv: number(lookup, "BATTERY_LOW_MV", absent.battery_low_mv)?,
        };
        Ok(Self {
            table: required(lookup, "TABLE_NAME")?,
            limits: Limits::new(limits)?,
            metrics: MetricSettings::from_lookup(lookup)?,
            access: Access::from_lookup(lookup)?,
        })
    }
}

impl Access {
    /// Reads the variables that the Lambda service, or a logged-in shell, sets.
    ///
    /// # Errors
    ///
    /// [`SettingsError`] for the first variable that is missing or invalid.
    pub fn from_env() -> Result<Self, SettingsError> {
        Self::from_lookup(&process)
    }

    fn from_lookup(lookup: Lookup<'_>) -> Result<Self, SettingsError> {
        let region =
            present(lookup, "AWS_REGION").or_else(|| present(lookup, "AWS_DEFAULT_REGION"));
        Ok(Self {
            region: region.ok_or(SettingsError::Missing("AWS_REGION"))?,
            access_key_id: required(lookup, "AWS_ACCESS_KEY_ID")?,
            secret_access_key: required(lookup, "AWS_SECRET_ACCESS_KEY")?,
            session_token: present(lookup, "AWS_SESSION_TOKEN"),
            dynamodb: endpoint(lookup, "AWS_ENDPOINT_URL_DYNAMODB")?,
            iot_data: endpoint(lookup, "AWS_ENDPOINT_URL_IOT_DATA_PLANE")?,
            sns: endpoint(lookup, "AWS_ENDPOINT_URL_SNS")?,
            operator: OperatorEndpoints::from_lookup(lookup)?,
        })
    }
}

fn present(lookup: Lookup<'_>, name: &str) -> Option<String> {
    lookup(name).filter(|value| !value.is_empty())
}

fn required(lookup: Lookup<'_>, name: &'static str) -> Result<String, SettingsError> {
    present(lookup, name).ok_or(SettingsError::Missing(name))
}

/// A number, rounded to a whole one.
///
/// The template's parameters have CloudFormation's type `Number`, which allows `5000.5` and `5e3`,
/// and a reference to one yields the text as typed. Whatever a deployment may set must start the
/// functions. The bounds of every parameter are whole, so rounding never leaves them.
fn number(lookup: Lookup<'_>, name: &'static str, absent: u64) -> Result<u64, SettingsError> {
    let Some(value) = present(lookup, name) else {
        return Ok(absent);
    };
    let number = value.trim().parse::<f64>().map_or(f64::NAN, f64::round);
    if (0.0..=VERSION_MAX as f64).contains(&number) {
        Ok(number as u64)
    } else {
        let wanted = "a number that is not negative";
        Err(SettingsError::Wrong {
            name,
            value,
            wanted,
        })
    }
}

fn flag(lookup: Lookup<'_>, name: &'static str, absent: bool) -> Result<bool, SettingsError> {
    match present(lookup, name) {
        None => Ok(absent),
        Some(value) if value == "true" => Ok(true),
        Some(value) if value == "false" => Ok(false),
        Some(value) => Err(SettingsError::Wrong {
            name,
            value,
            wanted: "true or false",
        }),
    }
}

fn endpoint(lookup: Lookup<'_>, name: &'static str) -> Result<Option<String>, SettingsError> {
    let named = present(lookup, name).map(|value| (name, value));
    let general = || present(lookup, "AWS_ENDPOINT_URL").map(|value| ("AWS_ENDPOINT_URL", value));
    match named.or_else(general) {
        None => Ok(None),
        Some((_, value)) if value.starts_with("http://") || value.starts_with("https://") => {
            Ok(Some(value))
        }
        Some((name, value)) => Err(SettingsError::Wrong {
            name,
            value,
            wanted: "an address that begins with http:// or https://",
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(change: &[(&str, &str)]) -> Result<Settings, String> {
        let base = [
            ("TABLE_NAME", "remote-lock"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ACCESS_KEY_ID", "AKIA"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
        ];
        let find = |from: &[(&str, &str)], name: &str| {
            from.iter()
                .find(|(key, _)| *key == name)
                .map(|(_, value)| (*value).to_owned())
        };
        Settings::from_lookup(&|name| find(change, name).or_else(|| find(&base, name)))
            .map_err(|error| crate::chain(&error))
    }

    #[test]
    fn each_invalid_variable_is_named_with_its_allowed_values() {
        // variable, value => error
        let cases = [
            ("TABLE_NAME", "", "TABLE_NAME is not set"),
            ("AWS_REGION", "", "AWS_REGION is not set"),
            ("AWS_ACCESS_KEY_ID", "", "AWS_ACCESS_KEY_ID is not set"),
            (
                "COMMAND_TTL_MS",
                "30s",
                "COMMAND_TTL_MS is \"30s\": wanted a number that is not negative",
            ),
            (
                "QUIET_WINDOW_MS",
                "-1",
                "QUIET_WINDOW_MS is \"-1\": wanted a number that is not negative",
            ),
            (
                "SAME_WISH_MS",
                "inf",
                "SAME_WISH_MS is \"inf\": wanted a number that is not negative",
            ),
            (
                "EVENT_TTL_DAYS",
                "NaN",
                "EVENT_TTL_DAYS is \"NaN\": wanted a number that is not negative",
            ),
            (
                "COMMAND_TTL_MS",
                "1",
                "COMMAND_TTL_MS does not fit: command life of 1 ms: wanted 5000 to 120000",
            ),
            (
                "QUIET_WINDOW_MS",
                "30000",
                "QUIET_WINDOW_MS does not fit: quiet window of 30000 ms: wanted less than the \
                 command's life of 30000 ms",
            ),
            (
                "SAME_WISH_MS",
                "60001",
                "SAME_WISH_MS does not fit: same-wish time of 60001 ms: wanted at most 60000",
            ),
            (
                "EVENT_TTL_DAYS",
                "0",
                "EVENT_TTL_DAYS does not fit: events kept for 0 days: wanted 1 to 3650",
            ),
            (
                "LEFT_OPEN_MINUTES",
                "1441",
                "LEFT_OPEN_MINUTES does not fit: door left open after 1441 minutes: wanted at most \
                 1440, or 0: off",
            ),
            (
                "FORCED_ALERT",
                "yes",
                "FORCED_ALERT is \"yes\": wanted true or false",
            ),
            (
                "BATTERY_LOW_MV",
                "20001",
                "BATTERY_LOW_MV does not fit: battery low below 20001 mV: wanted at most 20000, or \
                 0: off",
            ),
            (
                "AWS_ENDPOINT_URL_DYNAMODB",
                "localhost:8000",
                "AWS_ENDPOINT_URL_DYNAMODB is \"localhost:8000\": wanted an address that begins \
                 with http:// or https://",
            ),
        ];
        for (name, value, wanted) in cases {
            let error = read(&[(name, value)]).unwrap_err();
            assert_eq!(error, format!("environment variable {wanted}"));
        }
    }

    #[test]
    fn a_number_is_read_as_cloudformation_reads_it_and_rounded() {
        // COMMAND_TTL_MS => ms
        let cases = [
            ("5000", 5_000),
            ("5000.0", 5_000),
            ("5000.4", 5_000),
            ("5000.5", 5_001),
            ("119999.9", 120_000),
            ("5e3", 5_000),
            ("1.2E+4", 12_000),
            ("+5000", 5_000),
            (" 5000 ", 5_000),
            ("005000", 5_000),
        ];
        for (value, wanted) in cases {
            let settings = read(&[("COMMAND_TTL_MS", value)]).expect(value);
            assert_eq!(settings.limits.command_ttl_ms, wanted, "{value}");
        }
    }

    #[test]
    fn the_alerts_of_door_and_battery_are_set_or_have_the_protocol_s_defaults() {
        let alerts = |change: &[(&str, &str)]| {
            let limits = read(change).unwrap().limits;
            (
                limits.left_open_ms,
                limits.forced_alert,
                limits.battery_low_mv,
            )
        };
        assert_eq!(alerts(&[]), (600_000, true, 1_200));
        let empty = [("LEFT_OPEN_MINUTES", ""), ("FORCED_ALERT", "")];
        assert_eq!(alerts(&empty), (600_000, true, 1_200));
        let set = [
            ("LEFT_OPEN_MINUTES", "1440"),
            ("FORCED_ALERT", "true"),
            ("BATTERY_LOW_MV", "2900"),
        ];
        assert_eq!(alerts(&set), (86_400_000, true, 2_900));
        let off = [
            ("LEFT_OPEN_MINUTES", "0"),
            ("FORCED_ALERT", "false"),
            ("BATTERY_LOW_MV", "0"),
        ];
        assert_eq!(alerts(&off), (0, false, 0));
    }

    #[test]
    fn secrets_are_not_shown() {
        let settings =
            read(&[("AWS_SESSION_TOKEN", "token"), ("COMMAND_TTL_MS", "20000")]).unwrap();
        assert_eq!(settings.limits.command_ttl_ms, 20_000);
        let shown = format!("{settings:?}");
        assert!(
            !shown.contains("secret") && !shown.contains("\"token\""),
            "{shown}"
        );
    }
}
