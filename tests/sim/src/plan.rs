//! What a run will meet: its house, and what people, attackers and accidents do at which time.
//!
//! A plan is a list, so that a run can leave lines out: that is how a failing run is shrunk.

use std::fmt;

use firmware_core::core_ffi::Settings;
use lock_core::action::{ClickType, Intent};

use crate::event::{Ask, Operation};
use crate::random::{Random, mix};
use crate::world::{MINUTE, START, Trouble, settings};

/// A day, in ms.
pub const DAY: u64 = 24 * 60 * MINUTE;
/// Time in which nothing is planned at the beginning of a run, in ms.
const QUIET_START: u64 = 3 * MINUTE;
/// Episodes on a day.
const EPISODES: u64 = 8;

/// One line of a plan.
#[derive(Debug, Clone)]
pub struct Act {
    /// When it happens.
    pub at: u64,
    /// What happens.
    pub kind: Kind,
}

/// What happens to the world from outside. Times are in ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Somebody presses a button.
    Press(usize, ClickType),
    /// An operator's app asks.
    Request(Ask),
    /// Faults strike for a time.
    Trouble(Trouble, u64),
    /// An attacker holds what goes to (0) or comes from (1) a lock.
    Hold(usize, usize, u64),
    /// A lock's line is dead, and its watchdog notices after a time.
    HalfOpen(usize, u64),
    /// A lock's line is cut for a time.
    Offline(usize, u64),
    /// A lock loses power for a time.
    PowerCut(usize, u64),
    /// A lock loses power at one of three moments of its next save.
    CutSave(usize, usize),
    /// A lock loses power and its journal.
    Erase(usize),
    /// A lock's flash refuses writes until it works again.
    FlashBroken(usize, bool),
    /// A hand presses the exit button.
    Exit(usize),
    /// The door moves; `true` opens it.
    Door(usize, bool),
    /// The bolt jams for a time.
    Jam(usize, u64),
    /// The cloud's clock is set this far ahead of the true time.
    Skew(i64),
    /// Somebody saves the shadow with the latch changed.
    Edit(usize),
    /// Somebody deletes the shadow.
    DeleteShadow(usize),
    /// Another program sends a lock command with a version this far ahead.
    Forge(usize, u64),
    /// An operator acts.
    Operate(Operation),
    /// A second stack commands the same locks for a time.
    SecondStack(u64),
    /// The press function's processes end.
    NewProcesses,
}

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

/// A house, and what happens there.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The house.
    pub house: House,
    /// What happens, in order of time.
    pub acts: Vec<Act>,
    /// When the last planned thing is over and faults stop.
    pub ends: u64,
}

impl Plan {
    /// The plan of a seed for a number of days.
    pub fn new(seed: u64, days: u64) -> Self {
        let mut random = Random::new(mix(seed) ^ 0x51a7);
        let house = new_house(&mut random);
        let mut acts = Vec::new();
        let episodes = days * EPISODES;
        for episode in 0..episodes {
            let span = (days * DAY - QUIET_START) / episodes;
            let from = START + QUIET_START + episode * span + random.below(span / 4);
            add_episode(&mut random, &house, from, span / 2, &mut acts);
        }
        add_last_words(&mut random, &house, START + days * DAY, &mut acts);
        acts.sort_by_key(|act| act.at);
        Self {
            house,
            acts,
            ends: START + days * DAY,
        }
    }

    /// The same plan with only these lines.
    pub fn keep(mut self, kept: &[usize]) -> Self {
        let acts = std::mem::take(&mut self.acts);
        let acts = acts.into_iter().enumerate();
        self.acts = acts
            .filter(|(n, _)| kept.contains(n))
            .map(|(_, act)| act)
            .collect();
        self
    }
}

fn new_house(random: &mut Random) -> House {
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
    House {
        locks: (0..locks).map(|_| new_lock(random)).collect(),
        buttons: (0..buttons).map(|_| new_button(random)).collect(),
    }
}

