//! The lock of a random run: it obeys and reports.
//!
//! Must not know: the laws.

use super::*;
use crate::report::{Clock, Outcome, RefusedCommand, Report, ReportId, Source};

/// A lock by the device's rules, without a clock (D1, D2); its latch jams while `jammed`.
#[derive(Clone)]
pub(super) struct Device {
    pub(super) version: Version,
    pub(super) id: Option<CommandId>,
    /// Largest version obeyed since power-on, journalled or not.
    pub(super) floor: Version,
    pub(super) refused: Option<RefusedCommand>,
    pub(super) latch: Latch,
    pub(super) jammed: bool,
    pub(super) door: Door,
    pub(super) result: Outcome,
    pub(super) shadow_version: u64,
    /// When the shadow was last written.
    pub(super) shadow_at: UnixSeconds,
}

impl Run<'_> {
    pub(super) fn shadow(&self) -> ReportEvent {
        let token = ReportId {
            boot_count: 1,
            counter: self.device.shadow_version,
            checksum: None,
        };
        ReportEvent {
            token: Some(token),
            lock: name(),
            shadow_version: self.device.shadow_version,
            shadow_at: self.device.shadow_at,
            report: Report {
                lock: self.device.latch,
                version: self.device.version,
                command_id: self.device.id.clone(),
                result: self.device.result,
                source: Source::Remote,
                refused: self.device.refused.clone(),
                boot_count: 1,
                clock: Clock::Synced,
                clock_uncertainty_ms: None,
                firmware: None,
                rssi: None,
                door: Some(self.device.door),
                settings: None,
                relock_ms: None,
                pulse_ms: None,
                report_id: None,
            }
            .with_id(token),
        }
    }

    /// The device obeys by D1 and D2 and reports; the event arrives.
    pub(super) fn arrive(&mut self, command: &WireCommand) {
        if command.version < self.device.floor {
            self.refuse(command.command_id.clone(), "superseded");
            return self.report(false);
        }
        if command.version <= self.device.version {
            return self.report(false);
        }
        let over = command
            .expires_at
            .is_some_and(|end| end <= self.now.seconds());
        let blank = self.device.version == Version::NONE;
        if blank && command.action == Action::Unlock {
            return;
        }
        (self.device.version, self.device.floor) = (command.version, command.version);
        self.device.refused = None;
        self.device.id = Some(command.command_id.clone());
        let unlock = command.action == Action::Unlock && !over;
        self.device.result = if over {
            Outcome::Expired
        } else {
            Outcome::Executed
        };
        self.device.latch = match (self.device.jammed, unlock) {
            (true, _) => Latch::Jammed,
            (false, true) => Latch::Unlocked,
            (false, false) => Latch::Locked,
        };
        self.report(false);
    }

    /// Another program's lock command, of a version past all others, is obeyed but not journalled.
    pub(super) fn obey_rival(&mut self, ahead_ms: u64) {
        let latest = self.record.version.max(self.device.floor);
        self.device.floor = Version(latest.0.max(self.now.0) + 1 + ahead_ms);
        self.device.latch = if self.device.jammed {
            Latch::Jammed
        } else {
            Latch::Locked
        };
        self.refuse(CommandId::from_text("rival"), "journal");
        self.report(false);
    }

    fn refuse(&mut self, id: CommandId, reason: &str) {
        self.device.refused = Some(RefusedCommand {
            command_id: Some(id),
            reason: reason.to_owned(),
        });
    }

    pub(super) fn report(&mut self, lost: bool) {
        self.device.shadow_version += 1;
        self.device.shadow_at = self.now.seconds();
        if lost {
            return;
        }
        let report = self.shadow();
        let (binding, limits) = (self.binding.clone(), Limits::default());
        let decided = decide_report(
            Some(&self.record),
            &report,
            Origin::Shadow,
            Some(&binding),
            self.now,
            &limits,
        );
        let ReportDecision::Act(decision) = decided else {
            panic!("the shadow's own word is always judged");
        };
        self.perform(&decision, false);
    }
}
