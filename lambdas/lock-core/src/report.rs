//! A lock's report of its state, as its shadow holds it.
//!
//! Must not know: what the record says.

mod id;
mod text;
mod word;

pub use id::ReportId;
pub use word::{Clock, Door, Latch, Outcome, Settings, Source};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::command::Version;
use crate::field::{Fields, Refusal};
use crate::id::CommandId;
use crate::name::LockName;
use crate::time::UnixSeconds;

/// A command that the device refused, so that it is not in its journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusedCommand {
    /// Its id, if the device could read it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command_id: Option<CommandId>,
    /// The device's word for why: `clock`, `journal`, `malformed`, …
    pub reason: String,
}

/// One report, whole: a device always reports all of it in one update.
///
/// ```json
/// {"lock":"locked","version":1763779512345,"commandId":"01J…","result":"executed",
///  "source":"remote","refused":null,"bootCount":7,"clock":"synced","clockUncertaintyMs":1043,
///  "firmware":"2.0.0","rssi":-61,"door":null,"settings":"stated","relockMs":30000,"pulseMs":0,
///  "reportId":"7-12-907060870"}
/// ```
///
/// `version`, `commandId` and `result` describe the journal's entry. Firmware before 2.0.0 sends
/// neither `clockUncertaintyMs`, `settings`, `relockMs` nor `pulseMs`.
/// Source: PROTOCOL, Messages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The position of the latch.
    pub lock: Latch,
    /// Version of the journalled command; 0 if the journal is blank.
    pub version: Version,
    /// Its id; `None` if the journal is blank.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command_id: Option<CommandId>,
    /// The result of the journalled command.
    pub result: Outcome,
    /// What last moved the latch.
    pub source: Source,
    /// The last command refused since then.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub refused: Option<RefusedCommand>,
    /// Boots in the device's life.
    pub boot_count: u64,
    /// Whether the device knows the time.
    pub clock: Clock,
    /// Width in ms of the span in which the true time lies; `None` while the time is unknown.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub clock_uncertainty_ms: Option<u64>,
    /// The version of its firmware.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub firmware: Option<String>,
    /// Strength of its radio signal in dBm.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rssi: Option<i64>,
    /// The door leaf, if a sensor sees it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub door: Option<Door>,
    /// Where its settings come from.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub settings: Option<Settings>,
    /// Time in ms after which it relocks (D5); 0 if it does not.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub relock_ms: Option<u64>,
    /// Time in ms for which its pulse strike is powered; 0 if it has none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pulse_ms: Option<u64>,
    /// The report's id, with the checksum of the rest: a report edited by hand keeps it and is no
    /// longer [as written](Report::is_as_written).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub report_id: Option<ReportId>,
}

/// A report with the shadow's envelope, as the report rule delivers it.
///
/// ```json
/// {"thing":"lock-1","shadowVersion":17,"timestamp":1763779513,"clientToken":"7-12","reported":{…}}
/// ```
///
/// `clientToken` may be absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportEvent {
    /// The thing, from the topic.
    pub lock: LockName,
    /// The shadow's version after this report.
    pub shadow_version: u64,
    /// When the shadow was updated.
    pub shadow_at: UnixSeconds,
    /// The token of the update, if a device wrote it; a shadow that is read later has none.
    pub token: Option<ReportId>,
    /// The report of the device.
    pub report: Report,
}

impl Report {
    /// Reads the object in `state.reported`. JSON `null` means "none" in the fields that may be
    /// absent. An unknown word in `settings` is kept, not refused.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] found.
    pub fn parse(reported: &Value) -> Result<Self, Refusal> {
        let fields = Fields::of(reported)?;
        let text = |field| {
            if is_null(fields, field) {
                Ok(None)
            } else {
                fields.text_or_none(field)
            }
        };
        let number = |field| {
            if is_null(fields, field) {
                Ok(None)
            } else {
                fields.number_or_none(field)
            }
        };
        Ok(Self {
            lock: fields.word("lock")?,
            version: Version(fields.number("version")?),
            command_id: text("commandId")?
                .filter(|id| !id.is_empty())
                .map(CommandId::from_text),
            result: fields.word("result")?,
            source: fields.word("source")?,
            refused: read_refused(fields)?,
            boot_count: fields.number("bootCount")?,
            clock: fields.word("clock")?,
            clock_uncertainty_ms: number("clockUncertaintyMs")?,
            firmware: text("firmware")?.map(str::to_owned),
            rssi: read_rssi(fields)?,
            door: if fields.get("door").is_none() || is_null(fields, "door") {
                None
            } else {
                Some(fields.word("door")?)
            },
            settings: text("settings")?.map(|word| Settings::from(word.to_owned())),
            relock_ms: number("relockMs")?,
            pulse_ms: number("pulseMs")?,
            report_id: text("reportId")?.and_then(ReportId::parse),
        })
    }

