//! One lock with its surroundings: the real core, its reporter, power, connection and shadow.

use std::rc::Rc;

use firmware_core::core_ffi::{CoreLock, PowerCut, Settings};
use lock_core::report::{Latch, Report, ReportEvent, ReportId};
use lock_core::time::UnixSeconds;

use crate::reporter::Reporter;
use crate::table::lock_name;

/// How often a device reports when nothing happens (D4), in ms.
const INTERVAL_MS: u32 = lock_core::limits::REPORT_INTERVAL_MS as u32;

/// What a lock's shadow holds.
#[derive(Debug, Clone)]
pub struct Shadow {
    /// Its version.
    pub version: u64,
    /// When it was written.
    pub at: UnixSeconds,
    /// What it says.
    pub report: Report,
}

/// A lock.
#[derive(Debug)]
pub struct Site {
    /// Its index.
    pub lock: usize,
    /// The firmware's core.
    pub core: CoreLock,
    /// When it reports.
    pub reporter: Reporter,
    /// How it is set up.
    pub settings: Settings,
    /// Error of its quartz.
    pub drift_ppm: i64,
    /// Whether it has power.
    pub powered: bool,
    /// When it got power, in true time.
    pub booted_at: u64,
    /// Boots in its life.
    pub boots: u64,
    /// The number of its connection; `None` while it has none.
    pub connection: Option<u64>,
    /// Connections in its life.
    pub connections: u64,
    /// Whether its connection carries nothing in either direction.
    pub half_open: bool,
    /// Until when an attacker holds the messages to it, and those from it.
    pub held_until: [u64; 2],
    /// Whether it can have no connection before this.
    pub offline_until: u64,
    /// Whether its door is open; `None` without a sensor.
    pub door: Option<bool>,
    /// When the door last moved.
    pub door_at: u64,
    /// Whether its bolt sensor sees neither end.
    pub jammed: bool,
    /// Whether it knew the time at the last look.
    pub had_time: bool,
    /// The next look at its timers.
    pub poll_at: u64,
    /// The next save of its journal is cut.
    pub cut: Option<PowerCut>,
    /// Whether a hand has unlocked it last.
    pub by_hand: bool,
    /// Number of unlocks by a hand.
    pub exits: u64,
    /// Its classic shadow.
    pub shadow: Option<Shadow>,
    /// The shadow's last version.
    pub shadow_version: u64,
    /// When the shadow was deleted.
    pub deleted_at: Option<u64>,
    /// Commands that wait in the broker, if it keeps a session.
    pub session: Vec<Rc<lock_core::command::WireCommand>>,
}

impl Site {
    /// A lock that was never powered.
    pub fn new(lock: usize, settings: Settings, drift_ppm: i64, door: Option<bool>) -> Self {
        Self {
            lock,
            core: CoreLock::new(&settings),
            reporter: Reporter::start(0, INTERVAL_MS),
            settings,
            drift_ppm,
            powered: false,
            booted_at: 0,
            boots: 0,
            connection: None,
            connections: 0,
            half_open: false,
            held_until: [0; 2],
            offline_until: 0,
            door,
            door_at: 0,
            jammed: false,
            had_time: false,
            poll_at: u64::MAX,
            cut: None,
            by_hand: false,
            exits: 0,
            shadow: None,
            shadow_version: 0,
            deleted_at: None,
            session: Vec::new(),
        }
    }

    /// Gets power at `now`.
    pub fn boot(&mut self, now: u64) {
        (self.powered, self.booted_at) = (true, now);
        self.boots += 1;
        self.core.boot(None);
        self.core.door(self.door, 0);
        self.reporter = Reporter::start(self.boots, INTERVAL_MS);
        (self.had_time, self.cut, self.by_hand) = (false, None, false);
    }

    /// Its uptime by its own quartz.
    pub fn uptime(&self, now: u64) -> u64 {
        let elapsed = i128::from(now.saturating_sub(self.booted_at));
        let ms = elapsed * i128::from(1_000_000 + self.drift_ppm) / 1_000_000;
        u64::try_from(ms).unwrap_or(0)
    }

    /// The first true time at which its uptime is at least this.
    pub fn time_of(&self, uptime_ms: u64) -> u64 {
        let ms = i128::from(uptime_ms) * 1_000_000 / i128::from(1_000_000 + self.drift_ppm);
        let mut at = self.booted_at + u64::try_from(ms).unwrap_or(0);
        while self.uptime(at) < uptime_ms {
            at += 1;
        }
        at
    }

    /// Whether messages reach it.
    pub fn is_reachable(&self) -> bool {
        self.powered && self.connection.is_some() && !self.half_open
    }

    /// The latch as its sensor sees it.
    pub fn latch(&self) -> Latch {
        match (self.jammed, self.core.is_open()) {
            (true, _) => Latch::Jammed,
            (false, true) => Latch::Unlocked,
            (false, false) => Latch::Locked,
        }
    }

    /// What it would report now, by the core's own report.
    pub fn report(&self, now: u64, id: ReportId) -> Report {
        let text = self.core.report(self.uptime(now));
        let value = serde_json::from_str(&text).expect("the core writes JSON");
        let report = Report::parse(&value).expect("the core writes reports");
        let lock = if self.jammed {
            Latch::Jammed
        } else {
            report.lock
        };
        Report { lock, ..report }.with_id(id)
    }

    /// Whether a report that arrived late has replaced a newer one of the same boot in the shadow.
    /// Nothing in the protocol corrects that before the next report (D4), and the next one does.
    pub fn is_overtaken(&self) -> bool {
        let shown = self.shadow.as_ref();
        let shown = shown.and_then(|shadow| shadow.report.report_id);
        shown.is_some_and(|id| id.boot_count == self.boots && id.counter < self.reporter.number())
    }

    /// The shadow as a function reads it.
    pub fn read_shadow(&self) -> Option<ReportEvent> {
        let shadow = self.shadow.as_ref()?;
        Some(ReportEvent {
            lock: lock_name(self.lock),
            shadow_version: shadow.version,
            shadow_at: shadow.at,
            token: None,
            report: shadow.report.clone(),
        })
    }
}
