//! The border to the portable core: one lock with its clock, its flash, its latch and its power switch.
#![allow(unsafe_code, reason = "this module is the border to C")]

use std::ffi::{c_char, c_int, c_long};
use std::ptr::NonNull;

/// What the time may be. *Units*: ms since 1970.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// The earliest.
    pub earliest_ms: u64,
    /// The latest.
    pub latest_ms: u64,
}

/// How the lock is declared to behave.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Not 0: unlocked after power-on.
    pub power_on_unlocked: u32,
    /// Auto-relock; 0 is off. *Units*: ms.
    pub relock_ms: u32,
    /// Length of a pulse; 0 is none. *Units*: ms.
    pub pulse_ms: u32,
    /// How far the clock of the cloud may run ahead. *Units*: ms.
    pub clock_tolerance_ms: u32,
    /// The door rests closed for this long before auto-relock. *Units*: ms.
    pub settle_ms: u32,
    /// Not 0: auto-relock counts from the closing of the door.
    pub relock_from_closing: u32,
}

/// When power fails at a save of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerCut {
    /// Before its first byte.
    Before = 0,
    /// Within it.
    Within = 1,
    /// When all is written, and nothing was read back.
    After = 2,
}

/// What became of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The latch was moved.
    Executed,
    /// Newer, and too late.
    Expired,
    /// Journalled already.
    Repeated,
    /// Refused; the report says why.
    Refused,
    /// Not a command.
    Malformed,
}

/// `struct harness`
#[repr(C)]
struct Harness {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn harness_new(settings: *const Settings) -> *mut Harness;
    fn harness_free(harness: *mut Harness);
    fn harness_boot(harness: *mut Harness, unreadable_slot: c_int) -> c_int;
    fn harness_answer(harness: *mut Harness, second: u64, sent_ms: u64, uptime_ms: u64) -> c_int;
    fn harness_bounds(harness: *const Harness, uptime_ms: u64, bounds: *mut Bounds) -> c_int;
    fn harness_command(
        harness: *mut Harness,
        payload: *const c_char,
        length: usize,
        uptime_ms: u64,
    ) -> c_int;
    fn harness_door(harness: *mut Harness, door: c_int, uptime_ms: u64) -> c_int;
    fn harness_exit(harness: *mut Harness, uptime_ms: u64) -> c_int;
    fn harness_tick(harness: *mut Harness, uptime_ms: u64) -> c_int;
    fn harness_due(harness: *const Harness) -> u64;
    fn harness_report(
        harness: *const Harness,
        uptime_ms: u64,
        out: *mut c_char,
        size: usize,
    ) -> c_long;
    fn harness_latch(harness: *const Harness) -> c_int;
    fn harness_moves(harness: *const Harness) -> u32;
    fn harness_erase(harness: *mut Harness);
    fn harness_break_flash(harness: *mut Harness, broken: c_int);
    fn harness_fail_power(harness: *mut Harness, when: c_int);
}

/// One lock of the portable core.
#[derive(Debug)]
pub struct CoreLock(NonNull<Harness>);

/// Longest report: `REPORT_BYTES_MAX`.
const REPORT_BYTES_MAX: usize = 640;

// SAFETY, for every call below: the pointer came from `harness_new`, is freed only in `drop`, and is used by one thread at
// a time, as methods that change something borrow the lock mutably; what is passed besides outlives the call, and C keeps
// none of it.
impl CoreLock {
    /// A lock that was never powered, with blank flash.
    pub fn new(settings: &Settings) -> CoreLock {
        let harness = unsafe { harness_new(settings) };
        CoreLock(NonNull::new(harness).expect("memory for one lock"))
    }

    /// Power-on, at uptime 0; whether the journal could be read. `unreadable_slot` is 0 or 1.
    pub fn boot(&mut self, unreadable_slot: Option<usize>) -> bool {
        let slot = unreadable_slot.map_or(-1, |slot| slot as c_int);
        unsafe { harness_boot(self.0.as_ptr(), slot) == 0 }
    }

