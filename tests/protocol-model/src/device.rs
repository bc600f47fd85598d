//! The device rules D1 to D5 and D9, transcribed from the firmware's C as a pure state machine.
//!
//! `tests/device.rs` holds it to that C by shared vectors and by running both on random events.

pub mod clock;
pub mod exchange;
mod part;
mod relock;

use lock_core::action::Action;
use lock_core::command::{Version, WireCommand};
use lock_core::id::CommandId;
use lock_core::report::{Clock, Door, Latch, Outcome, RefusedCommand, Report, Source};

use crate::rule::{Rule, Rules};

use clock::DRIFT_PPM;
pub use part::{
    CommandResult, Flash, JournalEntry, LockSettings, Moment, Power, RelockFrom, TimeBounds,
};
use relock::Relock;

/// How far a version may be ahead of the device's clock (D1), in ms.
const VERSION_AHEAD_MAX_MS: u64 = 24 * 60 * 60 * 1000;

/// The journal in flash, as the running device knows it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Journal {
    entry: Option<JournalEntry>,
    /// Generation and slot of the newest entry.
    newest: Option<(u32, usize)>,
    /// Whether unlocks may rely on it.
    trusted: bool,
    /// Whether it is unknown what was executed before this power-on (D1).
    lost: bool,
}

/// A lock device, flash included.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Device {
    settings: LockSettings,
    flash: Flash,
    journal: Journal,
    /// Largest version acted on since boot or in flash.
    floor: u64,
    relock: Relock,
    /// State of the latch.
    pub latch: Latch,
    source: Source,
    door: Option<Door>,
    refused: Option<Refusal>,
    boots: u64,
}

