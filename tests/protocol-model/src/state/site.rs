//! A lock with its surroundings: device, connection, shadow, and the commands in transit.

use std::sync::Arc;

use lock_core::command::WireCommand;
use lock_core::report::{Door, Latch, Report, ReportEvent, ReportId};
use lock_core::time::UnixMillis;

use crate::device::clock::Clock;
use crate::device::exchange::Exchange;
use crate::device::{Device, Moment};
use crate::rule::Rules;

/// A report in transit to the shadow.
#[derive(Debug, Clone, PartialEq)]
pub struct ShadowUpdate {
    /// Name of the report, also the update's token.
    pub id: ReportId,
    /// Uptime at which it was sent, in ms.
    pub sent_ms: u64,
    pub report: Report,
}

/// The shadow's answer in transit to the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ShadowAnswer {
    /// Token of the update.
    pub id: ReportId,
    /// Uptime at which the update was sent, in ms.
    pub sent_ms: u64,
    /// The server's time, in s.
    pub second: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Commands in transit.
    pub network: Vec<Arc<WireCommand>>,
    /// Commands that the broker keeps for the lock: none, unless a rule is removed (D6).
    pub kept: Vec<Arc<WireCommand>>,
    pub shadow: Option<Arc<ReportEvent>>,
    /// Version of the shadow's last update.
    pub shadow_version: u64,
    /// The door, if a sensor reports it.
    pub door: Option<Door>,
    pub device: Device,
    pub clock: Clock,
    /// When the device reports.
    pub exchange: Exchange,
    pub connected: bool,
    /// Error of the device's clock, in parts per million.
    pub drift_ppm: i64,
    pub booted_at: UnixMillis,
    pub reported_at: UnixMillis,
    /// Whether the bolt jams.
    pub jammed: bool,
    /// A report held on the network.
    pub update: Option<ShadowUpdate>,
    /// An answer held on the network.
    pub answer: Option<ShadowAnswer>,
}

impl Site {
    /// Powers the device on; it reads its door sensor.
    pub fn boot(&mut self, now: UnixMillis, rules: Rules) {
        (self.booted_at, self.clock) = (now, Clock::default());
        let moment = self.moment(now, rules);
        self.device.boot(&moment, None, rules);
        self.device.door(self.door, &moment);
    }

    /// Time since power-on by the device's own clock, in ms.
    pub fn uptime_ms(&self, now: UnixMillis) -> u64 {
        let true_ms = now.since(self.booted_at);
        let error_ms = true_ms as i64 * self.drift_ppm / 1_000_000;
        true_ms.saturating_add_signed(error_ms)
    }

    /// The moment as the device knows it.
    pub fn moment(&self, now: UnixMillis, rules: Rules) -> Moment {
        let uptime_ms = self.uptime_ms(now);
        Moment {
            uptime_ms,
            time: self.clock.bounds(uptime_ms, rules),
        }
    }

    /// Whether the device has a report to send and can send it.
    pub fn is_report_due(&self, now: UnixMillis) -> bool {
        let held = self.update.is_some() || self.answer.is_some();
        self.connected && !held && self.exchange.wants(self.uptime_ms(now))
    }

    /// Whether everything that it must report is in its shadow.
    pub fn has_reported(&self) -> bool {
        let in_transit = self.update.is_some() || self.answer.is_some();
        !in_transit && !self.exchange.due && self.exchange.repeat_at_ms().is_none()
    }

    /// Whether auto-relock is due.
    pub fn is_relock_due(&self, now: UnixMillis) -> bool {
        let at = self.device.relock_at_ms();
        at.is_some_and(|at| at <= self.uptime_ms(now))
    }

    /// State of the latch, including a jammed bolt.
    pub fn latch(&self) -> Latch {
        match self.device.latch {
            Latch::Locked if self.jammed => Latch::Jammed,
            latch => latch,
        }
    }

    /// The device's report without its clock's uncertainty, on which nothing depends.
    pub fn report(&self, now: &Moment) -> Report {
        Report {
            lock: self.latch(),
            clock_uncertainty_ms: None,
            ..self.device.report(now)
        }
    }

    /// What a function reads in the shadow, which keeps no token.
    pub fn read_shadow(&self) -> Option<ReportEvent> {
        self.shadow.as_deref().map(|event| ReportEvent {
            token: None,
            ..event.clone()
        })
    }

    /// Sorts the commands, whose order means nothing.
    pub fn normalize(&mut self) {
        for commands in [&mut self.network, &mut self.kept] {
            commands.sort_by(|a, b| (a.version, &a.command_id).cmp(&(b.version, &b.command_id)));
        }
        self.device.forget_history();
    }
}