    /// The answer to an update that was sent at `sent_ms` arrives, with the server's second. Whether the time is known now
    /// and was not before.
    pub fn answer(&mut self, second: u64, sent_ms: u64, uptime_ms: u64) -> bool {
        unsafe { harness_answer(self.0.as_ptr(), second, sent_ms, uptime_ms) == 1 }
    }

    /// What the time may be, where it is known.
    pub fn bounds(&self, uptime_ms: u64) -> Option<Bounds> {
        let mut bounds = Bounds::default();
        let known = unsafe { harness_bounds(self.0.as_ptr(), uptime_ms, &mut bounds) == 1 };
        known.then_some(bounds)
    }

    /// A payload arrives.
    pub fn command(&mut self, payload: &[u8], uptime_ms: u64) -> Outcome {
        let (data, length) = (payload.as_ptr().cast(), payload.len());
        match unsafe { harness_command(self.0.as_ptr(), data, length, uptime_ms) } {
            0 => Outcome::Executed,
            1 => Outcome::Expired,
            2 => Outcome::Repeated,
            3 => Outcome::Refused,
            _ => Outcome::Malformed,
        }
    }

    /// The door moved: `None` without a sensor, else whether it is open. Whether the latch moved.
    pub fn door(&mut self, open: Option<bool>, uptime_ms: u64) -> bool {
        let door = match open {
            None => 0,
            Some(true) => 1,
            Some(false) => 2,
        };
        unsafe { harness_door(self.0.as_ptr(), door, uptime_ms) == 1 }
    }

    /// A hand at the exit. Whether it unlocked.
    pub fn exit(&mut self, uptime_ms: u64) -> bool {
        unsafe { harness_exit(self.0.as_ptr(), uptime_ms) == 1 }
    }

    /// Uptime at which [`CoreLock::tick`] has something to do.
    pub fn due_ms(&self) -> Option<u64> {
        let due_ms = unsafe { harness_due(self.0.as_ptr()) };
        (due_ms != 0).then_some(due_ms)
    }

    /// Time passes. Whether the latch moved.
    pub fn tick(&mut self, uptime_ms: u64) -> bool {
        unsafe { harness_tick(self.0.as_ptr(), uptime_ms) == 1 }
    }

    /// The report, as JSON.
    pub fn report(&self, uptime_ms: u64) -> String {
        let mut text = vec![0_u8; REPORT_BYTES_MAX];
        let (out, size) = (text.as_mut_ptr().cast(), text.len());
        let length = unsafe { harness_report(self.0.as_ptr(), uptime_ms, out, size) };
        text.truncate(usize::try_from(length).expect("REPORT_BYTES_MAX always suffices"));
        String::from_utf8(text).expect("reports are ASCII")
    }

    /// Whether the latch was last moved to unlocked.
    pub fn is_open(&self) -> bool {
        unsafe { harness_latch(self.0.as_ptr()) == 1 }
    }

    /// How often the latch was told to move, in the life of this value.
    pub fn moves(&self) -> u32 {
        unsafe { harness_moves(self.0.as_ptr()) }
    }

    /// The flash is erased under the running lock.
    pub fn erase(&mut self) {
        unsafe { harness_erase(self.0.as_ptr()) }
    }

    /// Writes fail from now on, or work again.
    pub fn break_flash(&mut self, broken: bool) {
        unsafe { harness_break_flash(self.0.as_ptr(), c_int::from(broken)) }
    }

    /// Power fails at the next save of the journal, and is back at the next boot.
    pub fn fail_power(&mut self, when: PowerCut) {
        unsafe { harness_fail_power(self.0.as_ptr(), when as c_int) }
    }
}

impl Drop for CoreLock {
    fn drop(&mut self) {
        // SAFETY: nobody uses it any more.
        unsafe { harness_free(self.0.as_ptr()) }
    }
}
