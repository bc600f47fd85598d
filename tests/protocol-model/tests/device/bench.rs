//! Runs a lock twice in lockstep: the firmware's C, and its transcription in Rust.
//!
//! Both get the same answers of the shadow and compute their bounds of the time from them. After
//! every step the bounds, the latch, the time of auto-relock and the report are compared.

use firmware_core::core_ffi::{self, CoreLock, PowerCut};
use lock_core::command::WireCommand;
use lock_core::report::{Door, Latch, Report, Settings as Stated};
use protocol_model::device::clock::{Clock, Sample};
use protocol_model::device::{CommandResult, Device, LockSettings, Moment, Power, RelockFrom};
use protocol_model::rule::Rules;
use serde_json::Value;

/// An update sent to the shadow.
#[derive(Debug, Clone, Copy)]
struct SentUpdate {
    sent_ms: u64,
    sent_wall_ms: u64,
}

/// Both locks, and the time they share.
pub struct Bench {
    core: CoreLock,
    device: Device,
    clock: Clock,
    wall_ms: u64,
    booted_at_ms: u64,
    /// Error of the uptime, in parts per million.
    drift_ppm: i64,
    updates: Vec<SentUpdate>,
    /// Whether every answer since power-on carried the true second.
    is_true: bool,
    /// Every event so far, for failure messages.
    pub story: Vec<String>,
    /// Results of commands and kinds of answers that occurred.
    pub seen: Vec<String>,
}

impl Bench {
    /// Both locks off, with blank flash.
    pub fn new(settings: LockSettings, wall_ms: u64, drift_ppm: i64) -> Self {
        let core = CoreLock::new(&core_ffi::Settings {
            power_on_unlocked: u32::from(settings.power_on == Latch::Unlocked),
            relock_ms: settings.relock_ms as u32,
            pulse_ms: settings.pulse_ms as u32,
            clock_tolerance_ms: settings.tolerance_ms as u32,
            settle_ms: settings.settle_ms as u32,
            relock_from_closing: u32::from(settings.relock_from == RelockFrom::Closing),
        });
        Self {
            core,
            device: Device::new(settings, [None, None]),
            clock: Clock::default(),
            wall_ms,
            booted_at_ms: wall_ms,
            drift_ppm,
            updates: Vec::new(),
            is_true: true,
            story: Vec::new(),
            seen: Vec::new(),
        }
    }

    /// The true time, in ms.
    pub fn wall_ms(&self) -> u64 {
        self.wall_ms
    }

    /// Time of power-on, in ms.
    pub fn booted_at_ms(&self) -> u64 {
        self.booted_at_ms
    }

    /// Lets time pass to this moment, in ms.
    pub fn pass_to(&mut self, wall_ms: u64) {
        self.wall_ms = wall_ms;
    }

    fn uptime_ms(&self, wall_ms: u64) -> u64 {
        let true_ms = wall_ms - self.booted_at_ms;
        true_ms.saturating_add_signed(true_ms as i64 * self.drift_ppm / 1_000_000)
    }

    fn moment(&self) -> Moment {
        let uptime_ms = self.uptime_ms(self.wall_ms);
        Moment {
            uptime_ms,
            time: self.clock.bounds(uptime_ms, Rules::ALL),
        }
    }

    /// Sends an update to the shadow.
    pub fn send(&mut self) {
        self.updates.push(SentUpdate {
            sent_ms: self.uptime_ms(self.wall_ms),
            sent_wall_ms: self.wall_ms,
        });
    }

    /// Delivers the answer to an update. The server wrote it after `share` thousandths of the round
    /// trip, with a clock that is `wrong_s` seconds ahead.
    pub fn answer(&mut self, which: usize, share: u64, wrong_s: i64) {
        let Some(last) = self.updates.len().checked_sub(1) else {
            return;
        };
        let update = self.updates.remove(which.min(last));
        let round_trip_ms = self.wall_ms - update.sent_wall_ms;
        let written_ms = update.sent_wall_ms + round_trip_ms * share / 1000;
        self.is_true &= wrong_s == 0;
        self.take(
            update.sent_ms,
            (written_ms / 1000).saturating_add_signed(wrong_s),
        );
    }

    /// Delivers an answer that took `took_ms` and was written at its arrival.
    pub fn sync(&mut self, took_ms: u64) {
        let sent_ms = self.uptime_ms(self.wall_ms - took_ms);
        self.take(sent_ms, self.wall_ms / 1000);
    }

    fn take(&mut self, sent_ms: u64, second: u64) {
        let sample = Sample {
            second,
            sent_ms,
            received_ms: self.uptime_ms(self.wall_ms),
        };
        let before = self.clock;
        let is_first = self.clock.take(sample, Rules::ALL);
        let theirs = self.core.answer(second, sent_ms, sample.received_ms);
        let story = format!("answer {sample:?}, the first {is_first}");
        assert_eq!(theirs, is_first, "{story} after {:#?}", self.story);
        let kind = match (self.clock == before, is_first) {
            (true, _) => "no sample",
            (false, true) => "first sample",
            (false, false) => "narrower sample",
        };
        self.seen.push(kind.to_owned());
        self.compare(&story);
    }

    /// Powers both on; `unreadable` is a slot of flash.
    pub fn boot(&mut self, unreadable: Option<usize>) {
        self.booted_at_ms = self.wall_ms;
        self.clock = Clock::default();
        self.updates.clear();
        self.is_true = true;
        let now = self.moment();
        self.device.boot(&now, unreadable, Rules::ALL);
        self.core.boot(unreadable);
        self.compare(&format!("boot, unreadable {unreadable:?}"));
    }

