//! The boundary to the firmware's `reporter.c`: when a device reports, and what answers mean.
#![allow(unsafe_code, reason = "this module is the boundary to C")]

/// `struct moment` of moment.h.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
struct Moment {
    uptime_ms: u64,
    earliest_ms: u64,
    latest_ms: u64,
}

/// `struct shadow_answer` of shadow.h.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct ShadowAnswer {
    topic: u32,
    is_readable: bool,
    changes_reported: bool,
    boot_count: u64,
    number: u64,
    version: u64,
    code: u64,
    second: u64,
}

/// Room for `struct reporter`, of at most 120 bytes by an assertion in reporter.c.
type Room = [u64; 15];

unsafe extern "C" {
    fn reporter_start(reporter: *mut Room, boot_count: u32, interval_ms: u32);
    fn reporter_request(reporter: *mut Room);
    fn reporter_mention(reporter: *mut Room);
    fn reporter_note_door(reporter: *mut Room);
    fn reporter_set_connected(reporter: *mut Room, connected: bool);
    fn reporter_is_due(reporter: *const Room, now: *const Moment) -> bool;
    fn reporter_begin_update(reporter: *mut Room, now: *const Moment, random: u32) -> u32;
    fn reporter_take_answer(
        reporter: *mut Room,
        answer: *const ShadowAnswer,
        now: *const Moment,
    ) -> u32;
    fn reporter_is_answered(reporter: *const Room) -> bool;
}

/// What the shadow tells a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// It accepted an update of `reported` with the token of this boot and number; 0 and 0 if the
    /// update had no such token.
    Accepted {
        /// Boots in the token.
        boots: u64,
        /// Number in the token.
        number: u64,
        /// The shadow's new version.
        version: u64,
        /// The server's time in seconds.
        second: u64,
    },
    /// Somebody deleted it.
    Deleted {
        /// The version of the deletion.
        version: u64,
    },
}

/// The reports of one device since power-on. Times are uptimes in ms.
#[derive(Debug)]
pub struct Reporter {
    room: Room,
    boots: u64,
    number: u64,
    sent_ms: u64,
}

// SAFETY, for every call below: the room is as large and aligned as the C structure, which has no
// pointers; every argument outlives its call, and C keeps none of them.
impl Reporter {
    /// The reporter at power-on, with the boot's report due.
    pub fn start(boots: u64, interval_ms: u32) -> Self {
        let mut room = Room::default();
        unsafe { reporter_start(&raw mut room, boots as u32, interval_ms) };
        Self {
            room,
            boots,
            number: 0,
            sent_ms: 0,
        }
    }

    /// Something changed: report at once.
    pub fn request(&mut self) {
        unsafe { reporter_request(&raw mut self.room) }
    }

    /// Something was refused or repeated: report soon.
    pub fn mention(&mut self) {
        unsafe { reporter_mention(&raw mut self.room) }
    }

    /// The door moved.
    pub fn note_door(&mut self) {
        unsafe { reporter_note_door(&raw mut self.room) }
    }

    /// The connection opened or closed.
    pub fn set_connected(&mut self, connected: bool) {
        unsafe { reporter_set_connected(&raw mut self.room, connected) }
    }

    /// The number of the last report.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Whether to report now.
    pub fn is_due(&self, uptime_ms: u64) -> bool {
        unsafe { reporter_is_due(&raw const self.room, &moment(uptime_ms)) }
    }

    /// Sends a report and returns its number.
    pub fn begin_update(&mut self, uptime_ms: u64, random: u32) -> u64 {
        self.sent_ms = uptime_ms;
        let room = &raw mut self.room;
        let number = unsafe { reporter_begin_update(room, &moment(uptime_ms), random) };
        self.number = u64::from(number);
        self.number
    }

    /// Takes an answer. Returns the uptime of sending if the answer is a sample of the time.
    pub fn take_answer(&mut self, answer: Answer, uptime_ms: u64) -> Option<u64> {
        let is_sample = matches!(answer, Answer::Accepted { boots, number, .. }
            if boots == self.boots && number != 0 && number == self.number);
        let answer = into_c(answer);
        let room = &raw mut self.room;
        unsafe { reporter_take_answer(room, &raw const answer, &moment(uptime_ms)) };
        is_sample.then_some(self.sent_ms)
    }

    /// Whether every report on this connection was answered.
    pub fn is_answered(&self) -> bool {
        unsafe { reporter_is_answered(&raw const self.room) }
    }
}

fn moment(uptime_ms: u64) -> Moment {
    Moment {
        uptime_ms,
        ..Moment::default()
    }
}

fn into_c(answer: Answer) -> ShadowAnswer {
    let deleted = ShadowAnswer {
        topic: 2,
        is_readable: true,
        changes_reported: false,
        boot_count: 0,
        number: 0,
        version: 0,
        code: 0,
        second: 0,
    };
    match answer {
        Answer::Accepted {
            boots,
            number,
            version,
            second,
        } => ShadowAnswer {
            topic: 0,
            changes_reported: true,
            boot_count: boots,
            number,
            version,
            second,
            ..deleted
        },
        Answer::Deleted { version } => ShadowAnswer { version, ..deleted },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_sent_again_until_its_own_answer_arrives() {
        let mut reporter = Reporter::start(7, 900_000);
        reporter.set_connected(true);
        assert!(reporter.is_due(10));
        assert_eq!(reporter.begin_update(10, 0), 1);
        assert!(!reporter.is_due(11) && reporter.is_due(2_011));
        assert_eq!(reporter.begin_update(2_011, 0), 2);
        let answer = |number| Answer::Accepted {
            boots: 7,
            number,
            version: number,
            second: 1,
        };
        assert_eq!(reporter.take_answer(answer(1), 2_500), None);
        assert!(!reporter.is_answered());
        assert_eq!(reporter.take_answer(answer(2), 2_600), Some(2_011));
        assert!(reporter.is_answered() && !reporter.is_due(900_000));
        assert!(reporter.is_due(902_600));
    }
}