    /// The same report with this id and the right checksum.
    pub fn with_id(self, id: ReportId) -> Self {
        let checksum = Some(self.checksum());
        Self {
            report_id: Some(ReportId { checksum, ..id }),
            ..self
        }
    }
}

impl ReportEvent {
    /// Reads the event of the report rule.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] found.
    pub fn parse(event: &Value) -> Result<Self, Refusal> {
        let fields = Fields::of(event)?;
        Ok(Self {
            lock: fields.name("thing")?,
            shadow_version: fields.number("shadowVersion")?,
            shadow_at: UnixSeconds(fields.number("timestamp")?),
            // Any other token means that a person or another program wrote this.
            token: fields
                .get("clientToken")
                .and_then(Value::as_str)
                .and_then(ReportId::parse),
            report: Report::parse(
                fields
                    .get("reported")
                    .ok_or(Refusal::MissingField("reported"))?,
            )?,
        })
    }

    /// Reads a whole shadow document of `GetThingShadow`, for when an event cannot be trusted (C9).
    ///
    /// ```json
    /// {"state":{"reported":{…}},"metadata":{"reported":{"lock":{"timestamp":1763779498},…}},
    ///  "version":18,"timestamp":1763779513}
    /// ```
    ///
    /// The document's own `timestamp` is the time of the read; the metadata shows when the report
    /// was written.
    ///
    /// # Errors
    ///
    /// The first [`Refusal`] found.
    pub fn parse_shadow(lock: LockName, shadow: &Value) -> Result<Self, Refusal> {
        let fields = Fields::of(shadow)?;
        let state = Fields::of(fields.get("state").ok_or(Refusal::MissingField("state"))?)?;
        let read_at = fields.number("timestamp")?;
        let written_at = shadow
            .pointer("/metadata/reported")
            .and_then(latest_timestamp);
        let reported = state
            .get("reported")
            .ok_or(Refusal::MissingField("reported"))?;
        let report = Report::parse(reported)?;
        Ok(Self {
            lock,
            shadow_version: fields.number("version")?,
            shadow_at: UnixSeconds(written_at.unwrap_or(read_at)),
            token: None,
            report,
        })
    }

    /// Whether the lock itself wrote this: the update's token names the report's boot and this
    /// report (C9).
    ///
    /// A shadow that is read later keeps no token: see [`Report::is_as_written`].
    pub fn is_from_lock(&self) -> bool {
        self.token.is_some_and(|token| {
            token.boot_count == self.report.boot_count
                && self
                    .report
                    .report_id
                    .is_none_or(|id| id.is_same_update(token))
        })
    }
}

/// The latest `timestamp` in a shadow's metadata.
fn latest_timestamp(metadata: &Value) -> Option<u64> {
    match metadata {
        Value::Object(fields) => fields
            .iter()
            .filter_map(|(name, value)| match value.as_u64() {
                Some(at) if name == "timestamp" => Some(at),
                _ => latest_timestamp(value),
            })
            .max(),
        Value::Array(values) => values.iter().filter_map(latest_timestamp).max(),
        _ => None,
    }
}

fn is_null(fields: Fields<'_>, field: &'static str) -> bool {
    fields.get(field) == Some(&Value::Null)
}

fn read_refused(fields: Fields<'_>) -> Result<Option<RefusedCommand>, Refusal> {
    let Some(value) = fields.get("refused").filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let wrong = Refusal::WrongType {
        field: "refused",
        wanted: "object or null",
    };
    let inner = Fields::of(value).map_err(|_| wrong)?;
    let command_id = if is_null(inner, "commandId") {
        None
    } else {
        inner.text_or_none("commandId")?
    };
    Ok(Some(RefusedCommand {
        command_id: command_id.map(CommandId::from_text),
        reason: inner.text("reason")?.to_owned(),
    }))
}

fn read_rssi(fields: Fields<'_>) -> Result<Option<i64>, Refusal> {
    match fields.get("rssi") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(dbm) if i32::try_from(dbm).is_ok() => Ok(Some(dbm)),
            _ => Err(Refusal::WrongType {
                field: "rssi",
                wanted: "whole number of dBm",
            }),
        },
    }
}

#[cfg(test)]
mod tests;