/// A refusal to report: the command's id, if known, and the reason.
type Refusal = (Option<CommandId>, &'static str);

impl Device {
    /// A device with this flash, not yet powered on.
    pub fn new(settings: LockSettings, flash: Flash) -> Self {
        Self {
            settings,
            flash,
            journal: Journal {
                entry: None,
                newest: None,
                trusted: false,
                lost: true,
            },
            floor: 0,
            relock: Relock::default(),
            latch: settings.power_on,
            source: Source::Boot,
            door: None,
            refused: None,
            boots: 0,
        }
    }

    /// Powers on: the latch takes its declared state (D4); the journal is read (D1) but for
    /// `unreadable`.
    pub fn boot(&mut self, now: &Moment, unreadable: Option<usize>, rules: Rules) {
        let boots = self.boots + 1;
        *self = Self {
            boots,
            ..Self::new(self.settings, std::mem::take(&mut self.flash))
        };
        let mut power_on = self.settings.power_on;
        for (slot, kept) in self.flash.iter().enumerate() {
            let Some((generation, entry)) = kept.as_ref().filter(|_| unreadable != Some(slot))
            else {
                continue;
            };
            if self
                .journal
                .newest
                .is_none_or(|(last, _)| *generation > last)
            {
                self.journal.newest = Some((*generation, slot));
                self.journal.entry = Some(entry.clone());
            }
        }
        if rules.without(Rule::D1RamOnly) {
            self.journal.entry = None;
        }
        let blank = self.journal.entry.is_none() || unreadable.is_some();
        let after_loss = self.journal.entry.as_ref().is_some_and(|e| e.after_loss);
        let heedless = rules.without(Rule::D1RamOnly) || rules.without(Rule::D1ErasedFlashActs);
        self.journal.trusted = !blank || heedless;
        self.journal.lost = (blank || after_loss) && !heedless;
        self.floor = self.journal.entry.as_ref().map_or(0, |entry| entry.version);
        if rules.without(Rule::D4LastState) && self.journal_says_open() {
            power_on = Latch::Unlocked;
        }
        self.move_latch(power_on, Source::Boot, now);
    }

    /// The flash, from which another device can be made.
    pub fn flash(&self) -> &Flash {
        &self.flash
    }

    /// Erases the flash; the running device does not notice.
    pub fn erase(&mut self) {
        self.flash = [None, None];
    }

    /// Number of times it was powered on.
    pub fn boots(&self) -> u64 {
        self.boots
    }

    /// Drops the older slot and restarts the generations, so that equivalent states compare equal.
    pub fn forget_history(&mut self) {
        if let Some((_, slot)) = self.journal.newest {
            let newest = self.flash[slot].take().map(|(_, entry)| (1, entry));
            self.flash = [newest, None];
            self.journal.newest = self.flash[0].as_ref().map(|_| (1, 0));
        }
    }

    fn journal_says_open(&self) -> bool {
        self.journal.entry.as_ref().is_some_and(|entry| {
            entry.action == Action::Unlock && entry.result == Outcome::Executed
        })
    }

    fn refuse(&mut self, reason: &'static str, id: Option<&CommandId>) -> CommandResult {
        self.refused = Some((id.cloned(), reason));
        CommandResult::Refused(reason)
    }

    /// Writes the journal. Returns whether it was written, as far as the device can tell.
    fn write(
        &mut self,
        command: &WireCommand,
        result: Outcome,
        now: &Moment,
        with: (Power, Rules),
    ) -> bool {
        let (power, rules) = with;
        let (generation, slot) = match self.journal.newest {
            Some((generation, slot)) => (generation + 1, 1 - slot),
            None => (1, 0),
        };
        let entry = JournalEntry {
            version: command.version.0,
            action: command.action,
            id: command.command_id.clone(),
            result,
            after_loss: self.journal.lost
                && !self.issued_since_power_on(command, now)
                && !rules.without(Rule::D1LossForgotten),
        };
        match power {
            Power::FailsBefore => return false,
            Power::Broken | Power::FailsWithin => {
                self.flash[slot] = None;
                return false;
            }
            Power::FailsAfter => {
                self.flash[slot] = Some((generation, entry));
                return false;
            }
            Power::Holds | Power::FailsBetween => {}
        }
        self.flash[slot] = Some((generation, entry.clone()));
        if self.journal.newest.is_none() {
            // A slot that was unreadable at power-on must not win over this entry later.
            self.flash[1 - slot] = None;
        }
        self.journal.newest = Some((generation, slot));
        self.journal.lost &= entry.after_loss || rules.without(Rule::D1LossForgotten);
        self.journal.entry = Some(entry);
        self.journal.trusted |= command.action == Action::Lock;
        self.floor = command.version.0;
        self.refused = None;
        true
    }

    /// Handles a command that passed the parser (D1 to D3).
    pub fn command(
        &mut self,
        command: &WireCommand,
        now: &Moment,
        power: Power,
        rules: Rules,
    ) -> CommandResult {
        let id = Some(&command.command_id);
        let version = command.version.0;
        if version < self.floor && !rules.without(Rule::D1OlderActs) {
            return self.refuse("superseded", id);
        }
        let same = self
            .journal
            .entry
            .as_ref()
            .filter(|entry| self.journal.trusted && entry.version == version);
        if let Some(entry) = same
            && !rules.without(Rule::D1EqualActs)
        {
            if entry.id != command.command_id {
                return self.refuse("conflict", id);
            }
            return CommandResult::Repeated;
        }
        let ahead = |time: TimeBounds| version > time.latest_ms + VERSION_AHEAD_MAX_MS;
        if now.time.is_some_and(ahead) && !rules.without(Rule::D1AnyVersion) {
            return self.refuse("implausible", id);
        }
        match command.action {
            Action::Lock => self.lock(command, now, power, rules),
            Action::Unlock => self.unlock(command, now, power, rules),
        }
    }

    /// Whether a command was certainly issued after power-on.
    fn issued_since_power_on(&self, command: &WireCommand, now: &Moment) -> bool {
        let Some(time) = now.time else { return false };
        let drift_ms = (now.uptime_ms * DRIFT_PPM).div_ceil(1_000_000);
        let powered_ms = (time.latest_ms + drift_ms).saturating_sub(now.uptime_ms);
        life_ms(command).0 > powered_ms + self.settings.tolerance_ms
    }

    fn lock(
        &mut self,
        command: &WireCommand,
        now: &Moment,
        power: Power,
        rules: Rules,
    ) -> CommandResult {
        let written = self.write(command, Outcome::Executed, now, (power, rules));
        if power == Power::FailsBetween {
            return CommandResult::PowerLost;
        }
        self.move_latch(Latch::Locked, Source::Remote, now);
        if !written {
            // Executed but not journalled: an older command must not act after it.
            self.floor = command.version.0;
            return self.refuse("journal", Some(&command.command_id));
        }
        CommandResult::Executed
    }

    fn unlock(
        &mut self,
        command: &WireCommand,
        now: &Moment,
        power: Power,
        rules: Rules,
    ) -> CommandResult {
        let id = Some(&command.command_id);
        if !self.journal.trusted {
            return self.refuse("journal", id);
        }
        if command.version.0 == self.floor && !rules.without(Rule::D1EqualActs) {
            // That version belongs to a lock command that could not be journalled.
            return self.refuse("conflict", id);
        }
        let (issued_ms, expires_ms) = life_ms(command);
        let tolerance_ms = self.settings.tolerance_ms;
        let time = now
            .time
            .filter(|time| issued_ms <= time.latest_ms + tolerance_ms);
        if time.is_none() && !rules.without(Rule::D3AnyClock) {
            return self.refuse("clock", id);
        }
        let maybe_executed = self.journal.lost && !self.issued_since_power_on(command, now);
        if maybe_executed && !rules.without(Rule::D1LostJournal) {
            return self.refuse("journal", id);
        }
        let judged_ms = |time: TimeBounds| {
            if rules.without(Rule::D3EarliestTime) {
                time.earliest_ms
            } else {
                time.latest_ms
            }
        };
        let late = time.is_some_and(|time| judged_ms(time) > expires_ms);
        if late && !rules.without(Rule::D2LateActs) {
            let written = self.write(command, Outcome::Expired, now, (power, rules));
            if power == Power::FailsBetween {
                return CommandResult::PowerLost;
            }
            self.move_latch(Latch::Locked, Source::Remote, now);
            return if written {
                CommandResult::Expired
            } else {
                self.refuse("journal", id)
            };
        }
        if rules.without(Rule::D1FlashAfter) {
            self.move_latch(Latch::Unlocked, Source::Remote, now);
            if power == Power::FailsBetween {
                return CommandResult::PowerLost;
            }
        }
        if !self.write(command, Outcome::Executed, now, (power, rules)) {
            return self.refuse("journal", id);
        }
        if power == Power::FailsBetween {
            return CommandResult::PowerLost;
        }
        self.move_latch(Latch::Unlocked, Source::Remote, now);
        CommandResult::Executed
    }

    /// Handles a payload that is not a command (D6).
    pub fn malformed(&mut self) -> CommandResult {
        self.refuse("malformed", None)
    }

    /// The reason of the last refusal, unless a command was accepted since.
    pub fn refusal(&self) -> Option<&'static str> {
        self.refused.as_ref().map(|(_, reason)| *reason)
    }

    /// The report at `now` (D4).
    pub fn report(&self, now: &Moment) -> Report {
        let entry = self.journal.entry.as_ref();
        Report {
            lock: self.latch,
            version: Version(entry.map_or(0, |entry| entry.version)),
            command_id: entry.map(|entry| entry.id.clone()),
            result: entry.map_or(Outcome::None, |entry| entry.result),
            source: self.source,
            refused: self.refused.as_ref().map(|(id, reason)| RefusedCommand {
                command_id: id.clone(),
                reason: (*reason).to_owned(),
            }),
            boot_count: self.boots,
            clock: match now.time {
                Some(_) => Clock::Synced,
                None => Clock::Unsynced,
            },
            clock_uncertainty_ms: now.time.map(|time| time.width_ms()),
            firmware: None,
            rssi: None,
            door: self.door,
            settings: None,
            relock_ms: Some(self.settings.relock_ms),
            pulse_ms: Some(self.settings.pulse_ms),
            report_id: None,
        }
    }
}

/// When a command was issued and when it expires, in ms since 1970.
fn life_ms(command: &WireCommand) -> (u64, u64) {
    let expires_s = command.expires_at.map_or(0, |at| at.0);
    let ms = |seconds: u64| seconds.saturating_mul(1000);
    (ms(command.issued_at.0), ms(expires_s))
}
