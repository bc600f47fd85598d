//! One lock twice: the C and its transcription, in lock step. Must not choose what happens.
//!
//! The C does not have all of the device's rules yet, and the two are compared without what it lacks:
//!
//! - D1: a journal that was lost refuses only until any lock is written, and no version is too far ahead. Both rules are
//!   taken away from the transcription ([`Rules::FIRMWARE`]).
//! - D3: the C judges by one clock and a tolerance, which it adds twice: to its clock, for the end of a command's life, and
//!   for its beginning. The transcription has bounds of the time, and adds nothing to them. So it is given the C's clock and
//!   tolerance as its latest possible time, and no tolerance of its own. Where bounds come from is D3's other half, and
//!   has no C to be compared with yet.
//!
//! Everything else is compared as it is.

use firmware_core::core_ffi::{self, CoreLock, PowerCut};
use lock_core::command::WireCommand;
use lock_core::report::{Door, Latch, Report};
use model::device::{Device, Fate, Moment, Power, Settings, Span};
use model::rule::Rules;
use serde_json::Value;

/// A clock of the C that was not set for longer than this is not believed. *Units*: ms.
const CLOCK_STALE_MS: u64 = 12 * 60 * 60 * 1000;

/// Both, and the one time that both are told.
pub struct Bench {
    core: CoreLock,
    device: Device,
    /// The C's own. *Units*: ms.
    tolerance_ms: u64,
    wall_ms: u64,
    booted_at_ms: u64,
    /// Set, wrong by this, at this time; none since boot.
    clock: Option<(i64, u64)>,
    /// Every event so far, for the message of a failure.
    pub story: Vec<String>,
    /// How often each outcome came.
    pub fates: Vec<Fate>,
}

impl Bench {
    /// Both off, with blank flash.
    pub fn new(settings: Settings, wall_ms: u64) -> Bench {
        let core = CoreLock::new(&core_ffi::Settings {
            power_on_unlocked: u32::from(settings.power_on == Latch::Unlocked),
            relock_ms: settings.relock_ms as u32,
            pulse_ms: settings.pulse_ms as u32,
            clock_tolerance_ms: settings.tolerance_ms as u32,
        });
        let transcribed = Settings {
            tolerance_ms: 0,
            ..settings
        };
        Bench {
            core,
            device: Device::new(transcribed, [None, None]),
            tolerance_ms: settings.tolerance_ms,
            wall_ms,
            booted_at_ms: wall_ms,
            clock: None,
            story: Vec::new(),
            fates: Vec::new(),
        }
    }

    /// The true time. *Units*: ms.
    pub fn wall_ms(&self) -> u64 {
        self.wall_ms
    }

    /// Time passes to here. *Units*: ms.
    pub fn pass_to(&mut self, wall_ms: u64) {
        self.wall_ms = wall_ms;
    }

    /// The C's clock as the transcription's bounds.
    fn moment(&self) -> Moment {
        let core = self.core_moment();
        let is_good = core.synced != 0 && core.uptime_ms - core.synced_at_ms <= CLOCK_STALE_MS;
        Moment {
            uptime_ms: core.uptime_ms,
            time: is_good.then(|| Span {
                earliest_ms: core.wall_ms - self.tolerance_ms,
                latest_ms: core.wall_ms + self.tolerance_ms,
            }),
        }
    }

    fn core_moment(&self) -> core_ffi::Moment {
        let (skew_ms, synced_at_ms) = self.clock.unwrap_or((0, self.booted_at_ms));
        core_ffi::Moment {
            uptime_ms: self.wall_ms - self.booted_at_ms,
            wall_ms: self.wall_ms.saturating_add_signed(skew_ms),
            synced_at_ms: synced_at_ms - self.booted_at_ms,
            synced: u32::from(self.clock.is_some()),
        }
    }

    /// The clock is set, wrong by this. *Units*: ms.
    pub fn sync(&mut self, skew_ms: i64) {
        self.clock = Some((skew_ms, self.wall_ms));
        self.compare(&format!("sync {skew_ms}"));
    }

