//! Settings from the environment, with an error that names the variable. Must not know what they are used for.

use std::fmt;

use lock_core::limits::{COMMAND_TTL_MS, EVENT_TTL_DAYS, LimitError, Limits, QUIET_WINDOW_MS};

/// What a function needs to know about its deployment.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The table: `TABLE_NAME`.
    pub table: String,
    /// `COMMAND_TTL_MS`, `QUIET_WINDOW_MS`, `EVENT_TTL_DAYS`; the protocol's own where a variable is absent.
    pub limits: Limits,
    /// Where and as whom to call AWS.
    pub access: Access,
}

/// Where and as whom to call AWS.
#[derive(Clone)]
pub struct Access {
    /// `AWS_REGION`, else `AWS_DEFAULT_REGION`.
    pub region: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`, with temporary credentials, which a function always has.
    pub session_token: Option<String>,
    /// `AWS_ENDPOINT_URL_DYNAMODB`, else `AWS_ENDPOINT_URL`; may be plain `http`. Absent: AWS.
    pub dynamodb: Option<String>,
    /// `AWS_ENDPOINT_URL_IOT_DATA_PLANE`, else `AWS_ENDPOINT_URL`; may be plain `http`. Absent: AWS.
    pub iot_data: Option<String>,
}

/// Shows all but the secrets.
impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access")
            .field("region", &self.region)
            .field("access_key_id", &self.access_key_id)
            .field("dynamodb", &self.dynamodb)
            .field("iot_data", &self.iot_data)
            .finish_non_exhaustive()
    }
}

/// A setting that is missing or wrong.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A variable that has no default is not set, or empty.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// A variable holds something else than it must.
    #[error("environment variable {name}: {value:?} is no {wanted}")]
    Wrong {
        /// The variable.
        name: &'static str,
        /// What it holds.
        value: String,
        /// What it should hold.
        wanted: &'static str,
    },
    /// The numbers contradict each other.
    #[error("COMMAND_TTL_MS, QUIET_WINDOW_MS, EVENT_TTL_DAYS")]
    Limits(#[source] LimitError),
}

/// How variables are looked up; the process's environment outside tests.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

impl Settings {
    /// Reads the process's environment.
    ///
    /// *Errors*: [`SettingsError`], naming the first variable that is missing or wrong.
    pub fn from_env() -> Result<Settings, SettingsError> {
        Settings::from_lookup(&environment)
    }

    /// Reads settings from `lookup`. *Errors*: as [`Self::from_env`].
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Settings, SettingsError> {
        let command_ttl_ms = number(lookup, "COMMAND_TTL_MS", COMMAND_TTL_MS)?;
        let quiet_window_ms = number(lookup, "QUIET_WINDOW_MS", QUIET_WINDOW_MS)?;
        let event_ttl_days = number(lookup, "EVENT_TTL_DAYS", EVENT_TTL_DAYS)?;
        Ok(Settings {
            table: required(lookup, "TABLE_NAME")?,
            limits: Limits::new(command_ttl_ms, quiet_window_ms, event_ttl_days)
                .map_err(SettingsError::Limits)?,
            access: Access::from_lookup(lookup)?,
        })
    }
}

impl Access {
    /// Reads the process's environment: what the Lambda service, or a shell that is logged in, sets.
    ///
    /// *Errors*: [`SettingsError`], naming the first variable that is missing or wrong.
    pub fn from_env() -> Result<Access, SettingsError> {
        Access::from_lookup(&environment)
    }

    /// Reads access from `lookup`. *Errors*: as [`Self::from_env`].
    pub fn from_lookup(lookup: Lookup<'_>) -> Result<Access, SettingsError> {
        let region =
            present(lookup, "AWS_REGION").or_else(|| present(lookup, "AWS_DEFAULT_REGION"));
        Ok(Access {
            region: region.ok_or(SettingsError::Missing("AWS_REGION"))?,
            access_key_id: required(lookup, "AWS_ACCESS_KEY_ID")?,
            secret_access_key: required(lookup, "AWS_SECRET_ACCESS_KEY")?,
            session_token: present(lookup, "AWS_SESSION_TOKEN"),
            dynamodb: endpoint(lookup, "AWS_ENDPOINT_URL_DYNAMODB")?,
            iot_data: endpoint(lookup, "AWS_ENDPOINT_URL_IOT_DATA_PLANE")?,
        })
    }
}

fn present(lookup: Lookup<'_>, name: &str) -> Option<String> {
    lookup(name).filter(|value| !value.is_empty())
}

fn required(lookup: Lookup<'_>, name: &'static str) -> Result<String, SettingsError> {
    present(lookup, name).ok_or(SettingsError::Missing(name))
}

fn number(lookup: Lookup<'_>, name: &'static str, absent: u64) -> Result<u64, SettingsError> {
    let Some(value) = present(lookup, name) else {
        return Ok(absent);
    };
    let wanted = "whole number";
    value.parse().map_err(|_| SettingsError::Wrong {
        name,
        value,
        wanted,
    })
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
            wanted: "http or https address",
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
            .map_err(|error| error.to_string())
    }

    #[test]
    fn each_wrong_variable_is_named() {
        let cases = [
            (
                "TABLE_NAME",
                "",
                "environment variable TABLE_NAME is not set",
            ),
            (
                "AWS_REGION",
                "",
                "environment variable AWS_REGION is not set",
            ),
            (
                "AWS_ACCESS_KEY_ID",
                "",
                "environment variable AWS_ACCESS_KEY_ID is not set",
            ),
            (
                "COMMAND_TTL_MS",
                "30s",
                "environment variable COMMAND_TTL_MS: \"30s\" is no whole number",
            ),
            (
                "COMMAND_TTL_MS",
                "1",
                "COMMAND_TTL_MS, QUIET_WINDOW_MS, EVENT_TTL_DAYS",
            ),
            (
                "AWS_ENDPOINT_URL_DYNAMODB",
                "localhost:8000",
                "environment variable AWS_ENDPOINT_URL_DYNAMODB: \"localhost:8000\" is no http or https address",
            ),
        ];
        for (name, value, wanted) in cases {
            assert_eq!(read(&[(name, value)]).unwrap_err(), wanted);
        }
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
