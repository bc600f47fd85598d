//! The boundary to a lock of the portable core that exchanges reports with its shadow.
//!
//! Must not know: the network.
#![allow(unsafe_code, reason = "this module is the boundary to C")]

use std::ffi::{CStr, c_char, c_int, c_long};
use std::ptr::NonNull;

use crate::core_ffi::Outcome;

/// `struct online`
#[repr(C)]
struct Online {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn online_new(relock_ms: u32, report_interval_ms: u32) -> *mut Online;
    fn online_free(online: *mut Online);
    fn online_boot(online: *mut Online);
    fn online_set_connected(online: *mut Online, connected: c_int);
    fn online_command(
        online: *mut Online,
        payload: *const c_char,
        length: usize,
        uptime_ms: u64,
    ) -> c_int;
    fn online_answer(
        online: *mut Online,
        topic: c_int,
        payload: *const c_char,
        length: usize,
        uptime_ms: u64,
    ) -> c_int;
    fn online_tick(online: *mut Online, uptime_ms: u64) -> c_int;
    fn online_update(
        online: *mut Online,
        uptime_ms: u64,
        random: u32,
        out: *mut c_char,
        size: usize,
    ) -> c_long;
    fn online_due(online: *const Online) -> u64;
    fn online_latch(online: *const Online) -> c_int;
    fn online_has_time(online: *const Online, uptime_ms: u64) -> c_int;
    fn online_moves(online: *const Online) -> u32;
    fn online_suffix(topic: c_int) -> *const c_char;
}

/// `REPORT_UPDATE_BYTES_MAX` of report.h.
const UPDATE_BYTES_MAX: usize = 640 + 64;

/// The topics of a shadow's answers to which a lock listens: what follows the thing's name, in the
/// order of `enum shadow_topic`.
pub fn answer_suffixes() -> Vec<String> {
    (0..)
        // SAFETY: C returns NULL after the last topic, and otherwise a text that is never freed.
        .map_while(|topic| unsafe {
            let suffix = online_suffix(topic);
            (!suffix.is_null()).then(|| CStr::from_ptr(suffix).to_string_lossy().into_owned())
        })
        .collect()
}

/// An installed lock of the portable core: journal, clock, latch and reporter. All times are
/// uptimes in milliseconds.
#[derive(Debug)]
pub struct OnlineLock(NonNull<Online>);

// SAFETY: C keeps all state of a lock in its own memory, and no thread-local or global state.
unsafe impl Send for OnlineLock {}

// SAFETY, for every call below: the pointer came from `online_new`, is freed only in `drop`, and is
// used by one thread at a time, because methods that change the lock borrow it mutably; the other
// arguments outlive the call, and C keeps none of them.
impl OnlineLock {
    /// A lock that was never powered, with the flash of an installed board.
    ///
    /// # Panics
    /// There is no memory.
    pub fn new(relock_ms: u32, report_interval_ms: u32) -> Self {
        let online = unsafe { online_new(relock_ms, report_interval_ms) };
        Self(NonNull::new(online).expect("memory for one lock"))
    }

    /// Powers it on, at uptime 0. Only its flash is kept from before.
    pub fn boot(&mut self) {
        unsafe { online_boot(self.0.as_ptr()) }
    }

    /// The connection opened, with every subscription granted, or closed.
    pub fn set_connected(&mut self, connected: bool) {
        unsafe { online_set_connected(self.0.as_ptr(), c_int::from(connected)) }
    }

    /// Receives a payload on the topic of its commands.
    pub fn command(&mut self, payload: &[u8], uptime_ms: u64) -> Outcome {
        let (data, length) = (payload.as_ptr().cast(), payload.len());
        Outcome::of(unsafe { online_command(self.0.as_ptr(), data, length, uptime_ms) })
    }

    /// Receives a payload on the topic `topic` of [`answer_suffixes`].
    pub fn answer(&mut self, topic: usize, payload: &[u8], uptime_ms: u64) {
        let (data, length) = (payload.as_ptr().cast(), payload.len());
        unsafe { online_answer(self.0.as_ptr(), topic as c_int, data, length, uptime_ms) };
    }

    /// Lets time pass. Returns whether the latch moved: auto-relock.
    pub fn tick(&mut self, uptime_ms: u64) -> bool {
        unsafe { online_tick(self.0.as_ptr(), uptime_ms) == 1 }
    }

    /// The update of its shadow that is due, if any; it then counts as sent. `random` is any
    /// number.
    ///
    /// # Panics
    /// The update is longer than C promises.
    pub fn update(&mut self, uptime_ms: u64, random: u32) -> Option<Vec<u8>> {
        let mut text = vec![0_u8; UPDATE_BYTES_MAX];
        let (out, size) = (text.as_mut_ptr().cast(), text.len());
        let length = unsafe { online_update(self.0.as_ptr(), uptime_ms, random, out, size) };
        text.truncate(usize::try_from(length).expect("UPDATE_BYTES_MAX always suffices"));
        (!text.is_empty()).then_some(text)
    }