    /// Power-on.
    pub fn boot(&mut self, unreadable: Option<usize>) {
        (self.booted_at_ms, self.clock) = (self.wall_ms, None);
        let (now, core_now) = (self.moment(), self.core_moment());
        self.device.boot(&now, unreadable, Rules::FIRMWARE);
        self.core.boot(unreadable, &core_now);
        self.compare(&format!("boot, unreadable {unreadable:?}"));
    }

    /// A command arrives, in bytes at the C.
    pub fn command(&mut self, command: &WireCommand, power: Power) -> Fate {
        let (now, core_now) = (self.moment(), self.core_moment());
        self.core.break_flash(power == Power::Broken);
        match power {
            Power::FailsBefore => self.core.fail_power(PowerCut::Before),
            Power::FailsWithin => self.core.fail_power(PowerCut::Within),
            Power::FailsAfter => self.core.fail_power(PowerCut::After),
            Power::Holds | Power::Broken | Power::FailsBetween => {}
        }
        let fate = self.device.command(command, &now, power, Rules::FIRMWARE);
        let outcome = self.core.command(command.to_json().as_bytes(), &core_now);
        self.core.break_flash(false);
        let story = format!("{} {power:?}: {fate:?}", command.to_json());
        let same = match fate {
            Fate::Executed => core_ffi::Outcome::Executed,
            Fate::Expired => core_ffi::Outcome::Expired,
            Fate::Repeated => core_ffi::Outcome::Repeated,
            Fate::Refused(_) => core_ffi::Outcome::Refused,
            Fate::PowerLost => panic!("the C has no such outcome"),
        };
        assert_eq!(outcome, same, "{story} after {:#?}", self.story);
        self.fates.push(fate);
        self.compare(&story);
        let cut = [Power::FailsBefore, Power::FailsWithin, Power::FailsAfter];
        if cut.contains(&power) {
            self.boot(None);
        }
        fate
    }

    /// Bytes that are no command.
    pub fn malformed(&mut self, payload: &[u8]) {
        let now = self.core_moment();
        self.device.malformed();
        let outcome = self.core.command(payload, &now);
        assert_eq!(outcome, core_ffi::Outcome::Malformed);
        self.compare("malformed");
    }

    /// The door moves.
    pub fn door(&mut self, door: Option<Door>) {
        let (now, core_now) = (self.moment(), self.core_moment());
        let open = door.map(|door| door == Door::Open);
        let moved = self.device.door(door, &now);
        assert_eq!(self.core.door(open, &core_now), moved, "{:#?}", self.story);
        self.compare(&format!("door {door:?}"));
    }

    /// Time is looked at.
    pub fn tick(&mut self) {
        let (now, core_now) = (self.moment(), self.core_moment());
        let moved = self.device.tick(&now);
        assert_eq!(self.core.tick(&core_now), moved, "{:#?}", self.story);
        self.compare(&format!("tick at {}", now.uptime_ms));
    }

    /// The flash is erased.
    pub fn erase(&mut self) {
        self.device.erase();
        self.core.erase();
        self.compare("erase");
    }

    /// What the transcription reports.
    pub fn report(&self) -> Report {
        self.device.report(&self.moment())
    }

    /// Latch and report are the same.
    fn compare(&mut self, story: &str) {
        self.story.push(story.to_owned());
        let text = self.core.report(&self.core_moment());
        let value: Value = serde_json::from_str(&text).expect("a report is JSON");
        let mut theirs = Report::parse(&value).expect("a report that the cloud takes");
        (theirs.firmware, theirs.rssi) = (None, None);
        // How exact its clock is, and what it is set to do, are not the transcription's to say.
        (theirs.clock_uncertainty_ms, theirs.settings) = (None, None);
        (theirs.relock_ms, theirs.pulse_ms) = (None, None);
        // The name of a report belongs to the exchange with the shadow, not to the lock.
        theirs.report_id = None;
        if let Some(refused) = &mut theirs.refused {
            refused.command_id = refused
                .command_id
                .take()
                .filter(|id| !id.as_str().is_empty());
        }
        assert_eq!(theirs, self.report(), "after {:#?}", self.story);
        let open = self.device.latch == Latch::Unlocked;
        assert_eq!(self.core.is_open(), open, "after {:#?}", self.story);
    }
}
