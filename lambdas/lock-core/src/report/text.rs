//! A report's text as its lock writes it, and the checksum that reveals an edit by hand (C9).

use serde::Serialize;
use serde_json::Value;

use super::Report;
use crate::id::CommandId;

impl Report {
    /// CRC-32 of the text that the lock writes, up to the comma before `reportId`.
    ///
    /// The text has no blanks and the fields in the order of the struct; an absent id is `""`,
    /// anything else absent is `null`. The four fields of firmware 2.0.0 are in the text if any of
    /// them is in the report: that firmware always writes `settings`, `relockMs` and `pulseMs`,
    /// older firmware none of the four. The checksum reveals an edit, not a forgery: anyone who can
    /// write the shadow can compute it.
    /// Source: PROTOCOL, Messages; `firmware/core/report.c`.
    pub fn checksum(&self) -> u32 {
        crc32fast::hash(self.to_text().as_bytes())
    }

    /// Whether it is as its lock wrote it: its id contains the checksum of the rest.
    pub fn is_as_written(&self) -> bool {
        self.report_id
            .is_some_and(|id| id.checksum == Some(self.checksum()))
    }

    fn to_text(&self) -> String {
        let id = |id: &Option<CommandId>| to_json(&id.as_ref().map_or("", |id| id.as_str()));
        let refused = match &self.refused {
            Some(refused) => format!(
                "{{\"commandId\":{},\"reason\":{}}}",
                id(&refused.command_id),
                to_json(&refused.reason)
            ),
            None => "null".to_owned(),
        };
        let (uncertainty, in_force) = self.later_fields().unwrap_or_default();
        format!(
            "{{\"lock\":{},\"version\":{},\"commandId\":{},\"result\":{},\"source\":{},\"refused\":{refused},\
             \"bootCount\":{},\"clock\":{}{uncertainty},\"firmware\":{},\"rssi\":{},\"door\":{}{in_force}",
            to_json(&self.lock),
            self.version.0,
            id(&self.command_id),
            to_json(&self.result),
            to_json(&self.source),
            self.boot_count,
            to_json(&self.clock),
            to_json(&self.firmware),
            to_json(&self.rssi),
            to_json(&self.door),
        )
    }

    /// The fields of firmware 2.0.0, after `clock` and after `door`; `None` in a report of older
    /// firmware. A shadow drops `null`, so `clockUncertaintyMs` alone does not decide.
    fn later_fields(&self) -> Option<(String, String)> {
        let is_there = self.clock_uncertainty_ms.is_some()
            || self.settings.is_some()
            || self.relock_ms.is_some()
            || self.pulse_ms.is_some();
        is_there.then(|| {
            let uncertainty = to_json(&self.clock_uncertainty_ms);
            let settings = to_json(&self.settings);
            let (relock, pulse) = (to_json(&self.relock_ms), to_json(&self.pulse_ms));
            (
                format!(",\"clockUncertaintyMs\":{uncertainty}"),
                format!(",\"settings\":{settings},\"relockMs\":{relock},\"pulseMs\":{pulse}"),
            )
        })
    }
}

fn to_json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}
