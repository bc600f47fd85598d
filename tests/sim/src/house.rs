//! The things of a run: its locks and buttons, and how they are set up.

use firmware_core::core_ffi::Settings;

use crate::random::Random;
use crate::world::settings;

/// How one lock is set up.
#[derive(Debug, Clone)]
pub struct LockSetup {
    /// Its settings.
    pub settings: Settings,
    /// Error of its quartz.
    pub drift_ppm: i64,
    /// Whether it has a door sensor, and what that sees at first.
    pub door: Option<bool>,
}

/// How one button is made.
#[derive(Debug, Clone, Copy)]
pub struct ButtonSetup {
    /// It counts its presses.
    pub counted: bool,
    /// It knows the time.
    pub timed: bool,
    /// How long it waits for its answer, if it states that.
    pub good_for: Option<u64>,
}

/// The things of a run.
#[derive(Debug, Clone)]
pub struct House {
    /// Its locks.
    pub locks: Vec<LockSetup>,
    /// Its buttons.
    pub buttons: Vec<ButtonSetup>,
}

impl House {
    /// A house as chance has it.
    pub fn new(random: &mut Random) -> Self {
        let locks = random.between(1, 3);
        let buttons = random.between(1, 3);
        let new_lock = |random: &mut Random| {
            let relock = random.pick(&[0, 0, 5_000, 10_000, 30_000]);
            let pulse = random.pick(&[0, 0, 0, 3_000]);
            let fail_safe = random.hits(150) && (relock > 0 || pulse > 0);
            LockSetup {
                settings: settings(relock, pulse, fail_safe),
                drift_ppm: random.between(0, 180) as i64 - 90,
                door: random.pick(&[None, Some(false)]),
            }
        };
        let new_button = |random: &mut Random| {
            let counted = random.hits(700);
            let timed = random.hits(600);
            ButtonSetup {
                counted,
                timed,
                good_for: (timed && random.hits(700)).then_some(3_000),
            }
        };
        Self {
            locks: (0..locks).map(|_| new_lock(random)).collect(),
            buttons: (0..buttons).map(|_| new_button(random)).collect(),
        }
    }
}