    /// Uptime at which [`OnlineLock::tick`] or [`OnlineLock::update`] has something to do next.
    pub fn due_ms(&self) -> Option<u64> {
        let due_ms = unsafe { online_due(self.0.as_ptr()) };
        (due_ms != 0).then_some(due_ms)
    }

    /// Whether the latch was last moved to unlocked.
    pub fn is_open(&self) -> bool {
        unsafe { online_latch(self.0.as_ptr()) == 1 }
    }

    /// Whether it knows the time.
    pub fn has_time(&self, uptime_ms: u64) -> bool {
        unsafe { online_has_time(self.0.as_ptr(), uptime_ms) == 1 }
    }

    /// How often the latch was moved since this value was created.
    pub fn moves(&self) -> u32 {
        unsafe { online_moves(self.0.as_ptr()) }
    }
}

impl Drop for OnlineLock {
    fn drop(&mut self) {
        // SAFETY: as above; it is not used any more.
        unsafe { online_free(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_763_779_512;

    /// The answer of the shadow to an update, as AWS IoT writes it.
    fn accept(update: &[u8], version: u64, second: u64) -> Vec<u8> {
        let update = String::from_utf8_lossy(update);
        let body = update.strip_suffix('}').expect("an update is an object");
        format!("{body},\"version\":{version},\"timestamp\":{second}}}").into_bytes()
    }

    /// A connected lock whose first report was accepted, so that it knows the time.
    fn connected(relock_ms: u32) -> OnlineLock {
        let mut lock = OnlineLock::new(relock_ms, 900_000);
        lock.boot();
        assert_eq!(lock.update(0, 1), None, "there is no connection");
        lock.set_connected(true);
        let update = lock.update(10, 1).expect("a report is due");
        lock.answer(0, &accept(&update, 1, SECOND), 60);
        lock
    }

    fn unlock(version: u64) -> Vec<u8> {
        let expires = SECOND + 30;
        format!(
            "{{\"v\":1,\"action\":\"unlock\",\"version\":{version},\"commandId\":\"c-{version}\",\
             \"issuedAt\":{SECOND},\"expiresAt\":{expires}}}"
        )
        .into_bytes()
    }

    #[test]
    fn the_time_comes_from_the_answer_to_its_own_report() {
        let mut lock = OnlineLock::new(0, 900_000);
        lock.boot();
        lock.set_connected(true);
        lock.update(10, 1).expect("a report is due");
        assert_eq!(lock.command(&unlock(7), 20), Outcome::Refused);
        assert!(!lock.has_time(60) && !lock.is_open());
        let lock = connected(0);
        assert!(lock.has_time(60));
    }

    #[test]
    fn an_unlock_acts_once_is_reported_and_relocks() {
        let mut lock = connected(5_000);
        let synced = lock.update(70, 1).expect("the time is known: a report");
        lock.answer(0, &accept(&synced, 2, SECOND), 90);
        let before = lock.moves();
        assert_eq!(lock.command(&unlock(7), 100), Outcome::Executed);
        assert_eq!(lock.command(&unlock(7), 101), Outcome::Repeated);
        assert_eq!((lock.moves() - before, lock.is_open()), (1, true));
        let report = lock.update(102, 1).expect("a change is reported");
        let report = String::from_utf8_lossy(&report).into_owned();
        assert!(report.contains("\"lock\":\"unlocked\""), "{report}");
        assert!(report.contains("\"commandId\":\"c-7\""), "{report}");
        assert!(!lock.tick(5_099));
        assert!(lock.tick(5_100), "auto-relock");
        assert!(!lock.is_open());
        let report = lock.update(5_100, 1).expect("a relock is reported");
        assert!(String::from_utf8_lossy(&report).contains("\"source\":\"auto\""));
    }

    #[test]
    fn a_report_that_is_not_answered_is_sent_again() {
        let mut lock = connected(0);
        lock.update(70, 1).expect("the time is known: a report");
        let due = lock.due_ms().expect("a retry is due");
        assert!((1_070..=2_070).contains(&due), "{due}");
        assert_eq!(lock.update(due - 1, 1), None);
        assert!(lock.update(due, 1).is_some());
    }

    #[test]
    fn flash_outlives_a_power_cut() {
        let mut lock = connected(0);
        assert_eq!(lock.command(&unlock(7), 100), Outcome::Executed);
        lock.boot();
        assert!(!lock.is_open() && !lock.has_time(0));
        assert_eq!(lock.command(&unlock(7), 100), Outcome::Repeated);
        assert!(!lock.is_open());
    }

    #[test]
    fn the_topics_of_the_answers_come_from_the_firmware() {
        let expected = ["/update/accepted", "/update/rejected", "/delete/accepted"];
        assert_eq!(answer_suffixes(), expected);
    }
}