/// Adds an hour or so in which much happens.
fn add_episode(random: &mut Random, house: &House, from: u64, most: u64, acts: &mut Vec<Act>) {
    let length = random.pick(&[2 * MINUTE, 6 * MINUTE, 20 * MINUTE, 80 * MINUTE]);
    let length = length.min(most);
    let locks = house.locks.len() as u64;
    // Most of an episode concerns one lock and one button, so that things meet.
    let lock = random.below(locks) as usize;
    let button = random.below(house.buttons.len() as u64) as usize;
    for trouble in [Trouble::Line(lock), Trouble::Presses, Trouble::Functions] {
        if random.hits(500) {
            let at = from + random.below(length / 2);
            let lasts = random.between(length / 8, length);
            let kind = Kind::Trouble(trouble, lasts);
            acts.push(Act { at, kind });
        }
    }
    if random.hits(250) {
        add_rebinding(random, from, (lock, button), acts);
    }
    if random.hits(150) {
        add_held_time(random, from, (lock, button), acts);
    }
    let count = random.between(6, 30);
    let mut at = from;
    for _ in 0..count {
        let gap = random.pick(&[800, 3_000, 10_000, 30_000, 120_000]);
        at = (at + random.below(gap)).min(from + length);
        let lock = if random.hits(150) {
            random.below(locks) as usize
        } else {
            lock
        };
        let button = if random.hits(150) {
            random.below(house.buttons.len() as u64) as usize
        } else {
            button
        };
        let kind = new_kind(random, locks, lock, button);
        acts.push(Act { at, kind });
    }
}

/// Adds a press whose button is bound again while the press may still be delivered again.
fn add_rebinding(
    random: &mut Random,
    from: u64,
    (lock, button): (usize, usize),
    acts: &mut Vec<Act>,
) {
    let bind = Kind::Operate(Operation::Bind(button, lock));
    let mut at = from;
    for (wait, kind) in [
        (0, Kind::Trouble(Trouble::Presses, 15 * MINUTE)),
        (0, bind),
        (5_000, Kind::Press(button, ClickType::Long)),
        (random.between(1_000, 90_000), bind),
    ] {
        at += wait;
        acts.push(Act { at, kind });
    }
}

/// Adds an attacker who holds a lock's first answer, and with it its time and a command.
fn add_held_time(
    random: &mut Random,
    from: u64,
    (lock, button): (usize, usize),
    acts: &mut Vec<Act>,
) {
    let mut at = from;
    for (wait, kind) in [
        (0, Kind::PowerCut(lock, 1_000)),
        (1_500, Kind::Hold(lock, 0, random.between(30_000, 60_000))),
        (1_500, Kind::Press(button, ClickType::Long)),
    ] {
        at += wait;
        acts.push(Act { at, kind });
    }
}

/// Adds the end: a door is opened, and then its button loses the lock.
fn add_last_words(random: &mut Random, house: &House, end: u64, acts: &mut Vec<Act>) {
    let locks = house.locks.len() as u64;
    let button = random.below(house.buttons.len() as u64) as usize;
    let lock = random.below(locks) as usize;
    let other = random.below(locks) as usize;
    let loss = match random.below(4) {
        0 => Kind::Operate(Operation::Revoke(button)),
        1 => Kind::Operate(Operation::Bind(button, other)),
        2 => Kind::Operate(Operation::Unbind(button)),
        _ => Kind::PowerCut(lock, 5_000),
    };
    let pause = random.pick(&[500, 20_000, 400_000]);
    let mut at = end - 30 * MINUTE;
    for (wait, kind) in [
        (0, Kind::Operate(Operation::Bind(button, lock))),
        (5_000, Kind::Press(button, ClickType::Long)),
        (random.below(pause), loss),
    ] {
        at += wait;
        acts.push(Act { at, kind });
    }
}

