//! What happens in an hour or so: much, and most of it to one lock and one button, so that things
//! meet.

use lock_core::action::{ClickType, Intent};

use crate::event::{Ask, Operation};
use crate::house::House;
use crate::plan::{Act, Kind};
use crate::random::Random;
use crate::world::{MINUTE, Trouble};

/// Adds an hour or so in which much happens.
pub fn add_episode(random: &mut Random, house: &House, from: u64, most: u64, acts: &mut Vec<Act>) {
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
    if random.hits(120) {
        add_restoration(random, house, from, (lock, button), acts);
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

/// Adds what happens in a row, each after a wait.
fn add_sequence(acts: &mut Vec<Act>, from: u64, sequence: &[(u64, Kind)]) {
    let mut at = from;
    for (wait, kind) in sequence.iter().copied() {
        at += wait;
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
    let sequence = [
        (0, Kind::Trouble(Trouble::Presses, 15 * MINUTE)),
        (0, bind),
        (5_000, Kind::Press(button, ClickType::Long)),
        (random.between(1_000, 90_000), bind),
    ];
    add_sequence(acts, from, &sequence);
}

/// Adds an attacker who holds a lock's first answer, and with it its time and a command.
fn add_held_time(
    random: &mut Random,
    from: u64,
    (lock, button): (usize, usize),
    acts: &mut Vec<Act>,
) {
    let sequence = [
        (0, Kind::PowerCut(lock, 1_000)),
        (1_500, Kind::Hold(lock, 0, random.between(30_000, 60_000))),
        (1_500, Kind::Press(button, ClickType::Long)),
    ];
    add_sequence(acts, from, &sequence);
}

/// Adds a backup of the table, and its restoration, around presses and bindings of one button.
fn add_restoration(
    random: &mut Random,
    house: &House,
    from: u64,
    (lock, button): (usize, usize),
    acts: &mut Vec<Act>,
) {
    let other = random.below(house.locks.len() as u64) as usize;
    let press = Kind::Press(button, ClickType::Long);
    let locks = Kind::Press(button, ClickType::Double);
    let mut at = from;
    for (wait, kind) in [
        (0, Kind::Trouble(Trouble::Functions, 3 * MINUTE)),
        (random.below(60_000), Kind::Backup),
        (
            random.below(10_000),
            Kind::Operate(Operation::Bind(button, lock)),
        ),
        (random.between(3_000, 6_000), press),
        (random.between(3_000, 6_000), locks),
        (random.below(30_000), Kind::Restore),
        (
            random.between(300_000, 600_000),
            Kind::Operate(Operation::Bind(button, other)),
        ),
        (random.between(3_000, 6_000), press),
    ] {
        at += wait;
        if random.hits(900) {
            acts.push(Act { at, kind });
        }
    }
}

/// Adds the end: a door is opened, and then its button loses the lock.
pub fn add_last_words(random: &mut Random, house: &House, end: u64, acts: &mut Vec<Act>) {
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
    let sequence = [
        (0, Kind::Operate(Operation::Bind(button, lock))),
        (5_000, Kind::Press(button, ClickType::Long)),
        (random.below(pause), loss),
    ];
    add_sequence(acts, end - 30 * MINUTE, &sequence);
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