    /// Delivers a command, to the C as bytes.
    pub fn command(&mut self, command: &WireCommand, power: Power) -> CommandResult {
        let now = self.moment();
        self.core.break_flash(power == Power::Broken);
        match power {
            Power::FailsBefore => self.core.fail_power(PowerCut::Before),
            Power::FailsWithin => self.core.fail_power(PowerCut::Within),
            Power::FailsAfter => self.core.fail_power(PowerCut::After),
            Power::Holds | Power::Broken | Power::FailsBetween => {}
        }
        let result = self.device.command(command, &now, power, Rules::ALL);
        let outcome = self
            .core
            .command(command.to_json().as_bytes(), now.uptime_ms);
        self.core.break_flash(false);
        let story = format!("{} {power:?}: {result:?}", command.to_json());
        let same = match result {
            CommandResult::Executed => core_ffi::Outcome::Executed,
            CommandResult::Expired => core_ffi::Outcome::Expired,
            CommandResult::Repeated => core_ffi::Outcome::Repeated,
            CommandResult::Refused(_) => core_ffi::Outcome::Refused,
            CommandResult::PowerLost => panic!("the C has no such outcome"),
        };
        assert_eq!(outcome, same, "{story} after {:#?}", self.story);
        self.seen.push(format!("{result:?}"));
        self.compare(&story);
        let cut = [Power::FailsBefore, Power::FailsWithin, Power::FailsAfter];
        if cut.contains(&power) {
            self.boot(None);
        }
        result
    }

    /// Delivers bytes that are not a command.
    pub fn malformed(&mut self, payload: &[u8]) {
        let uptime_ms = self.moment().uptime_ms;
        self.device.malformed();
        let outcome = self.core.command(payload, uptime_ms);
        assert_eq!(outcome, core_ffi::Outcome::Malformed);
        self.compare("malformed");
    }

    /// Opens or closes the door.
    pub fn door(&mut self, door: Option<Door>) {
        let now = self.moment();
        let open = door.map(|door| door == Door::Open);
        let moved = self.device.door(door, &now);
        assert_eq!(
            self.core.door(open, now.uptime_ms),
            moved,
            "{:#?}",
            self.story
        );
        self.seen.extend(moved.then(|| "moved by door".to_owned()));
        self.compare(&format!("door {door:?}"));
    }

    /// Presses the exit button.
    pub fn exit(&mut self) {
        let now = self.moment();
        let moved = self.device.exit(&now, Rules::ALL);
        assert_eq!(self.core.exit(now.uptime_ms), moved, "{:#?}", self.story);
        self.seen.push(format!("exit moved {moved}"));
        self.compare(&format!("exit at {}", now.uptime_ms));
    }

    /// Lets both check their timers.
    pub fn tick(&mut self) {
        let now = self.moment();
        let moved = self.device.tick(&now);
        assert_eq!(self.core.tick(now.uptime_ms), moved, "{:#?}", self.story);
        self.seen.extend(moved.then(|| "moved by tick".to_owned()));
        self.compare(&format!("tick at {}", now.uptime_ms));
    }

    /// Erases both flashes.
    pub fn erase(&mut self) {
        self.device.erase();
        self.core.erase();
        self.compare("erase");
    }

    /// The transcription's report.
    pub fn report(&self) -> Report {
        self.device.report(&self.moment())
    }

    /// Compares bounds, latch and report. Without a wrong answer the bounds hold the true time.
    fn compare(&mut self, story: &str) {
        self.story.push(story.to_owned());
        let now = self.moment();
        let bounds = self.core.bounds(now.uptime_ms);
        let theirs = bounds.map(|bounds| (bounds.earliest_ms, bounds.latest_ms));
        let ours = now.time.map(|time| (time.earliest_ms, time.latest_ms));
        assert_eq!(theirs, ours, "after {:#?}", self.story);
        let holds = |(earliest, latest): (u64, u64)| (earliest..=latest).contains(&self.wall_ms);
        let is_within = !self.is_true || ours.is_none_or(holds);
        assert!(
            is_within,
            "{} outside {ours:?} after {:#?}",
            self.wall_ms, self.story
        );
        let open = self.device.latch == Latch::Unlocked;
        assert_eq!(self.core.is_open(), open, "after {:#?}", self.story);
        let due_ms = self.device.relock_at_ms();
        assert_eq!(self.core.due_ms(), due_ms, "after {:#?}", self.story);
        let theirs = self.core_report(now.uptime_ms);
        assert_eq!(theirs, self.report(), "after {:#?}", self.story);
    }

    /// The C's report, without the fields that the transcription does not have.
    fn core_report(&self, uptime_ms: u64) -> Report {
        let text = self.core.report(uptime_ms);
        let value: Value = serde_json::from_str(&text).expect("a report is JSON");
        let mut report = Report::parse(&value).expect("the cloud accepts the report");
        // Firmware and signal strength belong to the board; the settings were chosen before
        // power-on (D8).
        (report.firmware, report.rssi) = (None, None);
        assert_eq!(report.settings.take(), Some(Stated::Stated));
        // The name of a report belongs to the exchange with the shadow.
        report.report_id = None;
        if let Some(refused) = &mut report.refused {
            let id = refused.command_id.take();
            refused.command_id = id.filter(|id| !id.as_str().is_empty());
        }
        report
    }
}