fn new_kind(random: &mut Random, locks: u64, lock: usize, button: usize) -> Kind {
    let clicks = [
        ClickType::Single,
        ClickType::Single,
        ClickType::Long,
        ClickType::Double,
    ];
    match random.below(100) {
        0..=31 => Kind::Press(button, random.pick(&clicks)),
        32..=37 => {
            let intent = random.pick(&[Intent::Unlock, Intent::Lock, Intent::Toggle]);
            Kind::Request(Ask { lock, intent })
        }
        38..=43 => {
            let lasts = random.pick(&[3_000, 12_000, 40_000, 200_000]);
            Kind::Hold(lock, random.below(2) as usize, random.between(500, lasts))
        }
        44..=46 => Kind::HalfOpen(lock, random.between(5_000, 120_000)),
        47..=50 => {
            let lasts = random.pick(&[2_000, 20_000, 600_000, 3_000_000]);
            Kind::Offline(lock, random.between(500, lasts))
        }
        51..=54 => Kind::PowerCut(lock, random.between(500, 40_000)),
        55..=58 => Kind::CutSave(lock, random.below(3) as usize),
        59..=60 => Kind::Erase(lock),
        61..=62 => Kind::FlashBroken(lock, random.hits(400)),
        63..=66 => Kind::Exit(lock),
        67..=70 => Kind::Door(lock, random.hits(500)),
        71..=72 => Kind::Jam(lock, random.between(1_000, 900_000)),
        73..=75 => Kind::Skew(random.pick(&[0, 0, 1_500, -3_000, -10_000])),
        76..=78 => Kind::Edit(lock),
        79..=80 => Kind::DeleteShadow(lock),
        81 => Kind::Forge(lock, random.pick(&[1, 5_000, 3_600_000, 200_000_000])),
        82..=84 => Kind::NewProcesses,
        85 => Kind::SecondStack(random.between(30_000, 1_800_000)),
        86..=87 => Kind::Trouble(Trouble::Line(lock), random.between(10_000, 300_000)),
        _ => Kind::Operate(match random.below(10) {
            0..=2 => Operation::Revoke(button),
            3..=5 => Operation::Bind(button, random.below(locks) as usize),
            6 => Operation::Unbind(button),
            7 => Operation::Register(random.below(locks) as usize),
            8 => Operation::Forget(random.below(locks) as usize, random.hits(300)),
            _ => Operation::Recover(lock),
        }),
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = |ms: &u64| ms / 1_000;
        match self {
            Self::Press(button, click) => write!(f, "button-{} is pressed: {click:?}", button + 1),
            Self::Request(ask) => {
                write!(f, "an app asks lock-{}: {:?}", ask.lock + 1, ask.intent)
            }
            Self::Trouble(trouble, ms) => write!(f, "trouble for {} s: {trouble:?}", s(ms)),
            Self::Hold(lock, 0, ms) => {
                write!(f, "what goes to lock-{} is held for {} s", lock + 1, s(ms))
            }
            Self::Hold(lock, _, ms) => {
                write!(
                    f,
                    "what comes from lock-{} is held for {} s",
                    lock + 1,
                    s(ms)
                )
            }
            Self::HalfOpen(lock, ms) => write!(f, "lock-{}: dead line, {} s", lock + 1, s(ms)),
            Self::Offline(lock, ms) => write!(f, "lock-{}: offline, {} s", lock + 1, s(ms)),
            Self::PowerCut(lock, ms) => write!(f, "lock-{}: no power, {} s", lock + 1, s(ms)),
            Self::CutSave(lock, when) => {
                write!(f, "lock-{}: the next save is cut ({when})", lock + 1)
            }
            Self::Erase(lock) => write!(f, "lock-{}: loses power and its journal", lock + 1),
            Self::FlashBroken(lock, broken) => {
                let word = if *broken { "refuses writes" } else { "works" };
                write!(f, "lock-{}: its flash {word}", lock + 1)
            }
            Self::Exit(lock) => write!(f, "lock-{}: the exit button is pressed", lock + 1),
            Self::Door(lock, open) => {
                let word = if *open { "opens" } else { "closes" };
                write!(f, "lock-{}: the door {word}", lock + 1)
            }
            Self::Jam(lock, ms) => write!(f, "lock-{}: jammed, {} s", lock + 1, s(ms)),
            Self::Skew(ms) => write!(f, "the cloud's clock is {ms} ms ahead"),
            Self::Edit(lock) => write!(f, "somebody edits the shadow of lock-{}", lock + 1),
            Self::DeleteShadow(lock) => {
                write!(f, "somebody deletes the shadow of lock-{}", lock + 1)
            }
            Self::Forge(lock, ms) => {
                write!(
                    f,
                    "a program locks lock-{} with a version {ms} ms ahead",
                    lock + 1
                )
            }
            Self::Operate(operation) => write!(f, "an operator does: {operation:?}"),
            Self::SecondStack(ms) => write!(f, "a second stack works for {} s", s(ms)),
            Self::NewProcesses => write!(f, "the press function's processes end"),
        }
    }
}
