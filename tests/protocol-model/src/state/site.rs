//! A lock at its door: the device, its connection, its shadow, and the commands on their way to it. It must not know the
//! table.

use std::sync::Arc;

use lock_core::command::WireCommand;
use lock_core::report::{Door, Latch, Report, ReportEvent, ReportId};
use lock_core::time::UnixMillis;

use crate::device::clock::Clock;
use crate::device::exchange::Exchange;
use crate::device::{Device, Moment};
use crate::rule::Rules;

/// A report on its way to the shadow, held on the wire.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// Its name, which is the update's token too.
    pub id: ReportId,
    /// Uptime at which it was sent. *Units*: ms.
    pub sent_ms: u64,
    /// What it says.
    pub report: Report,
}

/// The shadow's answer on its way back, held on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Answer {
    /// The token of the update.
    pub id: ReportId,
    /// Uptime at which the update was sent. *Units*: ms.
    pub sent_ms: u64,
    /// The server's time. *Units*: s.
    pub second: u64,
}

/// One lock.
#[derive(Debug, Clone, PartialEq)]
pub struct Site {
    /// Commands on their way.
    pub network: Vec<Arc<WireCommand>>,
    /// Commands that the broker keeps for it: none, unless a rule is taken away (D6).
    pub kept: Vec<Arc<WireCommand>>,
    /// Its shadow.
    pub shadow: Option<Arc<ReportEvent>>,
    /// Version that the shadow's next update gets, less one.
    pub shadow_version: u64,
    /// The door, where a sensor sees it.
    pub door: Option<Door>,
    /// The device.
    pub device: Device,
    /// What the device knows of the time.
    pub clock: Clock,
    /// When it reports.
    pub exchange: Exchange,
    /// Whether it has a connection.
    pub connected: bool,
    /// By how much its own clock runs wrong, in parts per million.
    pub drift_ppm: i64,
    /// When it was powered on.
    pub booted_at: UnixMillis,
    /// When it last reported.
    pub reported_at: UnixMillis,
    /// Whether its bolt, out or not, would jam.
    pub jammed: bool,
    /// A report held on its way to the shadow.
    pub update: Option<Update>,
    /// An answer held on its way back.
    pub answer: Option<Answer>,
}

impl Site {
    /// The device is powered on, and looks at its door.
    pub fn boot(&mut self, now: UnixMillis, rules: Rules) {
        (self.booted_at, self.clock) = (now, Clock::default());
        let moment = self.moment(now, rules);
        self.device.boot(&moment, None, rules);
        self.device.door(self.door, &moment);
    }

    /// Since power-on, by the device's own clock. *Units*: ms.
    pub fn uptime_ms(&self, now: UnixMillis) -> u64 {
        let true_ms = now.since(self.booted_at);
        let wrong_ms = true_ms as i64 * self.drift_ppm / 1_000_000;
        true_ms.saturating_add_signed(wrong_ms)
    }

    /// The time, as the device knows it.
    pub fn moment(&self, now: UnixMillis, rules: Rules) -> Moment {
        let uptime_ms = self.uptime_ms(now);
        Moment {
            uptime_ms,
            time: self.clock.span(uptime_ms, rules),
        }
    }

    /// Whether it has a report to send, and may.
    pub fn wants_to_report(&self, now: UnixMillis) -> bool {
        let held = self.update.is_some() || self.answer.is_some();
        self.connected && !held && self.exchange.wants(self.uptime_ms(now))
    }

    /// Whether all that it has to report is in its shadow.
    pub fn has_reported(&self) -> bool {
        let on_its_way = self.update.is_some() || self.answer.is_some();
        !on_its_way && !self.exchange.due && self.exchange.repeats_at_ms().is_none()
    }

    /// Whether auto-relock is due.
    pub fn relock_due(&self, now: UnixMillis) -> bool {
        let at = self.device.relocks_at_ms();
        at.is_some_and(|at| at <= self.uptime_ms(now))
    }

    /// Where the latch is, the bolt included.
    pub fn latch(&self) -> Latch {
        match self.device.latch {
            Latch::Locked if self.jammed => Latch::Jammed,
            latch => latch,
        }
    }

    /// What the device says of itself, but for how exact its clock is: nothing goes by that, and states that differ in
    /// nothing else are one.
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

    /// Puts what has no order of its own into one.
    pub fn normalise(&mut self) {
        for commands in [&mut self.network, &mut self.kept] {
            commands.sort_by(|a, b| (a.version, &a.command_id).cmp(&(b.version, &b.command_id)));
        }
        self.device.forget_history();
    }
}
