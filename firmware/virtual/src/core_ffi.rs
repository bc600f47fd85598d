//! The boundary to the portable core: one lock with its clock, flash, latch and power switch.
#![allow(unsafe_code, reason = "this module is the boundary to C")]

use std::ffi::{c_char, c_int, c_long};
use std::ptr::NonNull;

/// Bounds of the true time, in milliseconds since 1970.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Bounds {
    /// The earliest possible time.
    pub earliest_ms: u64,
    /// The latest possible time.
    pub latest_ms: u64,
}

/// Declared behaviour of the lock.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Whether the lock is unlocked after power-on (not 0).
    pub power_on_unlocked: u32,
    /// Delay of auto-relock in milliseconds; 0 is off.
    pub relock_ms: u32,
    /// Length of a pulse in milliseconds; 0 is none.
    pub pulse_ms: u32,
    /// Largest error of the cloud's clock, in milliseconds.
    pub clock_tolerance_ms: u32,
    /// How long the door must be closed before auto-relock, in milliseconds.
    pub settle_ms: u32,
    /// Whether auto-relock counts from the closing of the door (not 0).
    pub relock_from_closing: u32,
}

/// When the power fails during a save of the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PowerCut {
    /// Before the first byte is written.
    Before = 0,
    /// In the middle of the bytes.
    Within = 1,
    /// After the last byte, before it is read back.
    After = 2,
}

/// Result of a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The latch was moved.
    Executed,
    /// It was newer, but too late.
    Expired,
    /// It is in the journal already.
    Repeated,
    /// It was refused; the report says why.
    Refused,
    /// The payload is not a command.
    Malformed,
}

impl Outcome {
    /// The outcome for C's code: `enum outcome`, or negative for what is not a command.
    pub(crate) fn of(code: c_int) -> Self {
        match code {
            0 => Self::Executed,
            1 => Self::Expired,
            2 => Self::Repeated,
            3 => Self::Refused,
            _ => Self::Malformed,
        }
    }
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

/// A lock of the portable core. All times are uptimes in milliseconds unless noted otherwise.
#[derive(Debug)]
pub struct CoreLock(NonNull<Harness>);

/// `REPORT_BYTES_MAX` of report.h.
const REPORT_BYTES_MAX: usize = 640;

// SAFETY, for every call below: the pointer came from `harness_new`, is freed only in `drop`, and
// is used by one thread at a time, because methods that change the lock borrow it mutably; the
// other arguments outlive the call, and C keeps none of them.
impl CoreLock {
    /// A lock that was never powered, with blank flash.
    ///
    /// # Panics
    /// There is no memory.
    pub fn new(settings: &Settings) -> Self {
        let harness = unsafe { harness_new(settings) };
        Self(NonNull::new(harness).expect("memory for one lock"))
    }

    /// Powers it on, at uptime 0. Returns whether the journal could be read; reads of slot 0 or 1
    /// can be made to fail.
    pub fn boot(&mut self, unreadable_slot: Option<usize>) -> bool {
        let slot = unreadable_slot.map_or(-1, |slot| slot as c_int);
        unsafe { harness_boot(self.0.as_ptr(), slot) == 0 }
    }

    /// Receives the answer to an update that was sent at `sent_ms`, with the server's time in
    /// seconds since 1970. Returns whether that made the time known.
    pub fn answer(&mut self, second: u64, sent_ms: u64, uptime_ms: u64) -> bool {
        unsafe { harness_answer(self.0.as_ptr(), second, sent_ms, uptime_ms) == 1 }
    }

    /// Bounds of the true time; `None` while it is unknown.
    pub fn bounds(&self, uptime_ms: u64) -> Option<Bounds> {
        let mut bounds = Bounds::default();
        let known = unsafe { harness_bounds(self.0.as_ptr(), uptime_ms, &mut bounds) == 1 };
        known.then_some(bounds)
    }

    /// Receives a payload on the topic of the commands.
    pub fn command(&mut self, payload: &[u8], uptime_ms: u64) -> Outcome {
        let (data, length) = (payload.as_ptr().cast(), payload.len());
        Outcome::of(unsafe { harness_command(self.0.as_ptr(), data, length, uptime_ms) })
    }

    /// Reports whether the door is open; `None` without a sensor. Returns whether the latch moved.
    pub fn door(&mut self, open: Option<bool>, uptime_ms: u64) -> bool {
        let door = match open {
            None => 0,
            Some(true) => 1,
            Some(false) => 2,
        };
        unsafe { harness_door(self.0.as_ptr(), door, uptime_ms) == 1 }
    }

    /// Presses the exit button. Returns whether that unlocked.
    pub fn exit(&mut self, uptime_ms: u64) -> bool {
        unsafe { harness_exit(self.0.as_ptr(), uptime_ms) == 1 }
    }

    /// Uptime at which [`CoreLock::tick`] has something to do, if any.
    pub fn due_ms(&self) -> Option<u64> {
        let due_ms = unsafe { harness_due(self.0.as_ptr()) };
        (due_ms != 0).then_some(due_ms)
    }

    /// Lets time pass. Returns whether the latch moved.
    pub fn tick(&mut self, uptime_ms: u64) -> bool {
        unsafe { harness_tick(self.0.as_ptr(), uptime_ms) == 1 }
    }

    /// The report as JSON.
    ///
    /// # Panics
    /// The report is too long or not ASCII.
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

    /// How often the latch was moved since this value was created.
    pub fn moves(&self) -> u32 {
        unsafe { harness_moves(self.0.as_ptr()) }
    }

    /// Erases the flash while the lock runs.
    pub fn erase(&mut self) {
        unsafe { harness_erase(self.0.as_ptr()) }
    }

    /// Makes writes fail, or succeed again.
    pub fn break_flash(&mut self, broken: bool) {
        unsafe { harness_break_flash(self.0.as_ptr(), c_int::from(broken)) }
    }

    /// Makes the power fail at the next save of the journal, until the next boot.
    pub fn fail_power(&mut self, when: PowerCut) {
        unsafe { harness_fail_power(self.0.as_ptr(), when as c_int) }
    }
}

impl Drop for CoreLock {
    fn drop(&mut self) {
        // SAFETY: as above; it is not used any more.
        unsafe { harness_free(self.0.as_ptr()) }
    }
}
